# SPDX-License-Identifier: MPL-2.0
"""HTTP between callers, fronts, pods and engines: limited bodies, honest errors, answers passed on as they come."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from starlette.types import Message, Receive, Scope, Send

from . import metrics
from .gate import BrokenOff

MODEL_ID = "x-andel-model-id"
"""Header by which a front names the loaded model that it means."""

MISDIRECTED = 421
"""Answer of a pod that hasn't the model (RFC 9110, 15.5.20): the front asks again where it is."""

PATHS = frozenset(
    {
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/rerank",
        "/v1/score",
        "/v1/classify",
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
    }
)
"""Routes of the OpenAI API that are served; vLLM's others, as /sleep, are reached on loopback alone."""

_PASSED_ON = (b"content-type", b"x-request-id", b"traceparent", b"tracestate", b"accept")
_PASSED_BACK = ("content-type", "x-request-id", "retry-after")


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, code: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.retry_after = status, message, code, retry_after

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        return {} if self.retry_after is None else {"retry-after": str(self.retry_after)}

    @property
    def content(self) -> bytes:
        """The answer in OpenAI's form."""
        return error(self.status, self.message, self.code)


class Disconnected(Exception):
    """The caller went away."""


def error(status: int, message: str, code: str) -> bytes:
    """An error in OpenAI's form."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return json.dumps({"error": {"message": message, "type": kind, "code": code}}).encode()


async def body_of(scope: Scope, receive: Receive, limit: int) -> bytes:
    """A request's body.

    Raises:
        Refused: it is larger than `limit` bytes.
        Disconnected: it never came to its end.
    """
    too_large = Refused(413, f"the request is larger than {limit} bytes", "request_too_large")
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
        raise too_large
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise too_large
        if not message.get("more_body"):
            return b"".join(parts)


def headers_of(scope: Scope) -> dict[str, str]:
    """Headers of a request that go on with it; keys and cookies of callers stay here."""
    return {key.decode(): value.decode("latin-1") for key, value in scope["headers"] if key in _PASSED_ON}


def parsed(body: bytes) -> dict[str, Any]:
    """A JSON object.

    Raises:
        Refused: it is none.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Refused(400, "the body is no JSON object", "invalid_json")
    return content


def addressed(body: bytes, content_type: str, name: str) -> bytes:
    """A body for an engine, which knows its model under one name.

    Raises:
        Refused: it claims to be JSON and isn't.
    """
    if content_type and not content_type.startswith("application/json"):
        return body
    content = parsed(body)
    return body if content.get("model") == name else json.dumps({**content, "model": name}).encode()


async def answer(send: Send, status: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
    """Send a JSON answer."""
    lines = {"content-type": "application/json", "content-length": str(len(content)), **(headers or {})}
    encoded = [(key.encode(), value.encode("latin-1")) for key, value in lines.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": content})


@asynccontextmanager
async def listened(receive: Receive, scope: asyncio.Timeout) -> AsyncIterator[None]:
    """While inside, a caller that goes away ends the scope: its engine must not go on writing."""

    async def listen() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if not scope.expired():
            scope.reschedule(asyncio.get_running_loop().time())

    task = asyncio.create_task(listen())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Answering:
    """A `send` that remembers how far an answer has come, so that one that breaks off ends honestly."""

    def __init__(self, send: Send, at: str) -> None:
        self._send, self._at = send, at
        self.started = self._events = False

    async def __call__(self, message: Message) -> None:
        """Send a part."""
        if message["type"] == "http.response.start":
            self.started = True
            self._events = dict(message["headers"]).get(b"content-type", b"").startswith(b"text/event-stream")
            metrics.REQUESTS.labels(self._at, str(message["status"])).inc()
        await self._send(message)

    async def broke_off(self) -> None:
        """End an answer that can't be completed: a stream of events with one that says so and without `[DONE]`.

        Raises:
            BrokenOff: it is no such stream; only the end of its connection can tell.
        """
        if not self.started:
            await answer(self, 503, error(503, "the model did not answer", "unavailable"), {"retry-after": "1"})
            return
        if not self._events:
            raise BrokenOff("the answer broke off")
        event = b"data: " + error(503, "the answer broke off", "broken_off") + b"\n\n"
        await self._send({"type": "http.response.body", "body": event})


async def relay(answered: httpx.Response, send: Send, more: Mapping[str, str] | None = None) -> None:
    """Pass an answer on, part by part as it comes."""
    headers = {key: answered.headers[key] for key in _PASSED_BACK if key in answered.headers} | dict(more or {})
    encoded = [(key.encode(), value.encode("latin-1")) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": answered.status_code, "headers": encoded})
    async for part in answered.aiter_raw():
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
