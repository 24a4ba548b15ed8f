# SPDX-License-Identifier: MPL-2.0
"""A gateway in this process: what it answers is set by a test, what it was asked is kept."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from andel.lab.certificates import Pair


@dataclass
class Said:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Gateway:
    """What it does."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    pieces: tuple[str, ...] = ("Hel", "lo")
    breaks_off: bool = False
    asked: list[Said] = field(default_factory=list)
    url: str = ""

    def events(self) -> Iterator[str]:
        """An answer as a stream of events."""
        head = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        for piece in self.pieces:
            yield json.dumps({**head, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
        yield json.dumps({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        yield json.dumps({**head, "choices": [], "usage": usage})
        yield "[DONE]"


@contextmanager
def running(gateway: Gateway, tls: Pair | None = None) -> Iterator[Gateway]:
    """Serve it on a port of this machine, with or without TLS."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nothing: the tests look at what was kept."""

        def do_GET(self) -> None:
            self._answer(None, gateway.body or json.dumps({"object": "list", "data": models()}))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if gateway.status != 200:
                self._answer(body, gateway.body)
                return
            self._answer(body, "", "text/event-stream")
            for event in gateway.events():
                self.wfile.write(f"data: {event}\n\n".encode())
                self.wfile.flush()
                if gateway.breaks_off:
                    self.wfile.write(b"data: {broken\n\n")
                    return

        def _answer(self, body: Any, text: str, kind: str = "application/json") -> None:
            gateway.asked.append(Said(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(gateway.status)
            for name, value in {"content-type": kind, **gateway.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    gateway.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def models() -> list[dict[str, Any]]:
    """Two models, not in order."""
    return [{"id": name, "object": "model", "created": 0, "owned_by": "andel"} for name in ("speech", "chat")]
