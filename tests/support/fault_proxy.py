# SPDX-License-Identifier: MPL-2.0
"""A proxy between engine and API server that counts writes and spoils some of them.

It speaks TLS with the control plane's own serving certificate and lets in whoever has a client certificate of its
authority; so a kubeconfig for it differs from the lab's in the address alone. Everything else is passed on as it comes,
watches too. Without ALPN clients speak HTTP/1.1 (source: RFC 9113, section 3.2), which the standard library serves.
"""

import http.client
import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from andel.lab.control_plane import ControlPlane, kubeconfig

HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
REVIEWS = ("/apis/authorization.k8s.io/", "/apis/authentication.k8s.io/")
"""Questions that are asked with POST and leave nothing behind."""


class Fault(Enum):
    """What happens to the write that is spoilt. None carries `Retry-After`, with which clients would hide it."""

    INTERNAL_ERROR = "InternalError"
    UNAVAILABLE = "ServiceUnavailable"
    TOO_MANY_REQUESTS = "TooManyRequests"
    RESET = "the connection is reset before the API server sees the write"
    ANSWER_LOST = "the API server does the write, then the connection is reset"


STATUS = {Fault.INTERNAL_ERROR: 500, Fault.UNAVAILABLE: 503, Fault.TOO_MANY_REQUESTS: 429}


@dataclass(frozen=True)
class Write:
    """A write that came by."""

    method: str
    path: str
    outcome: int | Fault
    """Status of the API server, or the fault in its place."""


@dataclass
class FaultProxy:
    """A running proxy."""

    server: str
    """Its address."""

    plane: ControlPlane
    """The control plane behind it."""

    writes: list[Write] = field(default_factory=list)
    """All writes so far, in the order in which they ended."""

    def kubeconfig(self, context: str) -> dict[str, Any]:
        """A kubeconfig of the engine's user that leads through the proxy."""
        document: dict[str, Any] = kubeconfig({context: self.plane}, "operator")
        document["clusters"][0]["cluster"]["server"] = self.server
        return document


@contextmanager
def fault_proxy(
    plane: ControlPlane,
    *,
    nth: int = 0,
    past: Collection[str] = (),
    faults: Sequence[Fault] = (),
    before: Callable[[], None] | None = None,
    after: Callable[[], None] | None = None,
) -> Iterator[FaultProxy]:
    """Stand between a client and a control plane.

    Args:
        plane: the control plane.
        nth: which write is special, from 1; 0 for none.
        past: paths whose writes are not counted.
        faults: what happens to it, and to the writes of other paths that follow it; with none it passes.
        before: called before it is passed on.
        after: called when the API server has answered it and the client doesn't know yet.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(plane.certificates / "server.crt", plane.certificates / "server.key")
    context.load_verify_locations(plane.certificates / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    server = _Server(context, plane, nth, past, faults, before, after)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def is_write(method: str, path: str) -> bool:
    """Whether a request changes something: dry runs and reviews don't."""
    parts = urlsplit(path)
    asks = method in ("GET", "HEAD", "OPTIONS") or parts.path.startswith(REVIEWS)
    return not asks and "dryRun" not in parse_qs(parts.query)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self,
        context: ssl.SSLContext,
        plane: ControlPlane,
        nth: int,
        past: Collection[str],
        faults: Sequence[Fault],
        before: Callable[[], None] | None,
        after: Callable[[], None] | None,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._context = context
        self.nth, self.past, self.faults, self.before, self.after = nth, {*past}, faults, before, after
        self.proxy = FaultProxy(f"https://127.0.0.1:{self.server_port}", plane)
        self.upstream = urlsplit(plane.server)
        self.client = ssl.create_default_context(cafile=str(plane.certificates / "ca.crt"))
        operator = plane.client("operator")
        self.client.load_cert_chain(operator.certificate, operator.key)
        self._counted, self._lock, self._open = 0, threading.Lock(), set[socket.socket]()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; the handshake is left to the connection's own thread."""
        plain, address = super().get_request()
        secured = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self._open.add(secured)
        return secured, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Close everything, watches that still run too."""
        super().server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or has no certificate, is no news."""

    def place(self, path: str) -> int | None:
        """Count a write; its place among the special ones, from 0. What a client repeats is not spoilt again."""
        with self._lock:
            if path in self.past:
                return None
            self._counted += 1
            place = self._counted - self.nth
            if not (self.nth and 0 <= place < max(1, len(self.faults))):
                return None
            self.past.add(path)
            return place


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Pass a request on, or spoil it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        writes = is_write(self.command, self.path)
        place = self.server.place(urlsplit(self.path).path) if writes else None
        special = place is not None
        if special and self.server.before:
            self.server.before()
        fault = self.server.faults[place] if place is not None and self.server.faults else None
        if fault is None or fault is Fault.ANSWER_LOST:
            self._pass_on(body, writes=writes, special=special, fault=fault)
            return
        self._record(fault)
        if fault is Fault.RESET:
            self._reset()
        else:
            self._refuse(STATUS[fault], fault.value)

    do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = do_GET  # noqa: N815 (names of the base class)

    def _pass_on(self, body: bytes, *, writes: bool, special: bool, fault: Fault | None) -> None:
        upstream = http.client.HTTPSConnection(
            str(self.server.upstream.hostname), self.server.upstream.port, context=self.server.client
        )
        try:
            headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP_BY_HOP}
            upstream.request(self.command, self.path, body or None, headers)
            answer = upstream.getresponse()
            if writes:
                self._record(fault or answer.status)
            if special and self.server.after:
                self.server.after()
            if fault:
                self._reset()
            else:
                self._answer(answer)
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # one side is gone; the other notices
        finally:
            upstream.close()

    def _answer(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status, answer.reason)
        for key, value in answer.getheaders():
            if key.lower() not in HOP_BY_HOP:
                self.send_header(key, value)
        bare = self.command == "HEAD" or answer.status in (204, 304)
        chunked = not bare and answer.getheader("Content-Length") is None
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not bare and (data := answer.read1(65536)):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _refuse(self, code: int, reason: str) -> None:
        status = {
            "apiVersion": "v1",
            "kind": "Status",
            "status": "Failure",
            "code": code,
            "reason": reason,
            "message": "a fault that a test asked for",
        }
        body = json.dumps(status).encode()
        self.send_response_only(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        """Close so that the client gets a reset instead of an end (source: socket(7), SO_LINGER)."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        os.close(self.connection.detach())

    def _record(self, outcome: int | Fault) -> None:
        self.server.proxy.writes.append(Write(self.command, urlsplit(self.path).path, outcome))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (name of the base class)
        """Say nothing."""
