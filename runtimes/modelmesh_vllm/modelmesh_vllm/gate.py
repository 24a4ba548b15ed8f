# SPDX-License-Identifier: MPL-2.0
"""Requests on their way to one model: how many at once, how many wait, and how they end when the model goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .settings import Limits


class NotLoaded(Exception):
    """The model is not here (any more): ModelMesh loads it when it is told so."""


class Crowded(Exception):
    """More requests wait than may."""


class BrokenOff(Exception):
    """The answer took longer than it may, its caller went away, or the model had to make room."""


class Gate:
    """The way to one loaded model."""

    def __init__(self, concurrency: int, limits: Limits) -> None:
        self._places = asyncio.Semaphore(concurrency)
        self._limits = limits
        self._open = True
        self._scopes: set[asyncio.Timeout] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.waiting = 0

    @property
    def inside(self) -> int:
        """Requests that are being answered."""
        return len(self._scopes)

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[asyncio.Timeout]:
        """Wait for a turn, and be inside; the scope that is given ends the request early when it is rescheduled.

        Raises:
            NotLoaded: the model goes or is gone.
            Crowded: too many wait, or the wait took too long.
            BrokenOff: the answer was cut short.
        """
        await self._turn()
        scope: asyncio.Timeout | None = None
        try:
            async with asyncio.timeout(self._limits.request_seconds) as scope:
                self._scopes.add(scope)
                self._empty.clear()
                yield scope
        except TimeoutError:
            if scope is not None and scope.expired():
                raise BrokenOff("the answer was cut short") from None
            raise
        finally:
            if scope is not None:
                self._scopes.discard(scope)
            self._places.release()
            if not self._scopes:
                self._empty.set()

    async def _turn(self) -> None:
        if not self._open:
            raise NotLoaded
        if not self._places.locked():
            await self._places.acquire()
            return
        if self.waiting >= self._limits.queue:
            raise Crowded
        self.waiting += 1
        try:
            await asyncio.wait_for(self._places.acquire(), self._limits.queue_seconds)
        except TimeoutError:
            raise Crowded from None
        finally:
            self.waiting -= 1
        if not self._open:
            self._places.release()
            raise NotLoaded

    async def close(self, seconds: float) -> int:
        """Let nobody in any more and wait until all are out; who is inside after `seconds` is broken off.

        Returns:
            How many were.
        """
        self._open = False
        try:
            await asyncio.wait_for(self._empty.wait(), seconds)
        except TimeoutError:
            pass
        else:
            return 0
        broken = len(self._scopes)
        self.break_off()
        await self._empty.wait()
        return broken

    def break_off(self) -> None:
        """End everything that is inside."""
        self._open = False
        now = asyncio.get_running_loop().time()
        for scope in self._scopes:
            if not scope.expired():
                scope.reschedule(now)
