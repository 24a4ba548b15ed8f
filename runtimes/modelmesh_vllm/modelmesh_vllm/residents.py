# SPDX-License-Identifier: MPL-2.0
"""What is in GPU memory, and the way in and out. ModelMesh decides which; here it is done, and never more than fits.

A model is absent, loading, loaded or leaving. Its engine may outlive it asleep (`sleepers.py`). One load goes on at a
time, as ModelMesh is told: only so the memory that it took can be measured on a device.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from . import metrics
from .engine import Engine, EngineFailed
from .gate import Gate, NotLoaded
from .gauge import Gauge
from .model import Model
from .patience import kept
from .settings import RuntimeSettings, Strategy
from .sleepers import Sleepers
from .watch import Watch

LOG = logging.getLogger(__name__)


class NoRoom(Exception):
    """The model doesn't fit beside what is loaded; nothing was tried."""


class TooLarge(Exception):
    """The model turned out larger than said, and doesn't fit; it is gone again, and its size known from now on."""


class State(StrEnum):
    """Of a resident."""

    LOADING = "loading"
    LOADED = "loaded"
    LEAVING = "leaving"
    STUCK = "stuck"
    """It could not be unloaded; the next unload tries again."""


@dataclass
class Resident:
    """A model that holds GPU memory, or is about to."""

    model: Model
    bytes: int
    state: State = State.LOADING
    engine: Engine | None = None
    gate: Gate | None = None
    work: "asyncio.Task[None] | None" = None
    """What loads or unloads it at the moment."""

    called_off: bool = False
    """Whether the load that goes on is to end without success."""

    waiters: int = 0
    used: float = field(default_factory=time.monotonic)


