# SPDX-License-Identifier: MPL-2.0
"""HTTP servers and clients of both programs: mutual TLS with certificates that change while they run, and probes."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Receive, Scope, Send

from . import wire
from .settings import Tls

LOG = logging.getLogger(__name__)
RELOAD_SECONDS = 60


class Server(uvicorn.Server):
    """A server whose end is decided by its program, not by signals that it catches itself."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def server(app: ASGIApp, host: str, port: int, tls: Tls | None = None, callers: Path | None = None) -> Server:
    """A server for an application.

    Args:
        app: the application.
        host: address to listen on.
        port: port to listen on.
        tls: its certificate; None for plain HTTP.
        callers: authority of the certificates that callers must show; None lets everybody in.
    """
    config = uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, lifespan="off", server_header=False,
        timeout_keep_alive=75, timeout_graceful_shutdown=10,
    )  # fmt: skip
    config.load()
    if tls is not None:
        config.ssl = _context(tls, ssl.Purpose.CLIENT_AUTH, callers)
    return Server(config)


def client(tls: Tls | None = None) -> httpx.AsyncClient:
    """A client for pods or engines. How long an answer may take is its caller's to say."""
    context = _context(tls, ssl.Purpose.SERVER_AUTH, tls.authority) if tls else False
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
    timeout = httpx.Timeout(None, connect=5)
    return httpx.AsyncClient(verify=context, limits=limits, timeout=timeout, trust_env=False)


_contexts: list[tuple[ssl.SSLContext, Tls]] = []


def _context(tls: Tls, purpose: ssl.Purpose, authority: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(purpose, cafile=str(authority) if authority else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authority:
        context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(tls.certificate, tls.key)
    _contexts.append((context, tls))
    return context


async def keep_certificates() -> None:
    """Read certificates again when their files change: they live for months, and programs for longer."""
    seen: dict[Path, float] = {}
    while True:
        for context, tls in _contexts:
            try:
                changed = tls.certificate.stat().st_mtime
                if seen.setdefault(tls.certificate, changed) != changed:
                    context.load_cert_chain(tls.certificate, tls.key)
            except (OSError, ssl.SSLError) as error:
                LOG.warning("certificate not read", extra={"why": str(error)})
        for _, tls in _contexts:
            seen[tls.certificate] = tls.certificate.stat().st_mtime if tls.certificate.exists() else 0
        await asyncio.sleep(RELOAD_SECONDS)


class Status:
    """An ASGI application for the kubelet and Prometheus: `/live`, `/ready`, `/metrics`."""

    def __init__(self, ready: Callable[[], bool]) -> None:
        self._ready = ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path == "/metrics":
            await wire.answer(send, 200, generate_latest(), {"content-type": CONTENT_TYPE_LATEST})
        elif path in ("/live", "/ready"):
            well = path == "/live" or self._ready()
            await wire.answer(send, 200 if well else 503, b"{}")
        else:
            await wire.answer(send, 404, wire.error(404, "no such route", "not_found"))
