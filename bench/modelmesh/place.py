# SPDX-License-Identifier: MPL-2.0
"""The runtime and the front as processes of this machine, on free ports, for measurements and tests."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil
from modelmesh_vllm.contract import ENGINE, RUNTIME, message, stub

PACKAGE = Path(__file__).parents[2] / "runtimes" / "modelmesh_vllm"
READY_SECONDS, END_SECONDS = 60, 60


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@dataclass(frozen=True)
class Program:
    """A running runtime or front."""

    settings: Mapping[str, Any]
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def below(self) -> list[psutil.Process]:
        """All processes that it started, and those that they did."""
        try:
            return [one for one in psutil.Process(self.process.pid).children(recursive=True) if _lives(one)]
        except psutil.NoSuchProcess:
            return []

    def metrics(self) -> str:
        """What Prometheus would read."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.settings['statusPort']}/metrics") as answer:
            return str(answer.read().decode())

    def metric(self, line: str) -> float:
        """One value, by its name and labels as Prometheus writes them; 0 where there is none."""
        found = [one for one in self.metrics().splitlines() if one.rpartition(" ")[0] == line]
        return float(found[0].rpartition(" ")[2]) if found else 0.0


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@contextmanager
def running(
    kind: str, settings: Mapping[str, Any], folder: Path, python: Sequence[str] = (sys.executable,)
) -> Iterator[Program]:
    """A program of the package. When it is left it is asked to end, and must leave no process behind.

    Args:
        kind: `runtime` or `front`.
        settings: its settings; ports and addresses on loopback are added.
        folder: where its settings and its log go.
        python: interpreter that runs it, in whose environment its libraries are.

    Raises:
        AssertionError: it doesn't start, doesn't end or leaves processes behind.
    """
    ports = dict(zip(("statusPort", "port", "management"), free_ports(3), strict=True))
    local: dict[str, Any] = {"statusHost": "127.0.0.1", "statusPort": ports["statusPort"]}
    if kind == "runtime":
        local |= {"dataHost": "127.0.0.1", "dataPort": ports["port"], "management": f"127.0.0.1:{ports['management']}"}
    else:
        local |= {"host": "127.0.0.1", "port": ports["port"]}
    whole = {**local, **settings}
    file, log = folder / f"{kind}.json", folder / f"{kind}.log"
    file.write_text(json.dumps(whole))
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    with log.open("wb") as output:
        words = [*python, "-m", "modelmesh_vllm", kind, str(file)]
        process = subprocess.Popen(words, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    program = Program(whole, process, log)
    try:
        _await_ready(program)
        yield program
    finally:
        _end(program)


def _await_ready(program: Program) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert program.process.poll() is None, program.log.read_text()[-3000:]
        try:
            program.metrics()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("not ready in time:\n" + program.log.read_text()[-3000:])


def _end(program: Program) -> None:
    children = program.below
    program.process.terminate()
    try:
        program.process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        program.process.kill()
        program.process.wait()
        raise AssertionError(f"it did not end in {END_SECONDS} s:\n{program.log.read_text()[-3000:]}") from None
    left = [one for one in children if _lives(one)]
    for one in left:
        one.kill()
    assert not left, f"it left processes behind: {left}"


class Caller:
    """A client of a runtime's gRPC port, as ModelMesh is one."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address)

    def ask(self, method: str, **fields: Any) -> Any:
        """Ask a method of `mmesh.ModelRuntime`, as `loadModel`."""
        kind = method[0].upper() + method[1:]
        return stub(self.channel, RUNTIME, method)(message(f"mmesh.{kind}Request")(**fields), timeout=300)

    def begin(self, method: str, **fields: Any) -> Any:
        """Ask without waiting: a future that can be cancelled."""
        kind = method[0].upper() + method[1:]
        return stub(self.channel, RUNTIME, method).future(message(f"mmesh.{kind}Request")(**fields), timeout=300)

    def call(self, model_id: str, path: str, body: Mapping[str, Any] | bytes, content_type: str = "") -> Any:
        """A unary call as ModelMesh forwards it."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = message("andel.modelmesh.v1.CallRequest")(path=path, body=content, content_type=content_type)
        return stub(self.channel, ENGINE, "Call")(request, metadata=(("mm-model-id", model_id),), timeout=120)

    def purge(self) -> None:
        """What ModelMesh asks when it starts: everything goes, asleep or not."""
        while self.ask("runtimeStatus").status != 1:
            time.sleep(0.05)

    def locate(self, model_id: str) -> Any:
        """Where a model is."""
        request = message("andel.modelmesh.v1.LocateRequest")()
        return stub(self.channel, ENGINE, "Locate")(request, metadata=(("mm-model-id", model_id),), timeout=120)
