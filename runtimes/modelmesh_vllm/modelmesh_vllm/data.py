# SPDX-License-Identifier: MPL-2.0
"""The pod's data port: fronts come here with the id of a loaded model, and its engine's answer streams back."""

import httpx
from starlette.types import Receive, Scope, Send

from . import wire
from .gate import BrokenOff, Crowded, NotLoaded
from .resident import Resident, State
from .residents import Residents
from .settings import Limits


class Data:
    """An ASGI application."""

    def __init__(self, residents: Residents, limits: Limits, engines: httpx.AsyncClient) -> None:
        self._residents = residents
        self._limits = limits
        self._engines = engines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        answering = wire.Answering(send, "data")
        try:
            await self._serve(scope, receive, answering)
        except wire.Refused as error:
            await wire.answer(answering, error.status, error.content, error.headers)
        except (BrokenOff, httpx.HTTPError):
            await answering.broke_off()
        except wire.Disconnected:
            return

    async def _serve(self, scope: Scope, receive: Receive, send: wire.Answering) -> None:
        if scope["method"] != "POST" or scope["path"] not in wire.PATHS:
            raise wire.Refused(404, "no such route", "not_found")
        resident = self._meant(scope)
        body = await wire.body_of(scope, receive, self._limits.body_bytes)
        headers = wire.headers_of(scope)
        content = wire.addressed(body, headers.get("content-type", ""), resident.model.name)
        assert resident.gate is not None
        try:
            async with resident.gate.entered() as until, wire.listened(receive, until):
                assert resident.engine is not None
                url = resident.engine.url + scope["path"]
                try:
                    async with self._engines.stream("POST", url, content=content, headers=headers) as answered:
                        await wire.relay(answered, send)
                except httpx.TransportError:
                    if not send.started and await resident.engine.died():  # the front asks for the model again
                        raise NotLoaded from None
                    raise
        except NotLoaded:
            raise _elsewhere() from None
        except BrokenOff:
            if send.started or resident.state is State.LOADED:
                raise
            raise _elsewhere() from None  # the model goes, and its caller has seen nothing of an answer
        except Crowded:
            raise wire.Refused(429, "too many requests wait for this model", "too_many_requests", 2) from None

    def _meant(self, scope: Scope) -> Resident:
        name = dict(scope["headers"]).get(wire.MODEL_ID.encode(), b"").decode("latin-1")
        try:
            return self._residents.loaded(name)
        except NotLoaded:
            raise _elsewhere() from None


def _elsewhere() -> wire.Refused:
    return wire.Refused(wire.MISDIRECTED, "this model is not here", "not_here")
