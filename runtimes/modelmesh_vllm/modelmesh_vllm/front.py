# SPDX-License-Identifier: MPL-2.0
"""The front: OpenAI's HTTP API before ModelMesh, which speaks unary gRPC alone.

A request names its model; the front asks ModelMesh where that is, which loads it where it isn't and keeps it from being
evicted, and passes the pod's answer on as it comes. A pod that has lost the model meanwhile says so before its answer
begins (421), and the front asks again: callers see nothing of it.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import grpc
import httpx
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from . import metrics, wire
from .contract import ENGINE, message, stub
from .gate import BrokenOff
from .settings import FrontSettings

LOG = logging.getLogger(__name__)
CODES = grpc.StatusCode


@dataclass(frozen=True)
class Place:
    """Where a model is."""

    address: str
    model_id: str


class Front:
    """An ASGI application."""

    def __init__(self, settings: FrontSettings, modelmesh: grpc.aio.Channel, pods: httpx.AsyncClient) -> None:
        self._settings = settings
        self._locate = stub(modelmesh, ENGINE, "Locate")
        self._pods = pods
        self._routes = {
            ("GET", "/v1/models"): self._models,
            **{("POST", path): self._ask for path in wire.PATHS},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        answering = wire.Answering(send, "front")
        try:
            route = self._routes.get((scope["method"], scope["path"]))
            if route is None:
                raise wire.Refused(404, "no such route", "not_found")
            await route(scope, receive, answering)
        except wire.Refused as error:
            await wire.answer(answering, error.status, error.content, error.headers)
        except (BrokenOff, httpx.HTTPError) as error:
            LOG.warning("answer broke off", extra={"why": type(error).__name__})
            await answering.broke_off()
        except wire.Disconnected:
            return

    async def _models(self, scope: Scope, receive: Receive, send: Send) -> None:
        entries = [{"id": name, "object": "model", "owned_by": "andel"} for name in self._settings.models]
        await wire.answer(send, 200, json.dumps({"object": "list", "data": entries}).encode())

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        limits = self._settings.limits
        body = await wire.body_of(scope, receive, limits.body_bytes)
        name = await _named(scope, body)
        patience = self._settings.locate_seconds + limits.request_seconds
        try:
            async with asyncio.timeout(patience) as until, wire.listened(receive, until):
                for attempt in range(self._settings.locates):
                    place = await self._place(name)
                    if await self._stream(place, name, scope, body, send):
                        return
                    metrics.MOVED.inc()
                    await asyncio.sleep(0.05 * 2**attempt)
        except TimeoutError:
            raise BrokenOff("the answer was cut short") from None
        raise self._later(f"{name} moves from pod to pod; come again")

    async def _place(self, name: str) -> Place:
        """Where a model is, once it is loaded.

        Raises:
            wire.Refused: ModelMesh has none of this name, or can't load it now.
        """
        key = "mm-vmodel-id" if self._settings.alias else "mm-model-id"
        metadata = ((f"{key}-bin", name.encode()),) if not name.isascii() else ((key, name),)
        began = time.monotonic()
        try:
            answered = await self._locate(
                message("andel.modelmesh.v1.LocateRequest")(),
                metadata=metadata,
                timeout=self._settings.locate_seconds,
            )
        except grpc.aio.AioRpcError as error:
            raise self._refusal(name, error) from None
        metrics.LOCATE_SECONDS.observe(time.monotonic() - began)
        return Place(answered.address, answered.model_id)

    def _refusal(self, name: str, error: "grpc.aio.AioRpcError") -> wire.Refused:
        code = error.code()
        LOG.warning("not located", extra={"model": name[:100], "code": code.name, "why": str(error.details())[:300]})
        if code in (CODES.NOT_FOUND, CODES.INVALID_ARGUMENT):
            return wire.Refused(404, f"there is no model {name[:100]}", "model_not_found")
        if code is CODES.RESOURCE_EXHAUSTED:
            return wire.Refused(429, "too many requests wait", "too_many_requests", self._settings.retry_after_seconds)
        return self._later(f"{name[:100]} can't be loaded now; come again")

    def _later(self, text: str) -> wire.Refused:
        return wire.Refused(503, text, "unavailable", self._settings.retry_after_seconds)

    async def _stream(self, place: Place, name: str, scope: Scope, body: bytes, send: Send) -> bool:
        """Pass a pod's answer on; False if the model isn't there any more and nothing was sent."""
        headers = {**wire.headers_of(scope), wire.MODEL_ID: place.model_id}
        extensions = {"sni_hostname": self._settings.pod_name}
        try:
            async with self._pods.stream(
                "POST", place.address + scope["path"], content=body, headers=headers, extensions=extensions
            ) as answered:
                if answered.status_code == wire.MISDIRECTED:
                    return False
                async with self._touched(name):
                    await wire.relay(answered, send)
                return True
        except httpx.ConnectError:
            return False  # the pod went away; ModelMesh will know soon

    @asynccontextmanager
    async def _touched(self, name: str) -> AsyncIterator[None]:
        """While inside, ModelMesh hears from time to time that the model is in use: it doesn't see the stream."""

        async def touch() -> None:
            while True:
                await asyncio.sleep(self._settings.touch_seconds)
                with suppress(wire.Refused):
                    await self._place(name)

        task = asyncio.create_task(touch())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _named(scope: Scope, body: bytes) -> str:
    """Name of the model that a request asks, from JSON or a form with a file."""
    content_type = dict(scope["headers"]).get(b"content-type", b"").decode("latin-1")
    if content_type.startswith("multipart/form-data"):
        name = await _form_field(scope, body)
    else:
        name = wire.parsed(body).get("model")
    if not isinstance(name, str) or not 0 < len(name) <= 300:
        raise wire.Refused(400, "the request names no model", "model_missing")
    return name


async def _form_field(scope: Scope, body: bytes) -> object:
    async def again() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        async with Request(scope, again).form(max_files=4, max_fields=64) as form:
            return form.get("model")
    except Exception as error:  # noqa: BLE001 (of several kinds, all the caller's)
        raise wire.Refused(400, f"the form can't be read: {type(error).__name__}", "invalid_form") from None
