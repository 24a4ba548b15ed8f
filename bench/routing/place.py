# SPDX-License-Identifier: MPL-2.0
"""Where it is measured: simulators, picker and Envoy as processes of this machine, pods and pool in a real API server.

The picker finds its pods as on a cluster, by InferencePool and Pod. One Pod stands for all simulators, with a port
each (InferencePool's `targetPorts`, eight at most): a simulator listens on every address of its machine, so on one
machine ports tell them apart. Each is an endpoint of its own to the picker, with metrics of its own.
"""

import json
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
import yaml

from andel.lab import control_plane
from andel.lab.build import build
from andel.lab.control_plane import ControlPlane
from andel.lab.definitions import install
from andel.lab.errors import LabError
from andel.lab.files import write_private
from andel.lab.live_parts import PICKER
from andel.lab.parts import CLUSTER, DEFINITIONS
from andel.lab.processes import Process, await_page, free_ports, running, start, stop
from andel.lab.simulator_part import ENVOY, SIMULATOR
from components.kserve_settings import PICKER_ARGUMENTS

from .envoy import bootstrap
from .load import MODEL, Load
from .workload import Engine

POOL = "chat-inference-pool"
LABELS = {"app.kubernetes.io/name": "chat"}
NAMESPACE = "/api/v1/namespaces/default"
POOLS = "/apis/inference.networking.k8s.io/v1/namespaces/default/inferencepools"
DEFINITION = "inferencepools.inference.networking.k8s.io"
MOST_PODS = 8
"""Target ports of an InferencePool at most (source: GIE v1.5.0, api/v1)."""

READY_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Place:
    """Simulators, a picker and an Envoy before them."""

    folder: Path
    """Logs, notes and configurations."""

    engine: Engine
    """What each simulator is."""

    plane: ControlPlane
    """Where the picker reads pods and pool."""

    ports: Mapping[str, int]
    """Of everything that listens, by name."""

    def load(self, door: str) -> Load:
        """Requests to the door `round-robin` or `picked`."""
        return Load(f"http://127.0.0.1:{self.ports[door]}")

    def fresh(self, config: Mapping[str, Any] | None) -> None:
        """Pods that have nothing cached, and a picker that remembers nothing; none without a configuration."""
        for name in (*simulators(self.engine), "picker"):
            stop(self.folder / f"{name}.pid", patience=3)
        for name in simulators(self.engine):
            process = self._simulator(name)
            start(process)
        for name in simulators(self.engine):
            await_page(self._simulator(name), f"http://127.0.0.1:{self.ports[name]}/health", READY_SECONDS)
        if config is not None:
            self._start_picker(config)

    def processor_seconds(self) -> dict[str, float]:
        """Processor time so far, by part, of what runs now."""
        spent: dict[str, float] = {}
        for note in self.folder.glob("*.pid"):
            part = re.sub(r"-\d+$", "", note.stem)
            spent[part] = spent.get(part, 0.0) + seconds_of(running(note))
        return spent

    def _simulator(self, name: str) -> Process:
        engine = self.engine
        settings = {
            "port": self.ports[name],
            "model": MODEL,
            "block-size": engine.block_tokens,
            "kv-cache-size": engine.cache_blocks,
            "max-num-seqs": engine.requests,
            "max-waiting-queue-length": 100_000,
            "max-model-len": 16_384,
            "time-factor-under-load": engine.load_factor,
            "prefill-overhead": f"{engine.prefill_overhead_milliseconds}ms",
            "prefill-time-per-token": f"{engine.prefill_microseconds_per_token}us",
            "inter-token-latency": f"{engine.token_milliseconds}ms",
            "seed": 1,
            "zmq-endpoint": "",
        }
        arguments = [f"--{key}={value}" for key, value in settings.items()]
        return Process(
            name=name,
            command=[
                str(SIMULATOR.folder / SIMULATOR.program),
                "--force-dummy-tokenizer",
                "--enable-kvcache",
                *arguments,
            ],
            folder=self.folder,
            environment={"POD_NAME": name, "POD_IP": "127.0.0.1", "PYTHONHASHSEED": "42", "PATH": os.defpath},
        )

    def _start_picker(self, config: Mapping[str, Any]) -> None:
        metrics = self.ports["picker-metrics"]
        process = Process(
            name="picker",
            command=[
                str(PICKER.folder / PICKER.program),
                *("--pool-name", POOL, "--pool-namespace", "default", "--zap-encoder", "json"),
                *("--grpc-port", str(self.ports["picker"]), "--grpc-health-port", str(self.ports["picker-health"])),
                *PICKER_ARGUMENTS,
                *("--config-text", yaml.safe_dump(dict(config))),
                *("--metrics-port", str(metrics), "--tracing=false", "--enable-pprof=false"),
            ],
            folder=self.folder,
            environment={
                "PATH": os.defpath,
                "KUBECONFIG": str(self.plane.folder / "lab.kubeconfig"),
                "HOME": str(self.folder),
            },
        )
        start(process)
        page = f"http://127.0.0.1:{metrics}/metrics"
        await_page(process, page, READY_SECONDS)
        deadline = time.monotonic() + READY_SECONDS
        while ready_pods(page) < self.engine.pods or not listens(self.ports["picker"]):
            if time.monotonic() > deadline:
                raise LabError(f"the picker sees {ready_pods(page)} of {self.engine.pods} pods; see {process.log}")
            time.sleep(0.2)


