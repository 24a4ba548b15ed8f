# SPDX-License-Identifier: MPL-2.0
"""The lab's real node: pods that run, those of the gateway among them; and a machine that is as it was afterwards."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from andel.lab import lifecycle
from andel.lab.node import HOLDER, MEMORY, PROCESSES, folder
from andel.lab.node_images import content
from andel.lab.processes import running
from tests.support.waiting import until

from .node import NodeLab, node_lab
from .node_objects import NAMESPACE, RESTRICTED, STORE, deployment, routed, service, stored

MODEL = "docker.io/vllm/vllm-openai:v0.33.0"
IDENTITY = "quay.io/kuadrant/authorino:v0.27.0"
CHAT: dict[str, Any] = {"model": "simulated", "messages": [{"role": "user", "content": "Goddag"}], "max_tokens": 5}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeLab]:
    with node_lab(tmp_path_factory.mktemp("node")) as lab:
        yield lab


@pytest.fixture(scope="module")
def models(lab: NodeLab) -> NodeLab:
    """Two simulators in a namespace under the walls of Pod Security, behind a Service."""
    walls = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": walls}}
    lab.api.apply(f"/api/v1/namespaces/{NAMESPACE}", namespace)
    lab.offer(nvidia_com__gpu=2)
    lab.load({name: content(name.rpartition(":")[0]) for name in (STORE, IDENTITY)})
    container = {
        "name": "main",
        "image": MODEL,
        "command": ["vllm", "serve", "/mnt/models"],
        "args": ["--port=8000", "--served-model-name=simulated", "--gpu-memory-utilization=0.9"],
        "ports": [{"containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 1},
        "resources": {"limits": {"cpu": "1", "memory": "200Mi", "nvidia.com/gpu": 1}},
        "securityContext": RESTRICTED,
    }
    lab.api.apply(*deployment("simulated", 2, container))
    lab.api.apply(*service("simulated", 80, 8000))
    lab.until_ready(NAMESPACE, "app=simulated", 2)
    return lab


def ask(address: str) -> dict[str, Any]:
    """The answer of a model at an address."""
    answer = urllib3.request("POST", f"http://{address}/v1/chat/completions", json=CHAT, timeout=10, retries=False)
    assert answer.status == 200, answer.data
    found: dict[str, Any] = answer.json()
    return found


def test_pods_of_models_run_and_answer(models: NodeLab) -> None:
    """Each on its own address, and both behind the Service's: from this machine, as from a pod."""
    pods = models.pods(NAMESPACE, "app=simulated")
    assert {pod["spec"]["nodeName"] for pod in pods} == {"node-1"}
    for pod in pods:
        assert 0 < ask(f"{pod['status']['podIP']}:8000")["usage"]["completion_tokens"] <= CHAT["max_tokens"]
    address = models.address(NAMESPACE, "simulated")
    answered = {ask(address)["id"] for _ in range(20)}
    assert len(answered) == 20


def test_a_pod_finds_a_service_by_its_name(models: NodeLab) -> None:
    """CoreDNS answers pods, and kube-proxy takes them there; Redis' own client does the asking."""
    for path, manifest in stored():
        models.api.apply(path, manifest)
    models.until_ready(NAMESPACE, "app=store", 2)
    (first, _) = models.pods(NAMESPACE, "app=store")
    name = first["metadata"]["name"]
    for host in ("store", f"store.{NAMESPACE}.svc.cluster.local"):
        answer = models.exec(NAMESPACE, name, "valkey-cli", "-h", host, "ping")
        assert answer.stdout.strip() == "PONG", answer.stderr
    assert "Could not connect" in models.exec(NAMESPACE, name, "valkey-cli", "-h", "nowhere", "ping").stderr
    assert "eady to accept connections" in models.logs(NAMESPACE, name, "store")


def test_a_pod_that_breaks_the_walls_is_refused(models: NodeLab) -> None:
    """Pod Security judges pods of the real node as those of any other."""
    models.api.apply(*deployment("loose", 1, {"name": "main", "image": MODEL}))
    until(lambda: "violates PodSecurity" in models.troubles(NAMESPACE))
    assert models.pods(NAMESPACE, "app=loose") == []


def test_what_asks_for_no_gpu_runs_for_real_and_all_pods_have_one_limit(models: NodeLab) -> None:
    """KWOK's nodes are for pods with GPUs; the kernel holds everything on the node below its share."""
    assert [node["metadata"]["name"] for node in models.api.items("/api/v1/nodes")] == ["node-1"]
    limits = [
        int(file.read_text())
        for pattern in ("memory/andel-*/memory.limit_in_bytes", "andel-*/memory.max")
        for file in Path("/sys/fs/cgroup").glob(pattern)
    ]
    assert MEMORY in limits


@pytest.mark.parametrize("victims", [("kubelet",), ("containerd",), (HOLDER,), (*PROCESSES, HOLDER)])
def test_a_node_that_was_killed_comes_back_with_its_pods(models: NodeLab, victims: tuple[str, ...]) -> None:
    """kill -9, of one program or of the whole node: the next `up` mends it, and the pods answer again."""
    address = models.address(NAMESPACE, "simulated")
    notes = [folder(models.plane) / f"{name}.pid" for name in victims]
    for note in notes:
        pid = running(note)
        assert pid
        os.kill(pid, signal.SIGKILL)
    # The kernel ends all that is in an enclosure before it ends the one that holds it.
    until(lambda: not any(map(running, notes)), 30)
    models.up()
    models.offer(nvidia_com__gpu=2)
    assert all(running(folder(models.plane) / f"{name}.pid") for name in (*PROCESSES, HOLDER))
    until(lambda: answers(address), 60)
    models.until_ready(NAMESPACE, "app=simulated", 2)