class Residents:
    """All residents of this runtime."""

    def __init__(self, settings: RuntimeSettings, gauge: Gauge) -> None:
        self._settings = settings
        self._gauge = gauge
        self._residents: dict[str, Resident] = {}
        self._bases: dict[str, Engine] = {}
        self._sizes: dict[tuple[object, ...], int] = {}
        self._loading = asyncio.Semaphore(1)
        self._changes = 0
        self._closing = False
        self._watch = Watch(settings, self._died)
        self._sleepers = Sleepers(settings, self._end)
        metrics.CAPACITY.set(settings.capacity)

    # What is there.

    @property
    def held(self) -> int:
        """GPU bytes of all residents, those that load or leave included."""
        return sum(one.bytes for one in self._residents.values())

    @property
    def states(self) -> dict[str, State]:
        """State of every resident by its id."""
        return {key: one.state for key, one in self._residents.items()}

    def size(self, model: Model) -> int:
        """GPU bytes of a model: measured, if it ever was loaded here, else what it says itself."""
        return self._sizes.get(model.fingerprint, model.expected_bytes)

    def loaded(self, model_id: str) -> Resident:
        """A resident that answers, marked as used.

        Raises:
            NotLoaded: there is none.
        """
        resident = self._residents.get(model_id)
        if resident is None or resident.state is not State.LOADED:
            raise NotLoaded(model_id)
        resident.used = time.monotonic()
        return resident

    # In.

    async def load(self, model: Model) -> int:
        """Load a model and wait until it answers. Who is cancelled takes the load with it, if nobody else waits.

        Returns:
            Its GPU bytes.

        Raises:
            NoRoom: it doesn't fit; nothing was tried.
            TooLarge: it turned out not to fit.
            EngineFailed: its engine failed; nothing of it is left.
        """
        while True:
            resident = self._residents.get(model.id)
            if resident is None:
                if leaving := self._leaving_room(model):
                    await asyncio.wait(leaving, return_when=asyncio.FIRST_COMPLETED)
                    continue
                resident = self._admit(model)
            elif resident.state is State.LOADED and resident.model.fingerprint == model.fingerprint:
                if resident.engine is not None and await resident.engine.healthy():
                    return resident.bytes
                await self._look_again(resident)
                continue
            elif resident.state is not State.LOADING:
                await self.unload(model.id)
                continue
            work = resident.work
            assert work is not None
            if resident.called_off:
                await asyncio.wait([work])
                continue
            return await self._joined(resident, work)

    @staticmethod
    async def _look_again(resident: Resident) -> None:
        """Let the watch find out what is wrong with an engine that doesn't answer."""
        if resident.engine is not None and resident.state is State.LOADED:
            await resident.engine.seen_dead()

    async def _joined(self, resident: Resident, work: "asyncio.Task[None]") -> int:
        resident.waiters += 1
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                if resident.waiters == 1:
                    self._call_off(resident)
                raise
            raise EngineFailed(f"the load of {resident.model.id} was called off") from None
        finally:
            resident.waiters -= 1
        return resident.bytes

    @staticmethod
    def _call_off(resident: Resident) -> None:
        if resident.work is not None and not resident.work.done():
            resident.called_off = True
            resident.work.cancel()

    def _leaving_room(self, model: Model) -> "list[asyncio.Task[None]]":
        """Unloads that have to end before a model fits: ModelMesh may begin a load while the room for it is made."""
        leaving = [one for one in self._residents.values() if one.state is State.LEAVING and one.work]
        room = self._settings.capacity - self.held
        return [one.work for one in leaving if one.work] if self.size(model) > room else []

    def _admit(self, model: Model) -> Resident:
        expected = self.size(model)
        if self._closing or self.held + expected > self._settings.capacity:
            metrics.LOADS.labels("none", "refused").inc()
            free = self._settings.capacity - self.held
            raise NoRoom(f"{model.id} takes {expected} bytes, and {free} of {self._settings.capacity} are free")
        resident = Resident(model, expected)
        self._residents[model.id] = resident
        self._begin(resident, self._bring(resident))
        return resident

    def _begin(self, resident: Resident, work: Coroutine[Any, Any, None]) -> None:
        task = resident.work = asyncio.create_task(work)

        def heard(done: "asyncio.Task[None]") -> None:
            # Who waited was told of a failure. Cancelled before its first step, it could not clean up after itself.
            if (done.cancelled() or done.exception()) and resident.work is done and resident.state is State.LOADING:
                self._forget(resident)

        task.add_done_callback(heard)

    async def _bring(self, resident: Resident) -> None:
        model, how, began = resident.model, "adapter", time.monotonic()
        try:
            async with self._loading:
                if model.strategy is Strategy.LORA:
                    await self._bring_adapter(resident)
                else:
                    how = await self._bring_engine(resident)
            metrics.LOADS.labels(how, "loaded").inc()
            metrics.LOAD_SECONDS.labels(how).observe(time.monotonic() - began)
        except BaseException as error:
            result = "cancelled" if isinstance(error, asyncio.CancelledError) else "failed"
            metrics.LOADS.labels(how, result).inc()
            LOG.warning("load ended", extra={"model": model.id, "result": result, "why": str(error)[:500]})
            await kept(self._discard(resident))
            raise
        resident.gate = self._gate(resident)
        resident.state = State.LOADED
        metrics.HELD.labels(model.name).set(resident.bytes)
        LOG.info("loaded", extra={"model": model.id, "how": how, "bytes": resident.bytes})

    def _gate(self, resident: Resident) -> Gate:
        gate = Gate(resident.model.concurrency, self._settings.limits)
        metrics.WAITING.labels(resident.model.name).set_function(lambda: gate.waiting)
        metrics.INSIDE.labels(resident.model.name).set_function(lambda: gate.inside)
        return gate

    async def _bring_engine(self, resident: Resident) -> str:
        model = resident.model
        sleeper = self._sleepers.take(model.fingerprint)
        if sleeper is not None:
            resident.engine = sleeper.engine
            try:
                async with asyncio.timeout(self._settings.wake_seconds):
                    await sleeper.engine.wake(sleeper.level)
            except (EngineFailed, TimeoutError) as error:
                LOG.warning("wake failed", extra={"model": model.id, "why": str(error)[:500]})
                await self._end(sleeper.engine)
                resident.engine = None
            else:
                self._changes += 1
                self._watch.over(sleeper.engine)
                return f"wake{sleeper.level}"
        before, changes = self._gauge.used(()), self._changes
        engine = Engine(model.name, model.path, model.kv_bytes, model.arguments, self._settings)
        resident.engine = engine
        await engine.start()
        self._measure(resident, engine, before, changes)
        self._changes += 1
        self._watch.over(engine)
        return "cold"

    def _measure(self, resident: Resident, engine: Engine, before: int, changes: int) -> None:
        """Its size from now on: memory that it took, at least its KV cache.

        Raises:
            TooLarge: it is more than there is room for.
        """
        if self._gauge.shared and changes != self._changes:
            return  # others came or went meanwhile: the difference says nothing
        taken = self._gauge.used([engine.pid]) - (before if self._gauge.shared else 0)
        size = max(taken, resident.model.kv_bytes, 1)
        self._sizes[resident.model.fingerprint] = size
        others = self.held - resident.bytes
        if others + size > self._settings.capacity:
            raise TooLarge(f"{resident.model.id} takes {size} bytes, not {resident.bytes}, beside {others} of others")
        resident.bytes = size

    async def _bring_adapter(self, resident: Resident) -> None:
        model = resident.model
        engine = await self._base(model.base or "")
        resident.engine = engine
        if model.adapter:
            await engine.load_adapter(model.name, model.path)

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

    async def _discard(self, resident: Resident) -> None:
        """Take away what a load that failed has left."""
        engine = resident.engine
        try:
            if engine is not None and resident.model.strategy is not Strategy.LORA:
                await self._end(engine)
            elif engine is not None and engine.alive and resident.model.adapter:
                await engine.unload_adapter(resident.model.name)
        except EngineFailed as error:
            LOG.warning("an adapter stayed", extra={"model": resident.model.id, "why": str(error)[:500]})
        finally:
            self._forget(resident)

    def _forget(self, resident: Resident) -> None:
        if self._residents.get(resident.model.id) is resident:
            del self._residents[resident.model.id]
        metrics.HELD.labels(resident.model.name).set(0)

    # Out.

    async def unload(self, model_id: str) -> None:
        """Unload a model and wait until its memory is free; one that isn't there is unloaded.

        Raises:
            EngineFailed: its memory is still held; the next call tries again.
        """
        resident = self._residents.get(model_id)
        if resident is None:
            return
        if resident.state is State.LOADING:
            assert resident.work is not None
            self._call_off(resident)
            await asyncio.wait([resident.work])
            if self._residents.get(model_id) is resident:  # it was loaded in that very moment
                await self.unload(model_id)
            return
        if resident.state is not State.LEAVING:
            resident.state = State.LEAVING
            self._begin(resident, self._rest(resident))
        assert resident.work is not None
        await asyncio.shield(resident.work)

    async def _rest(self, resident: Resident) -> None:
        began = time.monotonic()
        try:
            if resident.gate is not None and (broken := await resident.gate.close(self._settings.drain_seconds)):
                metrics.BROKEN_OFF.inc(broken)
            how = await self._let_go(resident)
        except BaseException:
            resident.state = State.STUCK
            LOG.exception("unload failed", extra={"model": resident.model.id})
            raise
        self._forget(resident)
        metrics.UNLOADS.labels(how).inc()
        metrics.UNLOAD_SECONDS.labels(how).observe(time.monotonic() - began)
        LOG.info("unloaded", extra={"model": resident.model.id, "how": how})

    async def _let_go(self, resident: Resident) -> str:
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
        await self._end(engine)
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

    async def _end(self, engine: Engine) -> None:
        self._watch.end(engine)
        await engine.stop()
        self._changes += 1

    # Deaths.

    async def _died(self, engine: Engine, again: bool) -> None:
        """An engine ended or hangs: start it anew for those that were loaded on it, unless it dies all the time."""
        metrics.DEATHS.labels(engine.name).inc()
        LOG.error("engine died", extra={"model": engine.name, "again": again})
        for name in [name for name, base in self._bases.items() if base is engine]:
            del self._bases[name]
        ending = asyncio.create_task(self._end(engine))
        for one in list(self._residents.values()):
            if one.engine is engine and one.state is State.LOADED:
                one.state, one.engine, one.called_off = State.LOADING, None, False
                if one.gate is not None:
                    one.gate.break_off()
                self._begin(one, self._revive(one, ending, again))
        await ending

    async def _revive(self, resident: Resident, ending: "asyncio.Task[None]", again: bool) -> None:
        await asyncio.shield(ending)
        if not again:
            raise EngineFailed(f"the engine of {resident.model.id} dies again and again")
        await self._bring(resident)

    # The end.

    async def purge(self) -> None:
        """Unload all, and end all engines, asleep or not: ModelMesh started anew and believes that nothing is here."""
        waiting = [asyncio.ensure_future(self.unload(key)) for key in list(self._residents)]
        outcome = await asyncio.gather(*waiting, return_exceptions=True)
        await self._sleepers.end_all()
        for name in list(self._bases):
            await self._end(self._bases.pop(name))
        if failed := [one for one in outcome if isinstance(one, BaseException)]:
            raise failed[0]

    async def close(self) -> None:
        """Drain and end everything; nothing is loaded any more."""
        self._closing = True
        try:
            await self.purge()
        finally:
            await self._sleepers.close()
            await self._watch.close()
