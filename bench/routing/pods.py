# SPDX-License-Identifier: MPL-2.0
"""Where it is measured with the whole gateway before it: simulators and picker as pods of a lab's real node.

Edge, identity, limits and route are what `pulumi up` wrote for the settings here. Ways differ in one thing: the back
end of the model's route at the inner gateway is its InferencePool, or the same pods one after the other. That second
back end is written as the platform writes a Service's; the pods are named one by one, since Envoy Gateway sends to a
Service's pods, never to its address.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import urllib3
import yaml

from andel.lab.node_images import simulated
from components.model_route import ModelRouteArgs, rules, service_backend
from components.serving.endpoint import Endpoint
from components.serving.llm_d import pool
from config.names import SERVING
from config.serving import LlmD
from tests.node.gateway import STACK, GatewayLab, stand
from tests.node.node import node_lab

from .load import Load
from .workload import Engine

MODEL = "text"
MUNICIPALITY = "aarhus"
ENGINES = f"app.kubernetes.io/component=llminferenceservice-workload,andel/model={MODEL}"
PICKER = f"andel/picker={MODEL}"
PORT = 8000
READY_SECONDS = 300
ENOUGH = 24
"""Requests in a row, each over a connection of its own, that go the right way: two proxies of either gateway learn of
it, each in its time."""

MUCH = 1_000_000_000
"""A limit that no run reaches."""

PROGRAMS = {
    "llm-d-inference-sim": "simulators",
    "epp": "picker",
    "envoy": "proxies",
    "app": "model names",
    "authorino": "identity",
    "ratelimit": "limits",
    "redis-server": "counts",
}
"""Parts by the beginning of their program's name, as the kernel has it."""


@dataclass(frozen=True, kw_only=True)
class GatewayPods:
    """Pods of a model, behind the gateway of a lab."""

    lab: GatewayLab
    engine: Engine

    def load(self, door: str) -> Load:
        """Requests to the edge, with the key of an application; which back end answers is `fresh`'s business."""
        del door
        host = self.lab.host
        headers = {"host": host, "authorization": f"Bearer {self.lab.key(MUNICIPALITY)}"}
        tls = {"ca_cert_data": self.lab.authority, "server_hostname": host, "assert_hostname": host}
        return Load(f"https://{self.lab.edge}", MODEL, headers, **tls)

    def fresh(self, config: Mapping[str, Any] | None) -> None:
        """Other pods in these ones' place, and the route to their picker, or past it.

        Args:
            config: of the picker, which is the deployed one; None goes round.
        """
        for selector in (ENGINES, PICKER):
            self.lab.end(SERVING, selector)
        self.lab.until_ready(SERVING, ENGINES, self.engine.pods, seconds=READY_SECONDS)
        self.lab.until_ready(SERVING, PICKER, seconds=READY_SECONDS)
        self._lead(picked=config is not None)
        self._await(picked=config is not None)

    def processor_seconds(self) -> dict[str, float]:
        """Processor time so far of the node's programs, by part."""
        spent: dict[str, float] = dict.fromkeys(PROGRAMS.values(), 0.0)
        for process in psutil.process_iter(["name", "cpu_times"]):
            part = next((part for name, part in PROGRAMS.items() if process.info["name"].startswith(name[:15])), None)
            if part and process.info["cpu_times"]:
                spent[part] += process.info["cpu_times"].user + process.info["cpu_times"].system
        return spent

    def _lead(self, *, picked: bool) -> None:
        """Name the pool as the model's back end, or its pods one after the other."""
        route = ModelRouteArgs(model=MODEL, endpoint=endpoint(picked), timeout_seconds=600, idle_seconds=300)
        if not picked:
            for version, kind, spec in service_backend(route):
                self._apply(version, kind, self._pods() if kind == "Backend" else spec)
        self._patch("aigatewayroute", {"spec": {"rules": rules(route)}})
        turn = None if picked else {"type": "RoundRobin"}
        self._patch("backendtrafficpolicy", {"spec": {"loadBalancer": turn}})

    def _pods(self) -> dict[str, Any]:
        """Spec of a Backend: the model's pods, over the TLS that they speak."""
        found = self.lab.pods(SERVING, ENGINES)
        secured = any("ssl-certfile" in json.dumps(pod["spec"]) for pod in found)
        return {
            "endpoints": [{"ip": {"address": pod["status"]["podIP"], "port": PORT}} for pod in found],
            **({"tls": {"insecureSkipVerify": True}} if secured else {}),
        }

    def _apply(self, version: str, kind: str, spec: Mapping[str, Any]) -> None:
        manifest = {"apiVersion": version, "kind": kind, "metadata": {"name": MODEL}, "spec": dict(spec)}
        self.lab.api.apply(f"/apis/{version}/namespaces/{SERVING}/{kind.lower()}s/{MODEL}", manifest)

    def _patch(self, resource: str, change: Mapping[str, Any]) -> None:
        ended = self.lab.kubectl("-n", SERVING, "patch", resource, MODEL, "--type=merge", "-p", json.dumps(change))
        if ended.returncode:
            raise RuntimeError(ended.stderr)

    def _await(self, *, picked: bool) -> None:
        """Wait until requests are answered, and go the way they should: the picker counts those that it sees."""
        asked = {"model": MODEL, "messages": [{"role": "user", "content": "Goddag"}], "max_tokens": 1}
        deadline, right = time.monotonic() + READY_SECONDS, 0
        while right < ENOUGH:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the route to {'the picker' if picked else 'the pods'} does not come to hold")
            before = self._picks()
            with self.lab.http(self.lab.key(MUNICIPALITY)) as client:
                status = client.post("/chat/completions", json=asked).status_code
            right = right + 1 if status == 200 and (self._picks() > before) == picked else 0
            time.sleep(0.2)

    def _picks(self) -> int:
        """Requests that the picker has seen (source: GIE v1.5.0, pkg/epp/metrics)."""
        (pod,) = self.lab.pods(SERVING, PICKER)
        page = urllib3.request("GET", f"http://{pod['status']['podIP']}:9090/metrics", retries=False, timeout=10)
        found = re.findall(r"^inference_objective_request_total\{[^}]*\} (\d+)", page.data.decode(), re.MULTILINE)
        return sum(map(int, found))


