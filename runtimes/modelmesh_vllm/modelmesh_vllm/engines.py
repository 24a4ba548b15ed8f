# SPDX-License-Identifier: MPL-2.0
"""Engines of residents: woken or started, measured, rested or ended. Who may be there is decided in `residents.py`."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from .engine import Engine, EngineFailed
from .gauge import Gauge
from .model import Model
from .resident import Resident, TooLarge
from .settings import RuntimeSettings, Strategy
from .sleepers import Sleepers
from .watch import Watch

LOG = logging.getLogger(__name__)


class Engines:
    """All engines of this runtime, awake or asleep.

    One is brought at a time, as ModelMesh is told: only so the memory that it took can be measured on a device.
    """

    def __init__(
        self, settings: RuntimeSettings, gauge: Gauge, died: Callable[[Engine, bool], Awaitable[None]]
    ) -> None:
        self._settings = settings
        self._gauge = gauge
        self._bases: dict[str, Engine] = {}
        self._sizes: dict[tuple[object, ...], int] = {}
        self._loading = asyncio.Semaphore(1)
        self._changes = 0
        self._closing = False
        self._watch = Watch(settings, died)
        self._sleepers = Sleepers(settings, self.end)

    def size(self, model: Model) -> int:
        """GPU bytes of a model: measured, if it ever was loaded here, else what it says itself."""
        return self._sizes.get(model.fingerprint, model.expected_bytes)

    async def bring(self, resident: Resident, room: Callable[[], int]) -> str:
        """Wake or start what a resident needs, and measure it.

        Args:
            resident: its engine is set as soon as there is one, so that it can be taken away.
            room: GPU bytes that the others leave.

        Returns:
            How: `wake1`, `wake2`, `cold` or `adapter`.

        Raises:
            EngineFailed: it doesn't answer.
            TooLarge: it is more than there is room for.
        """
        async with self._loading:
            if resident.model.strategy is Strategy.LORA:
                return await self._bring_adapter(resident)
            return await self._wake(resident) or await self._start(resident, room)

    async def _wake(self, resident: Resident) -> str:
        """Wake its engine, if that sleeps; empty where none does, or none wakes."""
        model = resident.model
        sleeper = self._sleepers.take(model.fingerprint)
        if sleeper is None:
            return ""
        resident.engine = sleeper.engine
        try:
            async with asyncio.timeout(self._settings.wake_seconds):
                await sleeper.engine.wake(sleeper.level)
        except (EngineFailed, TimeoutError) as error:
            LOG.warning("wake failed", extra={"model": model.id, "why": str(error)[:500]})
            await self.end(sleeper.engine)
            resident.engine = None
            return ""
        self._changes += 1
        self._watch.over(sleeper.engine)
        return f"wake{sleeper.level}"

    async def _start(self, resident: Resident, room: Callable[[], int]) -> str:
        model = resident.model
        before, changes = self._gauge.used(()), self._changes
        engine = Engine(model.name, model.path, model.kv_bytes, model.arguments, self._settings)
        resident.engine = engine
        await engine.start()
        self._measure(resident, engine, before, changes, room)
        self._changes += 1
        self._watch.over(engine)
        return "cold"

    def _measure(self, resident: Resident, engine: Engine, before: int, changes: int, room: Callable[[], int]) -> None:
        """Its size from now on: memory that it took, at least its KV cache.

        Raises:
            TooLarge: it is more than there is room for.
        """
        if self._gauge.shared and changes != self._changes:
            return  # others came or went meanwhile: the difference says nothing
        taken = self._gauge.used([engine.pid]) - (before if self._gauge.shared else 0)
        size = max(taken, resident.model.kv_bytes, 1)
        self._sizes[resident.model.fingerprint] = size
        if size > room():
            raise TooLarge(f"{resident.model.id} takes {size} bytes, not {resident.bytes}, and {room()} are free")
        resident.bytes = size

    async def _bring_adapter(self, resident: Resident) -> str:
        model = resident.model
        engine = await self._base(model.base or "")
        resident.engine = engine
        if model.adapter:
            await engine.load_adapter(model.name, model.path)
        return "adapter"

    async def _base(self, name: str) -> Engine:
        engine = self._bases.get(name)
        if engine is not None and engine.alive:
            return engine
        base = self._settings.bases[name]
        engine = self._bases[name] = Engine(name, base.path, base.kv_bytes, base.arguments, self._settings)
        try:
            await engine.start()
        except BaseException:
            self._bases.pop(name, None)
            raise
        self._changes += 1
        self._watch.over(engine)
        return engine

    async def discard(self, resident: Resident) -> None:
        """Take away what a load that failed has left."""
        engine = resident.engine
        try:
            if engine is not None and resident.model.strategy is not Strategy.LORA:
                await self.end(engine)
            elif engine is not None and engine.alive and resident.model.adapter:
                await engine.unload_adapter(resident.model.name)
        except EngineFailed as error:
            LOG.warning("an adapter stayed", extra={"model": resident.model.id, "why": str(error)[:500]})

    async def let_go(self, resident: Resident) -> str:
        """Rest or end a resident's engine, and wait until its memory is free.

        Returns:
            How: `sleep1`, `sleep2`, `stop` or `adapter`.

        Raises:
            EngineFailed: it still holds memory.
        """
        model, engine = resident.model, resident.engine
        if engine is None or not engine.alive:
            return "stop"
        if model.strategy is Strategy.LORA:
            if model.adapter:
                await engine.unload_adapter(model.name)
            return "adapter"
        self._watch.end(engine)
        before, changes = self._gauge.used([engine.pid]), self._changes
        weights = max(0, resident.bytes - model.kv_bytes)
        may_sleep = model.strategy is Strategy.SLEEP and not self._closing
        level = self._sleepers.reserve(model.fingerprint, engine, weights) if may_sleep else 0
        if level:
            try:
                await engine.sleep(level)
                await self._freed(before, resident.bytes - self._settings.sleeper_gpu_bytes, changes, engine)
            except EngineFailed as error:
                LOG.warning("sleep failed", extra={"model": model.id, "why": str(error)[:500]})
                self._sleepers.drop(model.fingerprint)
            else:
                self._changes += 1
                self._sleepers.asleep(model.fingerprint)
                return f"sleep{level}"
        await self.end(engine)
        await self._freed(before, resident.bytes, self._changes, None)
        return "stop"

    async def _freed(self, before: int, expected: int, changes: int, asleep: Engine | None) -> None:
        """Return when a device shows memory as free.

        Processes that have ended hold none, and where they are measured a sleeping one shows nothing; so this is asked
        of devices alone, and of them while nothing else changes.

        Raises:
            EngineFailed: it doesn't in time.
        """
        if not self._gauge.shared:
            return
        deadline = time.monotonic() + self._settings.free_seconds
        while changes == self._changes and not self._loading.locked():
            if self._gauge.used(()) <= before - 0.9 * max(0, expected):
                return
            if time.monotonic() > deadline:
                who = asleep.name if asleep else "an engine that ended"
                raise EngineFailed(f"{who} still holds GPU memory after {self._settings.free_seconds:.0f} s")
            await asyncio.sleep(0.05)

    async def end(self, engine: Engine) -> None:
        """End an engine; it has not died."""
        self._watch.end(engine)
        await engine.stop()
        self._changes += 1

    def forget_base(self, engine: Engine) -> None:
        """A base that died is none any more."""
        for name in [name for name, base in self._bases.items() if base is engine]:
            del self._bases[name]

    async def end_idle(self) -> None:
        """End sleepers and bases."""
        await self._sleepers.end_all()
        for name in list(self._bases):
            await self.end(self._bases.pop(name))

    def closing(self) -> None:
        """From now on, engines that make room end."""
        self._closing = True

    async def close(self) -> None:
        """Look after nothing any more."""
        await self._sleepers.close()
        await self._watch.close()
