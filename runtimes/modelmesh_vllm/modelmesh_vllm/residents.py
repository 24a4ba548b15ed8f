# SPDX-License-Identifier: MPL-2.0
"""What is in GPU memory, and the way in and out. ModelMesh decides which; here it is done, and never more than fits.

A model is absent, loading, loaded or leaving. Its engine may outlive it asleep (`engines.py`, `sleepers.py`).
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any

from . import metrics
from .engine import Engine, EngineFailed
from .engines import Engines
from .gate import Gate, NotLoaded
from .gauge import Gauge
from .model import Model
from .patience import kept
from .resident import NoRoom, Resident, State
from .settings import RuntimeSettings

LOG = logging.getLogger(__name__)


class Residents:
    """All residents of this runtime."""

    def __init__(self, settings: RuntimeSettings, gauge: Gauge) -> None:
        self._settings = settings
        self._residents: dict[str, Resident] = {}
        self._engines = Engines(settings, gauge, self._died)
        self._closing = False
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
        return self._engines.size(model)

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
            await resident.engine.died()

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
        model, how, began = resident.model, "none", time.monotonic()
        try:
            how = await self._engines.bring(resident, lambda: self._settings.capacity - self.held + resident.bytes)
            metrics.LOADS.labels(how, "loaded").inc()
            metrics.LOAD_SECONDS.labels(how).observe(time.monotonic() - began)
        except BaseException as error:
            result = "cancelled" if isinstance(error, asyncio.CancelledError) else "failed"
            metrics.LOADS.labels(how, result).inc()
            LOG.warning("load ended", extra={"model": model.id, "result": result, "why": str(error)[:500]})
            try:
                await kept(self._engines.discard(resident))
            finally:
                self._forget(resident)
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
            how = await self._engines.let_go(resident)
        except BaseException:
            resident.state = State.STUCK
            LOG.exception("unload failed", extra={"model": resident.model.id})
            raise
        self._forget(resident)
        metrics.UNLOADS.labels(how).inc()
        metrics.UNLOAD_SECONDS.labels(how).observe(time.monotonic() - began)
        LOG.info("unloaded", extra={"model": resident.model.id, "how": how})

    # Deaths.

    async def _died(self, engine: Engine, again: bool) -> None:
        """An engine ended or hangs: start it anew for those that were loaded on it, unless it dies all the time."""
        metrics.DEATHS.labels(engine.name).inc()
        LOG.error("engine died", extra={"model": engine.name, "again": again})
        self._engines.forget_base(engine)
        ending = asyncio.create_task(self._engines.end(engine))
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
        await self._engines.end_idle()
        if failed := [one for one in outcome if isinstance(one, BaseException)]:
            raise failed[0]

    async def close(self) -> None:
        """Drain and end everything; nothing is loaded any more."""
        self._closing = True
        self._engines.closing()
        try:
            await self.purge()
        finally:
            await self._engines.close()
