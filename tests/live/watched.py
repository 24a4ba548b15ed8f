# SPDX-License-Identifier: MPL-2.0
"""A platform at work, to be watched: simulators behind a picker, an Envoy before them, and pages that play DCGM and the
AI Gateway's processor.

Pods stand for processes of this machine, with the labels that the platform gives them and addresses of loopback. A
simulator listens on all addresses of its machine, so Envoy also plays the network: what comes to a pod's address and
port goes to its process. DCGM's exporter needs GPUs; its page is written by hand, with names that its monitor reads.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3
import yaml

from andel.lab.control_plane import ControlPlane
from andel.lab.files import write_private
from andel.lab.live_parts import PICKER
from andel.lab.processes import Process, await_page, free_ports, start
from andel.lab.simulator_part import ENVOY, SIMULATOR
from andel.release.epp import GIE_1_5
from bench.routing.envoy import EXTENSIONS, HTTP2, SECURED, address, chosen, cluster, picking
from components.gateway import EDGE
from components.kserve_settings import PICKER_ARGUMENTS
from components.metadata import MODEL
from components.metadata import PICKER as OF_PICKER
from components.monitoring.edge_monitors import PROXIES
from components.proxies import owned
from components.serving.epp import picker_config
from components.serving.llm_d import PICKER_METRICS, pool
from config.environment import Environment
from config.names import GATEWAY, SERVING
from config.serving import LlmD
from tests.live.edge_counts import PORT, EdgeCounts
from tests.support.waiting import until

NET = f"127.{os.getpid() % 200 + 20}.0"
"""Loopback's addresses of this run's pods: two runs on one machine don't meet."""

READY_SECONDS = 60

FIRST_TOKEN = {"chat": "50ms", "reranker": "3s", "flawed": "50ms"}
"""What each model takes before its answer begins. Of the flawed one there is none."""

PODS = {"chat-0": "chat", "chat-1": "chat", "reranker-0": "reranker", "flawed-0": "flawed"}
"""Pods by name, and whose they are."""

METRICS, PROXIES_AT, DCGM_AT = 19001, "envoy-gateway-system", "gpu-operator"
"""Port of the proxies' figures, their namespace, and that of DCGM's exporter."""

DCGM_PORT = 9400


@dataclass(frozen=True)
class Stand:
    """Where it is asked."""

    door: str
    """Address of the edge."""

    pods: dict[str, str]
    """Addresses of the models' pods, by their names."""

    counts: EdgeCounts
    """What the edge counts."""

    def ask(self, model: str, municipality: str, pod: str | None = None) -> tuple[int, int, int]:
        """One request as it leaves the edge, or past it to a pod.

        Returns:
            Status, tokens of the prompt, tokens of the answer.
        """
        body = {
            "model": model,
            "messages": [{"role": "user", "content": "hvad koster en parkering i Aarhus"}],
            "max_tokens": 8,
            "ignore_eos": True,
        }
        headers = {
            "content-type": "application/json",
            "x-model": model,
            GIE_1_5.fairness_header: municipality,
        }
        with urllib3.PoolManager(retries=False) as pool_:
            url = f"{self.pods[pod] if pod else self.door}/v1/chat/completions"
            answer = pool_.request("POST", url, body=json.dumps(body), headers=headers, timeout=60)
        usage = json.loads(answer.data).get("usage") or {} if answer.status == 200 else {}
        told = answer.status, usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
        if pod is None:
            self.counts.add(municipality, model, *told)
        return told


@contextmanager
def standing(plane: ControlPlane, environment: Environment, ports: dict[str, int], watts: str) -> Iterator[Stand]:
    """Start everything.

    Args:
        plane: where the pods stand.
        environment: whose models they are of.
        ports: where each model's pods answer `/metrics`, as their monitors say.
        watts: page of DCGM's exporter.
    """
    names = [*PODS, "picker-0", "edge-0", "dcgm-0"]
    addresses = {name: f"{NET}.{index + 11}" for index, name in enumerate(names)}
    engines = dict(zip(PODS, free_ports(len(PODS)), strict=True))
    door, picker, health, figures = free_ports(4)
    wires = [(addresses[name], ports[model], engines[name]) for name, model in PODS.items()]
    wires.append((addresses["picker-0"], PICKER_METRICS, figures))
    for name, port in engines.items():
        start_simulator(plane, name, PODS[name], port)
    declare(plane, addresses, ports)
    start_envoy(plane, door, (addresses["edge-0"], METRICS), wires, {"picker": picker, **engines})
    start_picker(plane, environment, (picker, health, figures))
    counts = EdgeCounts()
    dcgm, counted = (addresses["dcgm-0"], DCGM_PORT), (addresses["edge-0"], PORT)
    with page(*dcgm, lambda: watts), page(*counted, counts.page):
        pods = {name: f"http://{addresses[name]}:{ports[model]}" for name, model in PODS.items()}
        yield Stand(f"http://127.0.0.1:{door}", pods, counts)