def endpoint(picked: bool) -> Endpoint:
    """The model's back end by its picker, or without one."""
    placed: dict[str, Any] = {"namespace": SERVING, "port": PORT, "model": MODEL, "metrics_port": PORT}
    return (
        Endpoint(kind="InferencePool", name=pool(MODEL), **placed)
        if picked
        else Endpoint(kind="Service", name=MODEL, **placed)
    )


@contextmanager
def gateway_pods(folder: Path, engine: Engine, serving: LlmD) -> Iterator[GatewayPods]:
    """A lab with a real node, on which a model of so many pods answers behind the whole gateway.

    Args:
        folder: where it lies.
        engine: what each pod is.
        serving: the model's serving section.
    """
    with node_lab(folder, STACK, change=lambda text: settings(text, engine, serving)) as started:
        lab = GatewayLab(started.lab, started.stack)
        stand(lab, folder / "keys", fetch_with_little)
        image = lab.pods(SERVING, ENGINES)[0]["spec"]["containers"][0]["image"]
        lab.load({image: simulated(*hardware(engine))})
        yield GatewayPods(lab=lab, engine=engine)


def fetch_with_little(lab: GatewayLab) -> None:
    """What fetches weights asks for a tenth of a processor in each pod: with so many, more than a small machine has."""
    stored = "storageInitializer"
    named = ("-n", "kserve", "configmap", "inferenceservice-config")
    told = json.loads(lab.kubectl("get", *named, f"-o=jsonpath={{.data.{stored}}}").stdout)
    change = {"data": {stored: json.dumps({**told, "cpuRequest": "10m"})}}
    lab.kubectl("patch", *named, "--type=merge", "-p", json.dumps(change))


def hardware(engine: Engine) -> list[str]:
    """Arguments of a simulator that no manifest has: what a real one's GPU decides."""
    return [
        "--enable-kvcache",
        "--hash-seed=42",
        "--seed=1",
        "--max-waiting-queue-length=100000",
        f"--kv-cache-size={engine.cache_blocks}",
        f"--time-factor-under-load={engine.load_factor}",
        f"--prefill-overhead={engine.prefill_overhead_milliseconds}ms",
        f"--prefill-time-per-token={engine.prefill_microseconds_per_token}us",
        f"--inter-token-latency={engine.token_milliseconds}ms",
    ]


def settings(text: str, engine: Engine, serving: LlmD) -> str:
    """The settings of the gateway's tests with one model of so many pods, and tiers whose limits nobody reaches."""
    document = yaml.safe_load(text)
    environment = document["config"]["andel:environment"]
    model = environment["models"][MODEL]
    model.pop("overflow")
    environment.pop("overflow")
    model |= {
        "contextTokens": 16384,
        "resources": {"cpu": "10m", "memory": "400Mi"},
        "scaling": {"kind": "fixed", "replicas": engine.pods},
        "arguments": {"max-num-seqs": engine.requests, "block-size": engine.block_tokens},
        "serving": {**model["serving"], **serving.model_dump(by_alias=True, exclude_unset=True, mode="json")},
    }
    environment["models"] = {MODEL: model}
    for tier in environment["tiers"].values():
        tier |= {
            "requestsPerMinute": MUCH,
            "tokensPerMinute": MUCH,
            "month": {**tier["month"], "tokens": MUCH},
            "contextTokens": 16384,
            "models": [MODEL],
        }
    return yaml.safe_dump(document)
