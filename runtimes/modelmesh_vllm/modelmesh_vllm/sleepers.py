# SPDX-License-Identifier: MPL-2.0
"""Engines that sleep: out of GPU memory, within a budget of main memory, and soon awake again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, replace

from . import metrics
from .engine import Engine
from .settings import RuntimeSettings


@dataclass(frozen=True)
class Sleeper:
    """An engine that sleeps."""

    engine: Engine
    level: int
    host_bytes: int
    """Main memory that it holds."""

    since: float
    ready: bool
    """Whether it sleeps already."""


class Sleepers:
    """All sleepers, by what their engines were started with."""

    def __init__(self, settings: RuntimeSettings, end: Callable[[Engine], Awaitable[None]]) -> None:
        self._settings = settings
        self._end = end
        self._sleepers: dict[Hashable, Sleeper] = {}
        self._watch: asyncio.Task[None] | None = None

    @property
    def host_bytes(self) -> int:
        """Main memory that all of them hold."""
        return sum(one.host_bytes for one in self._sleepers.values())

    def reserve(self, key: Hashable, engine: Engine, weights: int) -> int:
        """Set main memory aside for an engine that is about to sleep.

        Returns:
            How deep: 1 while its weights fit into the budget too, then 2, then 0, and it has to end.
        """
        if key in self._sleepers or len(self._sleepers) >= self._settings.most_sleepers:
            return 0
        free = self._settings.host_bytes - self.host_bytes - self._settings.engine_host_bytes
        level = 1 if free >= weights else 2 if free >= 0 else 0
        if level:
            held = self._settings.engine_host_bytes + (weights if level == 1 else 0)
            self._sleepers[key] = Sleeper(engine, level, held, time.monotonic(), ready=False)
            self._say()
        return level

    def asleep(self, key: Hashable) -> None:
        """It sleeps, and may be woken."""
        self._sleepers[key] = replace(self._sleepers[key], ready=True, since=time.monotonic())
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look())

    def drop(self, key: Hashable) -> None:
        """It didn't fall asleep."""
        self._sleepers.pop(key, None)
        self._say()

    def take(self, key: Hashable) -> Sleeper | None:
        """A sleeper that is to be woken; one that died in its sleep is none."""
        sleeper = self._sleepers.get(key)
        if sleeper is None or not sleeper.ready:
            return None
        self.drop(key)
        return sleeper if sleeper.engine.alive else None

    async def _look(self) -> None:
        """Forget those that died in their sleep, and end those that nobody called for."""
        while self._sleepers:
            await asyncio.sleep(min(self._settings.health_seconds, self._settings.sleeper_seconds))
            late = time.monotonic() - self._settings.sleeper_seconds
            for key, one in list(self._sleepers.items()):
                if one.ready and (one.since < late or not one.engine.alive) and self._sleepers.get(key) is one:
                    del self._sleepers[key]
                    self._say()
                    await self._end(one.engine)

    async def end_all(self) -> None:
        """End all sleepers."""
        while self._sleepers:
            _, sleeper = self._sleepers.popitem()
            await self._end(sleeper.engine)
        self._say()

    async def close(self) -> None:
        """End all, and look no more."""
        await self.end_all()
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch

    def _say(self) -> None:
        metrics.HOST.set(self.host_bytes)
        for level in (1, 2):
            metrics.SLEEPERS.labels(str(level)).set(sum(one.level == level for one in self._sleepers.values()))