def start_simulator(plane: ControlPlane, name: str, model: str, port: int) -> None:
    """A model server of a pod."""
    settings = {
        "port": port,
        "model": model,
        "max-num-seqs": 64,
        "max-model-len": 4096,
        "time-to-first-token": FIRST_TOKEN[model],
        "inter-token-latency": "5ms",
        "seed": 1,
        "zmq-endpoint": "",
    }
    arguments = [f"--{key}={value}" for key, value in settings.items()]
    if model == "flawed":
        arguments += ["--failure-injection-rate=100", "--failure-types=server_error"]
    process = Process(
        name=name,
        command=[
            str(SIMULATOR.folder / SIMULATOR.program),
            "--force-dummy-tokenizer",
            *arguments,
        ],
        folder=plane.folder,
        environment={"POD_NAME": name, "POD_IP": "127.0.0.1", "PYTHONHASHSEED": "42", "PATH": os.defpath},
    )
    start(process)
    await_page(process, f"http://127.0.0.1:{port}/health", READY_SECONDS)


def declare(plane: ControlPlane, addresses: dict[str, str], ports: dict[str, int]) -> None:
    """The pods, with labels and ports by which monitors and picker find them; and the pool."""
    api = plane.api()
    for namespace in (SERVING, PROXIES_AT, DCGM_AT):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        api.apply(f"/api/v1/namespaces/{namespace}", body)
        until(lambda at=namespace: api.get(f"/api/v1/namespaces/{at}/serviceaccounts/default"))  # type: ignore[misc]
    for name, model in PODS.items():
        stand_in(plane, SERVING, name, addresses[name], {MODEL: model}, {"http": ports[model]})
    stand_in(plane, SERVING, "picker-0", addresses["picker-0"], {OF_PICKER: "chat"}, {"metrics": PICKER_METRICS})
    at_edge = {**PROXIES, **owned(EDGE, GATEWAY)}
    stand_in(plane, PROXIES_AT, "edge-0", addresses["edge-0"], at_edge, {"metrics": METRICS, "aigw-admin": PORT})
    stand_in(plane, DCGM_AT, "dcgm-0", addresses["dcgm-0"], {"app": "nvidia-dcgm-exporter"}, {"metrics": DCGM_PORT})
    spec = {
        "selector": {"matchLabels": {MODEL: "chat"}},
        "targetPorts": [{"number": ports["chat"]}],
        "endpointPickerRef": {"name": "chat-epp-service", "port": {"number": 9002}},
    }
    body = {"apiVersion": "inference.networking.k8s.io/v1", "kind": "InferencePool", "metadata": {"name": pool("chat")}}
    path = f"/apis/inference.networking.k8s.io/v1/namespaces/{SERVING}/inferencepools/{pool('chat')}"
    api.apply(path, {**body, "spec": spec})


