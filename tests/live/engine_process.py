# SPDX-License-Identifier: MPL-2.0
"""A vLLM as a process of a test: started from a command line, asked over HTTP, and gone without a trace afterwards."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .command_lines import CommandLine
from .vllm_environment import surroundings

START_SECONDS = 240
"""Longest start that is waited for: 30 s on an idle machine with two cores."""

STOP_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What a route answered."""

    status: int
    body: str

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The events of a stream, without the mark of its end, which must be there."""
        lines = [line.removeprefix("data: ") for line in self.body.splitlines() if line.startswith("data: ")]
        assert lines[-1] == "[DONE]"
        return [json.loads(line) for line in lines[:-1]]


@dataclass(frozen=True)
class Engine:
    """A running vLLM."""

    address: str
    log: Path

    def get(self, route: str) -> Answer:
        """Ask a route."""
        return self._ask(urllib.request.Request(self.address + route))  # noqa: S310 (loopback)

    def post(self, route: str, body: dict[str, Any]) -> Answer:
        """Send JSON to a route."""
        return self.send(route, json.dumps(body).encode(), "application/json")

    def send(self, route: str, body: bytes, content_type: str) -> Answer:
        """Send bytes to a route."""
        headers = {"Content-Type": content_type}
        return self._ask(urllib.request.Request(self.address + route, data=body, headers=headers))  # noqa: S310

    @staticmethod
    def _ask(request: urllib.request.Request) -> Answer:
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 (loopback)
                return Answer(answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read().decode())


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(line: CommandLine, port: int, folder: Path) -> Iterator[Engine]:
    """The engine of a command line. When it is left, every process that it started must be gone.

    Raises:
        AssertionError: it doesn't get healthy, or leaves processes behind.
    """
    log = folder / f"{line}.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            line.words,
            env=surroundings({"VLLM_CACHE_ROOT": str(folder / "cache"), **line.variables}),
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    engine = Engine(f"http://127.0.0.1:{port}", log)
    try:
        _await_health(engine, child)
        yield engine
    finally:
        child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while (child.poll() is None or session(child.pid)) and time.monotonic() < deadline:
            time.sleep(0.2)
        left = session(child.pid)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        child.wait()
    assert not left, f"{len(left)} processes were left {STOP_SECONDS} s after the end was asked for"


def _await_health(engine: Engine, child: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert child.poll() is None, engine.log.read_text(errors="replace")[-4000:]
        try:
            if engine.get("/health").status == 200:
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"not healthy after {START_SECONDS} s:\n" + engine.log.read_text(errors="replace")[-4000:])


def session(leader: int) -> list[int]:
    """Processes of a session that live; vLLM's engine is one beside the server."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found
