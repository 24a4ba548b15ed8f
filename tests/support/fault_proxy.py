# SPDX-License-Identifier: MPL-2.0
"""A proxy between engine and API server that counts writes and lets the k-th go wrong.

Plain HTTP on loopback in front, the API server with a client certificate behind. Watches are streamed through.
"""

import http.client
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from andel.lab.control_plane import ControlPlane

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
READ_ONLY = ("selfsubject", "tokenreviews", "dryRun=All")
"""What is posted and writes nothing."""

Fault = Callable[["Handler"], None]
"""What happens to a write instead of its being made."""


def status(code: int) -> Fault:
    """The API server answers with an error."""

    def answer(handler: "Handler") -> None:
        body = json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": "fault"})
        handler.send_response(code)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body.encode())

    return answer


def reset(handler: "Handler") -> None:
    """The connection breaks."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


class Handler(BaseHTTPRequestHandler):
    """Passes requests on, but the one that the proxy picks."""

    protocol_version = "HTTP/1.1"
    server: "FaultProxy"

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.fault_of(self.command, self.path)
        if fault:
            fault(self)
            return
        upstream = self.server.connect()
        headers = {key: value for key, value in self.headers.items() if key not in ("Host", "Accept-Encoding")}
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key not in ("Transfer-Encoding", "Content-Length", "Connection"):
                self.send_header(key, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while chunk := answer.read1():
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
        upstream.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass  # noqa: N815 (names of http.server)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (name of http.server)
        """Silent."""


class FaultProxy(ThreadingHTTPServer):
    """Counts writes; the k-th meets a fault, once."""

    daemon_threads = True

    def __init__(self, plane: ControlPlane) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self._target = urlsplit(plane.server)
        operator = plane.client("operator")
        self._tls = ssl.create_default_context(cafile=str(plane.certificates / "ca.crt"))
        self._tls.load_cert_chain(operator.certificate, operator.key)
        self._lock = threading.Lock()
        self.writes = 0
        self.fault_at: tuple[int, Fault] | None = None

    def arm(self, number: int, fault: Fault) -> None:
        """Begin to count anew; the write of that number meets the fault."""
        with self._lock:
            self.writes, self.fault_at = 0, (number, fault)

    def disarm(self) -> None:
        """Begin to count anew, without a fault."""
        with self._lock:
            self.writes, self.fault_at = 0, None

    def fault_of(self, method: str, path: str) -> Fault | None:
        """The fault that a request meets, if it meets one."""
        if method not in WRITES or any(mark in path for mark in READ_ONLY):
            return None
        with self._lock:
            self.writes += 1
            return self.fault_at[1] if self.fault_at and self.fault_at[0] == self.writes else None

    def connect(self) -> http.client.HTTPSConnection:
        """A connection to the API server."""
        host, port = self._target.hostname, self._target.port
        assert host
        return http.client.HTTPSConnection(host, port, context=self._tls, timeout=120)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed breaks its connections; that is what it is killed for."""


@contextmanager
def fault_proxy(plane: ControlPlane) -> Iterator[FaultProxy]:
    """A running proxy in front of a control plane."""
    proxy = FaultProxy(plane)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