def answers(address: str) -> bool:
    try:
        return bool(ask(address))
    except (urllib3.exceptions.HTTPError, AssertionError):
        return False


@pytest.fixture(scope="module")
def operators(models: NodeLab) -> NodeLab:
    """What `pulumi up` makes of the stack."""
    models.deploy()
    return models


def test_gateways_operators_run_as_their_charts_say(operators: NodeLab) -> None:
    """`pulumi up` waits for their jobs and pods, which really run; a second one writes nothing."""
    for namespace in ("envoy-gateway-system", "envoy-ai-gateway-system"):
        operators.until_ready(namespace)
    writes = len(operators.writes())
    operators.deploy("--expect-no-changes")
    assert len(operators.writes()) == writes


def test_a_gateway_routes_by_model(operators: NodeLab) -> None:
    """Envoy Gateway makes the proxy, AI Gateway puts its filter into it, which reads the model off the body."""
    for path, manifest in routed("simulated", f"simulated.{NAMESPACE}.svc.cluster.local"):
        operators.api.apply(path, manifest)
    proxy = "gateway.envoyproxy.io/owning-gateway-name=edge"
    until(lambda: len(operators.pods("envoy-gateway-system", proxy)) == 1, 60)
    operators.until_ready("envoy-gateway-system", proxy)
    operators.give_addresses()
    (found,) = operators.api.items(f"/api/v1/namespaces/envoy-gateway-system/services?labelSelector={proxy}")
    address = f"{found['spec']['clusterIP']}:8080"
    until(lambda: answers(address), 60)
    assert ask(address)["model"] == "simulated"
    other = urllib3.request("POST", f"http://{address}/v1/chat/completions", json={**CHAT, "model": "other"}, timeout=5)
    assert other.status == 404
    models = urllib3.request("GET", f"http://{address}/v1/models", timeout=5).json()
    assert [model["id"] for model in models["data"]] == ["simulated"]
    gateway = f"/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/gateways/edge"
    until(lambda: condition(operators.api.get(gateway), "Programmed") == "True")


def condition(found: dict[str, Any] | None, kind: str) -> str | None:
    conditions = (found or {}).get("status", {}).get("conditions", [])
    return next((one["status"] for one in conditions if one["type"] == kind), None)


def test_limiter_and_identity_run(models: NodeLab) -> None:
    """The other images of the edge: a limiter that reaches its store by name, and Authorino, which says its version."""
    variables = {
        "REDIS_SOCKET_TYPE": "tcp",
        "REDIS_URL": f"store.{NAMESPACE}.svc.cluster.local:6379",
        "USE_STATSD": "false",
        "RUNTIME_ROOT": "/tmp",
    }
    limiter = {
        "name": "limiter",
        "image": "docker.io/envoyproxy/ratelimit:ff287602",
        "command": ["/bin/ratelimit"],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "readinessProbe": {"httpGet": {"path": "/healthcheck", "port": 8080}, "periodSeconds": 1},
        "securityContext": {**RESTRICTED, "runAsUser": 65532},
    }
    for path, manifest in stored():
        models.api.apply(path, manifest)
    models.until_ready(NAMESPACE, "app=store", 2)  # a limiter without a store ends, and waits ever longer
    models.api.apply(*deployment("limiter", 1, limiter))
    models.until_ready(NAMESPACE, "app=limiter")
    container = {"name": "main", "image": IDENTITY, "args": ["version"], "command": ["authorino"]}
    pod = {"containers": [{**container, "securityContext": RESTRICTED}], "restartPolicy": "Never"}
    identity = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "identity", "labels": {"app": "identity"}}}
    models.api.apply(f"/api/v1/namespaces/{NAMESPACE}/pods/identity", {**identity, "spec": pod})
    models.until_ready(NAMESPACE, "app=identity")


SEEN_FOLDERS = ("/run", "/var/lib", "/var/log")


def traces() -> dict[str, list[str]]:
    """What a node could leave on this machine."""
    groups = (str(path) for path in Path("/sys/fs/cgroup").rglob("*") if path.is_dir() and "andel" in str(path))
    return {
        "mounts": sorted(line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "interfaces": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "groups": sorted(groups),
        "routes": sorted(line.split("\t")[0] for line in Path("/proc/net/route").read_text().splitlines()),
        "folders": sorted(str(path) for one in SEEN_FOLDERS for path in Path(one).iterdir()),
        "namespaces": sorted({str(path.readlink()) for path in Path("/proc").glob("[0-9]*/ns/net") if path.exists()}),
    }


def test_down_leaves_nothing_on_the_machine(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No mount, interface, route, control group, network namespace or process; and two labs at once don't meet."""
    before = traces()
    short = tmp_path_factory.mktemp("down")  # the kubelet's sockets lie in it, and a path of one has a longest length
    with node_lab(short / "one") as one, node_lab(short / "two") as two:
        assert traces() != before
        assert one.network.pods != two.network.pods
        assert {json.dumps(ranges(lab)) for lab in (one, two)} == {json.dumps(ranges(one)), json.dumps(ranges(two))}
        os.kill(running(folder(two.plane) / f"{HOLDER}.pid") or 0, signal.SIGKILL)
        lifecycle.down(one.lab)
        lifecycle.down(two.lab)
        assert traces() == before
        assert not (short / "one" / "lab").exists()


def ranges(lab: NodeLab) -> list[str]:
    return [lab.network.pods, lab.network.services, lab.network.cable]
