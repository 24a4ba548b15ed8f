# SPDX-License-Identifier: MPL-2.0
"""Looks after engines that are awake: one that ends by itself, or answers nothing for a while, has died."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from .engine import Engine
from .settings import RuntimeSettings

MOST_DEATHS, WITHIN_SECONDS = 3, 600
"""Deaths of one engine that are made good; one that dies more often stays away until ModelMesh asks for it."""


class Watch:
    """A watch over engines."""

    def __init__(self, settings: RuntimeSettings, died: Callable[[Engine, bool], Awaitable[None]]) -> None:
        self._settings = settings
        self._died = died
        self._watched: dict[Engine, asyncio.Task[None]] = {}
        self._deaths: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MOST_DEATHS))

    def over(self, engine: Engine) -> None:
        """Watch an engine."""
        self._watched[engine] = asyncio.create_task(self._look(engine))

    def end(self, engine: Engine) -> None:
        """Watch it no more: it will end because it is asked to."""
        if (task := self._watched.pop(engine, None)) is not None:
            task.cancel()

    async def _look(self, engine: Engine) -> None:
        failures = 0
        while failures < self._settings.health_failures:
            with suppress(TimeoutError):
                await asyncio.wait_for(engine.gone(), self._settings.health_seconds)
                break
            failures = 0 if await engine.healthy() else failures + 1
        if self._watched.pop(engine, None) is None:
            return
        deaths = self._deaths[engine.name]
        now = time.monotonic()
        again = len(deaths) < MOST_DEATHS or now - deaths[0] > WITHIN_SECONDS
        deaths.append(now)
        await self._died(engine, again)

    async def close(self) -> None:
        """Watch nothing any more."""
        for engine in list(self._watched):
            self.end(engine)
