# SPDX-License-Identifier: MPL-2.0
"""A real Prometheus finds simulators, picker and gateway by our own monitors, and our rules say what was sent.

The Prometheus operator's own code reads PodMonitors and PrometheusRules as the platform writes them; the chart's
values choose what Prometheus selects.
"""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3

from andel.lab.control_plane import ControlPlane
from andel.lab.live_parts import PICKER
from andel.lab.monitoring_parts import MONITORING_PARTS
from andel.lab.scaling_parts import PROMETHEUS
from andel.lab.simulator_part import ROUTING_PARTS
from andel.lab.watching import start_operator, start_watching
from components.metadata import metadata
from components.prometheus import values
from config.environment import Environment
from config.judge import judge
from tests.components.program import normalised, platform_graph
from tests.config.edits import edited, environment_of
from tests.live.bare import cluster
from tests.live.watched import DCGM_AT, PODS, Stand, standing
from tests.support.waiting import until

NAMESPACE = "monitoring"
INTERVAL = 5
"""Seconds between two readings."""

EVALUATION = 30
"""Seconds between two evaluations of our rules."""

WINDOW = 300
"""Seconds of the rates."""

SENT = {("chat", "aarhus"): 30, ("chat", "samso"): 10, ("reranker", "aarhus"): 10, ("flawed", "samso"): 5}
"""Requests by model and municipality."""

WATTS = {"chat-0": 300, "chat-1": 300, "reranker-0": 100}
"""Power of the GPUs that hold the pods."""

PLURALS = {"PodMonitor": "podmonitors", "ServiceMonitor": "servicemonitors", "PrometheusRule": "prometheusrules"}


def environment() -> Environment:
    """A chat behind a picker, a model that is slow, one that fails, and one that sleeps."""
    document = environment_of("tests/environments/Pulumi.pools.yaml")
    chat = document["models"]["chat"]
    edits: dict[str, Any] = {
        "release.name": "2026.11-lab",
        "models.chat": {**chat, "serving": {"kind": "llm-d"}, "scaling": {"kind": "fixed", "replicas": 2}},
        "models.flawed": {**document["models"]["reranker"], "displayName": "Flawed"},
        "tiers.only.models": ["chat", "reranker", "resting", "flawed"],
        "monitoring.intervalSeconds": INTERVAL,
        "monitoring.objectives.firstTokenSeconds": 2.5,
        "monitoring.energy": {"gramsCo2PerKwh": 100, "overhead": 1.2},
    }
    return judge(edited(document, edits))


def watched() -> list[dict[str, Any]]:
    """Monitors and rules that the platform writes."""
    found = [normalised(one.inputs) for one in platform_graph(environment()) if one.object]
    return [one for one in found if one.get("kind") in PLURALS]


def port_of(monitors: list[dict[str, Any]], model: str) -> int:
    """Where a model's monitor reads."""
    (found,) = [one for one in monitors if one["kind"] == "PodMonitor" and one["metadata"]["name"] == model]
    return int(found["spec"]["podMetricsEndpoints"][0]["portNumber"])


def power() -> str:
    """Page of DCGM's exporter: it names the pod that holds a GPU."""
    lines = [
        f'DCGM_FI_DEV_POWER_USAGE{{gpu="{index}",Hostname="whole-1",namespace="andel-serving",pod="{pod}"}} {watts}'
        for index, (pod, watts) in enumerate(WATTS.items())
    ]
    return "\n".join([*lines, 'DCGM_FI_DEV_POWER_USAGE{gpu="0",Hostname="whole-2"} 70', ""])


@dataclass(frozen=True)
class Watched:
    """What was sent, and the Prometheus that saw it."""

    prometheus: str
    answers: dict[tuple[str, str], list[tuple[int, int, int]]]
    stand: Stand

    def ask(self, expr: str) -> dict[tuple[str, ...], float]:
        """Values of an expression by the values of its labels, without the name."""
        return {
            tuple(value for key, value in sorted(one["metric"].items()) if key != "__name__"): float(one["value"][1])
            for one in query(self.prometheus, expr)
        }

    def tokens(self, model: str) -> int:
        """Tokens of the model's answers and prompts, by their own usage."""
        return sum(
            prompt + answer for (asked, _), sent in self.answers.items() if asked == model for _, prompt, answer in sent
        )