def stand_in(
    plane: ControlPlane, namespace: str, name: str, ip: str, labels: dict[str, str], ports: dict[str, int]
) -> None:
    """A pod that nobody places: it stands for a process that runs already."""
    listed = [{"name": port, "containerPort": number} for port, number in ports.items()]
    containers = [{"name": "main", "image": "example.dk/process:1", "ports": listed}]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"schedulerName": "none", "containers": containers},
    }
    status = {
        "phase": "Running",
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    path = f"/api/v1/namespaces/{namespace}/pods/{name}"
    plane.api().apply(path, pod)
    plane.api().apply(f"{path}/status", {**pod, "status": status})


def start_picker(plane: ControlPlane, environment: Environment, ports: tuple[int, int, int]) -> None:
    """The picker of the chat, with the configuration that the platform writes."""
    serving = environment.models["chat"].serving
    assert isinstance(serving, LlmD)
    bands = {name: tier.priority for name, tier in environment.tiers.items()}
    grpc, health, figures = ports
    process = Process(
        name="picker",
        command=[
            str(PICKER.folder / PICKER.program),
            *("--pool-name", pool("chat"), "--pool-namespace", SERVING, "--zap-encoder", "json"),
            *("--grpc-port", str(grpc), "--grpc-health-port", str(health)),
            *PICKER_ARGUMENTS,
            *("--config-text", yaml.safe_dump(picker_config(serving, GIE_1_5, bands))),
            *("--metrics-port", str(figures), "--tracing=false", "--enable-pprof=false"),
        ],
        folder=plane.folder,
        environment={
            "PATH": os.defpath,
            "KUBECONFIG": str(plane.folder / "lab.kubeconfig"),
            "HOME": str(plane.folder),
        },
    )
    start(process)
    await_page(process, f"http://127.0.0.1:{figures}/metrics", READY_SECONDS)


def start_envoy(
    plane: ControlPlane,
    door: int,
    admin: tuple[str, int],
    wires: list[tuple[str, int, int]],
    ports: dict[str, int],
) -> None:
    """The edge's proxy and the pods' network."""
    file = plane.folder / "envoy.yaml"
    routed = [cluster(upstream(model), [("127.0.0.1", ports[f"{model}-0"])]) for model in ("reranker", "flawed")]
    settings = {
        "admin": {"address": address(*admin)},
        "static_resources": {
            "listeners": [edge(door), *(wire(*one) for one in wires)],
            "clusters": [
                *routed,
                chosen() | {"name": upstream("chat")},
                cluster("picker", [("127.0.0.1", ports["picker"])]) | {**SECURED, **HTTP2},
                *(cluster(f"to-{port}", [("127.0.0.1", port)]) for *_, port in wires),
            ],
        },
    }
    write_private(file, yaml.safe_dump(settings))
    process = Process(
        name="envoy",
        command=[
            *(str(ENVOY.folder / "envoy"), "-c", str(file)),
            *("--log-level", "warning", "--concurrency", "1", "--disable-hot-restart"),
        ],
        folder=plane.folder,
        environment={"PATH": os.defpath, "HOME": str(plane.folder)},
    )
    start(process)
    await_page(process, f"http://{admin[0]}:{admin[1]}/ready", READY_SECONDS)


def upstream(model: str) -> str:
    """Name of a route's upstream (source: Envoy Gateway v1.8.3, internal/gatewayapi, irDestinationSettingName)."""
    return f"httproute/andel-gateway/{model}/rule/0"


def edge(port: int) -> dict[str, Any]:
    """Requests by their model; those for the chat ask the picker."""
    unasked = {
        "picker": {"@type": f"{EXTENSIONS}.filters.http.ext_proc.v3.ExtProcPerRoute", "disabled": True},
    }
    routes = [
        {
            "match": {"prefix": "/", "headers": [{"name": "x-model", "string_match": {"exact": model}}]},
            "route": {"cluster": upstream(model), "timeout": "60s"},
            **({} if model == "chat" else {"typed_per_filter_config": unasked}),
        }
        for model in FIRST_TOKEN
    ]
    router = {"name": "router", "typed_config": {"@type": f"{EXTENSIONS}.filters.http.router.v3.Router"}}
    connection = {
        "@type": f"{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "edge",
        "route_config": {"virtual_hosts": [{"name": "edge", "domains": ["*"], "routes": routes}]},
        "http_filters": [picking(), router],
    }
    chain = {"filters": [{"name": "http", "typed_config": connection}]}
    return {"name": "edge", "address": address("127.0.0.1", port), "filter_chains": [chain]}


def wire(ip: str, port: int, process: int) -> dict[str, Any]:
    """From a pod's address and port to its process."""
    passing = {
        "@type": f"{EXTENSIONS}.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": f"to-{process}",
        "cluster": f"to-{process}",
    }
    chain = {"filters": [{"name": "tcp", "typed_config": passing}]}
    return {"name": f"wire-{process}", "address": address(ip, port), "filter_chains": [chain]}


@contextmanager
def page(ip: str, port: int, text: Callable[[], str]) -> Iterator[None]:
    """A page of figures."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text().encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    with ThreadingHTTPServer((ip, port), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