@contextmanager
def place(folder: Path, engine: Engine) -> Iterator[Place]:
    """A place to measure at; whatever was started for it ends with it.

    Raises:
        LabError: a part ends by itself or is not ready in time.
    """
    if engine.pods > MOST_PODS:
        raise LabError(f"{engine.pods} pods; a pool has {MOST_PODS} ports at most")
    build((DEFINITIONS, CLUSTER, PICKER, ENVOY, SIMULATOR))
    plane = ControlPlane(folder=folder / "plane", programs=CLUSTER.folder)
    names = [*simulators(engine), "round-robin", "picked", "admin", "picker", "picker-health", "picker-metrics"]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    parts = folder / "parts"
    made = Place(folder=parts, engine=engine, plane=plane, ports=ports)
    try:
        control_plane.up(plane)
        _pods_and_pool(made)
        _envoy(made)
        yield made
    finally:
        for note in sorted(parts.glob("*.pid")):
            stop(note, patience=5)
        control_plane.down(plane)


def simulators(engine: Engine) -> list[str]:
    """Their names."""
    return [f"pod-{index}" for index in range(engine.pods)]


def _pods_and_pool(made: Place) -> None:
    api = made.plane.api()
    collected = json.loads((DEFINITIONS.folder / "definitions.json").read_text())
    install(api, [one for _, one in collected if one["metadata"]["name"] == DEFINITION])
    ports = [made.ports[name] for name in simulators(made.engine)]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "chat", "labels": LABELS},
        # Nobody places it: it stands for processes that run already.
        "spec": {"schedulerName": "none", "containers": [{"name": "main", "image": "simulator"}]},
    }
    status = {
        "phase": "Running",
        "podIP": "127.0.0.1",
        "podIPs": [{"ip": "127.0.0.1"}],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    pool = {
        "apiVersion": "inference.networking.k8s.io/v1",
        "kind": "InferencePool",
        "metadata": {"name": POOL},
        "spec": {
            "selector": {"matchLabels": LABELS},
            "targetPorts": [{"number": port} for port in ports],
            "endpointPickerRef": {"name": "chat-epp-service", "port": {"number": 9002}},
        },
    }
    deadline = time.monotonic() + READY_SECONDS
    while not api.get(f"{NAMESPACE}/serviceaccounts/default"):
        if time.monotonic() > deadline:
            raise LabError("the controller manager makes no service account")
        time.sleep(0.2)
    api.apply(f"{NAMESPACE}/pods/chat", pod)
    api.apply(f"{NAMESPACE}/pods/chat/status", {**pod, "status": status} | {"spec": pod["spec"]})
    api.apply(f"{POOLS}/{POOL}", pool)


def _envoy(made: Place) -> None:
    doors = {door: made.ports[door] for door in ("round-robin", "picked")}
    pods = [("127.0.0.1", made.ports[name]) for name in simulators(made.engine)]
    file = made.folder / "envoy.yaml"
    write_private(file, yaml.safe_dump(bootstrap(doors, made.ports["admin"], pods, made.ports["picker"])))
    process = Process(
        name="envoy",
        command=[
            str(ENVOY.folder / "envoy"),
            "-c",
            str(file),
            "--log-level",
            "warning",
            "--concurrency",
            "1",
            "--disable-hot-restart",
        ],
        folder=made.folder,
        environment={"PATH": os.defpath, "HOME": str(made.folder)},
    )
    start(process)
    await_page(process, f"http://127.0.0.1:{made.ports['admin']}/ready", READY_SECONDS)


def ready_pods(page: str) -> int:
    """How many pods a picker sees, by its own metric."""
    text = urllib3.PoolManager(retries=False).request("GET", page, timeout=5).data.decode()
    found = re.search(r"^inference_pool_ready_pods\{[^}]*\} (\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


def listens(port: int) -> bool:
    """Whether anything takes connections there: the picker's gRPC starts after its pages."""
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def seconds_of(pid: int | None) -> float:
    """Processor time of a process (Linux: /proc/<pid>/stat, utime and stime)."""
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
