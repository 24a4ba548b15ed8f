# SPDX-License-Identifier: MPL-2.0
"""The load generator against a server that streams, stalls and refuses: what it says is what the server did."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.routing.load import Load
from bench.routing.workload import Request


class Model(BaseHTTPRequestHandler):
    """Answers as the question says: `stall` seconds before the first token, or a status."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """A chat completion."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = json.loads(asked["messages"][-1]["content"])
        self.send_response(said.get("status", 200))
        self.send_header("x-inference-pod", "pod-7")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self._event({"choices": [{"delta": {"role": "assistant"}}]})
        time.sleep(said.get("stall", 0))
        for _ in range(asked["max_tokens"]):
            self._event({"choices": [{"delta": {"content": "ord"}}]})
        usage = {"prompt_tokens": 48, "prompt_tokens_details": {"cached_tokens": 32}}
        self._event({"choices": [], "usage": usage})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def handle(self) -> None:
        """Who has given up hears no more."""
        with suppress(BrokenPipeError, ConnectionResetError):
            super().handle()

    def _event(self, event: dict[str, object]) -> None:
        """An event in two pieces, as a proxy may cut it."""
        data = f"data: {json.dumps(event)}\n\n".encode()
        self._chunk(data[:9])
        self._chunk(data[9:])

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def load() -> Iterator[Load]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Load(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    thread.join()


def asks(at: float, **said: float) -> Request:
    return Request(at=at, group=None, prefix="", question=json.dumps(said))


def test_the_first_token_counts_and_not_the_first_byte(load: Load) -> None:
    """The role comes at once, the first content after 0.2 s."""
    (one,) = load.rung([asks(0.0, stall=0.2)], answer=3, patience=5)
    assert 0.2 <= one.first_token < 0.5
    assert (one.answered, one.status, one.prompt, one.cached, one.pod) == (True, 200, 48, 32, "pod-7")


def test_a_slow_answer_holds_up_nobody(load: Load) -> None:
    """Open loop: the second is sent on its time while the first waits, and is answered first."""
    slow, quick = load.rung([asks(0.0, stall=0.5), asks(0.1)], answer=1, patience=5)
    assert slow.first_token >= 0.5
    assert quick.first_token < 0.3
    assert quick.sent_late < 0.1


def test_what_is_not_answered_is_given_up_and_counts_by_its_wait(load: Load) -> None:
    (one,) = load.rung([asks(0.0, stall=2)], answer=1, patience=0.3)
    assert not one.answered
    assert 0.3 <= one.first_token < 1


def test_a_refusal_is_no_answer(load: Load) -> None:
    (one,) = load.rung([asks(0.0, status=429)], answer=1, patience=5)
    assert (one.answered, one.status) == (False, 429)