def query(address: str, expr: str, **headers: str) -> list[dict[str, Any]]:
    """The answer of Prometheus' API."""
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", f"{address}/api/v1/query?{urlencode({'query': expr})}", headers=headers, timeout=10)
    assert answer.status == 200, answer.data
    found: list[dict[str, Any]] = json.loads(answer.data)["data"]["result"]
    return found


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("watched") / "plane"
    parts = (PICKER, *ROUTING_PARTS, PROMETHEUS, *MONITORING_PARTS)
    with cluster(folder, {"inferencepools.inference.networking.k8s.io"}, *parts) as plane:
        start_operator(plane)
        yield plane


@pytest.fixture(scope="module")
def seen(plane: ControlPlane) -> Iterator[Watched]:
    """Everything at work: a request of each sort, so that its counters are there; then the load; then the figures."""
    one, monitors = environment(), watched()
    ports = {model: port_of(monitors, model) for model in set(PODS.values())}
    with standing(plane, one, ports, power()) as stand:
        write(plane, monitors)
        prometheus = start_watching(plane, NAMESPACE, selecting(one))
        until(lambda: all_up(prometheus), 60)
        for (model, municipality), _ in SENT.items():
            stand.ask(model, municipality)
        time.sleep(2 * INTERVAL)
        with ThreadPoolExecutor(16) as threads:
            asked = {
                who: [threads.submit(stand.ask, *who) for _ in range(count)] for who, count in SENT.items()
            }
            answers = {who: [future.result() for future in futures] for who, futures in asked.items()}
        time.sleep(2 * INTERVAL + EVALUATION)
        yield Watched(prometheus, answers, stand)


def write(plane: ControlPlane, objects: list[dict[str, Any]]) -> None:
    """Monitors and rules as they are written, and one for the page that plays DCGM: the GPU operator brings its own."""
    namespaces = {one["metadata"]["namespace"] for one in objects} | {NAMESPACE, DCGM_AT}
    for name in namespaces:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        plane.api().apply(f"/api/v1/namespaces/{name}", body)
    for one in [*objects, of_dcgm(objects[0]["metadata"]["labels"])]:
        path = f"namespaces/{one['metadata']['namespace']}/{PLURALS[one['kind']]}/{one['metadata']['name']}"
        kept = {key: one[key] for key in ("apiVersion", "kind", "metadata", "spec")}
        plane.api().apply(f"/apis/monitoring.coreos.com/v1/{path}", kept)


def of_dcgm(labels: dict[str, str]) -> dict[str, Any]:
    """A monitor as the GPU operator's, of pods instead of a Service: an endpoint may not be on loopback."""
    spec = {
        "selector": {"matchLabels": {"app": "nvidia-dcgm-exporter"}},
        "podMetricsEndpoints": [{"port": "metrics", "interval": f"{INTERVAL}s"}],
    }
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": "dcgm", "namespace": DCGM_AT, "labels": labels},
        "spec": spec,
    }


def selecting(one: Environment) -> dict[str, Any]:
    """Spec of a Prometheus as kube-prometheus-stack makes it of our values: it looks into all namespaces."""
    assert one.monitoring is not None
    chosen = values(one.monitoring)["prometheus"]["prometheusSpec"]
    everywhere = {f"{kind}NamespaceSelector": {} for kind in ("serviceMonitor", "podMonitor", "rule")}
    return {**{key: value for key, value in chosen.items() if not key.endswith("NilUsesHelmValues")}, **everywhere}


def all_up(prometheus: str) -> bool:
    """Whether every pod was read once."""
    found = query(prometheus, "up == 1")
    return len({one["metric"]["pod"] for one in found}) == len(PODS) + 3


def test_every_pod_is_found_once_and_nothing_else(seen: Watched) -> None:
    up = query(seen.prometheus, "up")
    assert sorted(one["metric"]["pod"] for one in up) == sorted([*PODS, "picker-0", "edge-0", "dcgm-0"])
    assert {one["metric"]["pod"]: one["metric"].get("andel_model") for one in up if one["metric"]["pod"] in PODS} == PODS


def test_all(seen: Watched) -> None:
    print(json.dumps({str(k): v for k, v in seen.answers.items()})[:600])
    for expr in ('{__name__=~"andel:.+"}', "up", '{__name__=~"inference_extension_flow_control_request_queue.*count"}', '{__name__=~"vllm:.*_total"}', "envoy_cluster_upstream_rq_xx"):
        for one in query(seen.prometheus, expr):
            print(one["metric"], one["value"][1])
