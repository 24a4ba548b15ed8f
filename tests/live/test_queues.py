# SPDX-License-Identifier: MPL-2.0
"""Kueue's own controller on the queues that the platform writes: admits, queues, borrows, takes back and shares.

GPU nodes are played by KWOK, and placed on by the real scheduler. Workloads are Deployments whose pods carry the label,
as those of models do; KWOK would let pods of a Job end at once.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from andel.lab.api import ApiServer
from andel.lab.control_plane import ControlPlane
from andel.lab.nodes import apply_nodes, fake_node, system_node
from andel.lab.queue_parts import KUEUE_CONTROLLER
from andel.lab.queues import start_kueue
from config.environment import Environment
from config.judge import judge
from config.names import SERVING
from tests.components.program import normalised, platform_graph
from tests.config.edits import edited
from tests.conftest import stack_document
from tests.live.bare import cluster
from tests.support.waiting import until

NODES = ("gpu-1", "gpu-2")
GPUS = 16
PLURALS = {
    "Topology": "topologies",
    "ResourceFlavor": "resourceflavors",
    "Cohort": "cohorts",
    "ClusterQueue": "clusterqueues",
    "LocalQueue": "localqueues",
}
SETTLED = 6
"""Readings of one count, a second in all, after which it is taken to stay."""


def environment() -> Environment:
    """Two nodes of eight GPUs. Of 16, 8 are for serving, which lends 6; 2 each for batch and tuning; 4 are common."""
    document = stack_document("dev")
    large = document["pools"]["large"]
    edits = {
        "pools": {
            "large": {
                **large,
                "gpu": {**large["gpu"], "perNode": 8},
                "nodes": {"kind": "named", "names": list(NODES)},
            }
        },
        "models": {"mistral-small": document["models"]["mistral-small"]},
        "tiers": {"basis": {**document["tiers"]["basis"], "models": ["mistral-small"]}},
        "municipalities": {},
        "pooling": {
            "uses": {
                "serving": {"pools": {"large": {"guaranteed": 8, "lends": 6}}, "weight": 8},
                "batch": {"pools": {"large": {"guaranteed": 2}}, "namespaces": ["batch"], "weight": 1},
                "tuning": {"pools": {"large": {"guaranteed": 2}}, "namespaces": ["tuning"], "weight": 3},
            }
        },
    }
    return judge(edited(document, edits))


def queue_objects() -> Iterator[dict[str, Any]]:
    """What the platform writes for Kueue, in order."""
    found = [normalised(one.inputs) for one in platform_graph(environment()) if one.object]
    ours = [one for one in found if str(one.get("apiVersion", "")).startswith("kueue.x-k8s.io/")]
    yield from sorted(ours, key=lambda one: list(PLURALS).index(one["kind"]))


def node(name: str) -> dict[str, Any]:
    taints = [{"key": "node-role.kubernetes.io/gpu", "value": "", "effect": "NoSchedule"}]
    return fake_node(name, {"andel/pool": "large"}, {"cpu": "64", "memory": "512Gi", "nvidia.com/gpu": "8"}, taints)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("queues") / "plane"
    with cluster(folder, set(), KUEUE_CONTROLLER) as plane:
        api = plane.api()
        apply_nodes(api, [system_node(), *map(node, NODES)])
        for namespace in (SERVING, "batch", "tuning"):
            api.apply(
                f"/api/v1/namespaces/{namespace}",
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
            )
        for name, value in (("high", 1000), ("low", 10)):
            rank = {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": name},
                "value": value,
            }
            api.apply(f"/apis/scheduling.k8s.io/v1/priorityclasses/{name}", rank)
        start_kueue(plane)
        for one in queue_objects():
            api.apply(path(one), {key: one[key] for key in ("apiVersion", "kind", "metadata", "spec")})
        for use in ("serving", "batch", "tuning"):
            until(lambda use=use: active(api, use))  # type: ignore[misc]
        yield plane


def path(one: dict[str, Any]) -> str:
    place = f"namespaces/{one['metadata']['namespace']}/" if "namespace" in one["metadata"] else ""
    return f"/apis/{one['apiVersion']}/{place}{PLURALS[one['kind']]}/{one['metadata']['name']}"


def active(api: ApiServer, use: str) -> bool:
    found = api.get(f"/apis/kueue.x-k8s.io/v1beta2/clusterqueues/{use}") or {}
    conditions = found.get("status", {}).get("conditions", [])
    return any(one["type"] == "Active" and one["status"] == "True" for one in conditions)


@pytest.fixture
def deploy(plane: ControlPlane) -> Iterator[Callable[..., None]]:
    """Write a Deployment of pods with a GPU each in the queue of a use. All go after the test."""
    api = plane.api()
    made: set[tuple[str, str]] = set()

    def write(use: str, replicas: int, rank: str | None = None) -> None:
        namespace = SERVING if use == "serving" else use
        name = f"{use}-{rank}" if rank else use
        made.add((namespace, name))
        api.apply(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}", deployment(name, use, replicas, rank))

    yield write
    for namespace, name in made:
        api.delete(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")
    until(lambda: not running(api) and not waiting(api), 60)


def deployment(name: str, queue: str, replicas: int, rank: str | None) -> dict[str, Any]:
    """Pods as KServe makes them of a model: labels and place in the template, nothing on the Deployment."""
    labels = {"app": name, "kueue.x-k8s.io/queue-name": queue}
    resources = {"requests": {"cpu": "1", "memory": "8Gi", "nvidia.com/gpu": "1"}, "limits": {"nvidia.com/gpu": "1"}}
    place = {
        "nodeSelector": {"andel/pool": "large"},
        "tolerations": [{"key": "node-role.kubernetes.io/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        **({"priorityClassName": rank} if rank else {}),
    }
    containers = [{"name": "main", "image": "example.dk/vllm:1", "resources": resources}]
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": containers, **place, "terminationGracePeriodSeconds": 0},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def pods(api: ApiServer) -> list[dict[str, Any]]:
    return api.items("/api/v1/pods?labelSelector=kueue.x-k8s.io/queue-name")


def running(api: ApiServer) -> Counter[str]:
    """Running pods by Deployment."""
    return Counter(
        pod["metadata"]["labels"]["app"]
        for pod in pods(api)
        if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
    )


def waiting(api: ApiServer) -> Counter[str]:
    """Pods that Kueue holds back, by Deployment."""
    return Counter(pod["metadata"]["labels"]["app"] for pod in pods(api) if pod["spec"].get("schedulingGates"))


def settles(api: ApiServer, wanted: Callable[[Counter[str]], bool], seconds: float = 60) -> Counter[str]:
    """The running pods, once they are as wanted and stay so."""
    seen: list[Counter[str]] = []

    def still() -> bool:
        seen.append(running(api))
        return len(seen) >= SETTLED and all(wanted(one) for one in seen[-SETTLED:])

    until(still, seconds)
    return seen[-1]


def test_a_workload_within_its_guarantee_runs(plane: ControlPlane, deploy: Callable[..., None]) -> None:
    """On the nodes of the pool, placed by the real scheduler."""
    api = plane.api()
    deploy("serving", 3)
    settles(api, lambda found: found == {"serving": 3})
    assert {pod["spec"]["nodeName"] for pod in pods(api)} <= set(NODES)
    assert not waiting(api)


def test_idle_gpus_are_borrowed_and_the_rest_waits(plane: ControlPlane, deploy: Callable[..., None]) -> None:
    """2 of its own, 4 in common, 2 of tuning, 6 that serving lends: 14. Serving keeps 2 that it lends to nobody."""
    api = plane.api()
    deploy("batch", GPUS)
    settles(api, lambda found: found == {"batch": 14})
    assert waiting(api) == {"batch": 2}


def test_what_was_lent_is_taken_back(plane: ControlPlane, deploy: Callable[..., None]) -> None:
    """Batch has all that it may borrow; serving asks for its guarantee and gets it, by stopping who borrowed."""
    api = plane.api()
    deploy("batch", GPUS)
    settles(api, lambda found: found == {"batch": 14})
    deploy("serving", 8)
    settles(api, lambda found: found == {"serving": 8, "batch": 8})
    assert waiting(api) == {"batch": 8}
    deploy("serving", 0)
    settles(api, lambda found: found == {"batch": 14})


def test_what_is_idle_is_shared_by_weight(plane: ControlPlane, deploy: Callable[..., None]) -> None:
    """Both have 2 of their own; of 10 idle ones a weight of 3 gets about three times what a weight of 1 gets."""
    api = plane.api()
    deploy("batch", GPUS)
    settles(api, lambda found: found == {"batch": 14})
    deploy("tuning", GPUS)
    found = settles(api, lambda found: found.total() == 14 and found["tuning"] >= 9)
    borrowed = {use: found[use] - 2 for use in ("batch", "tuning")}
    assert borrowed in ({"batch": 3, "tuning": 7}, {"batch": 2, "tuning": 8})


def test_nobody_waits_in_a_queue_of_others(plane: ControlPlane, deploy: Callable[..., None]) -> None:
    """A namespace that is not the use's has no queue of that name: its pods are held for ever."""
    api = plane.api()
    name = "smuggled"
    body = deployment(name, "serving", 1, None)
    api.apply(f"/apis/apps/v1/namespaces/batch/deployments/{name}", body)
    try:
        until(lambda: waiting(api) == {name: 1})
        settles(api, lambda found: not found)
    finally:
        api.delete(f"/apis/apps/v1/namespaces/batch/deployments/{name}")
        until(lambda: not waiting(api))


def test_after_the_loss_of_a_node_the_higher_priority_runs(plane: ControlPlane, deploy: Callable[..., None]) -> None:
    """Eight GPUs are left for sixteen pods. Those of high priority stand again: lower ones are stopped for them."""
    api = plane.api()
    deploy("serving", 6, "low")
    deploy("serving", 2, "high")
    settles(api, lambda found: found == {"serving-low": 6, "serving-high": 2})
    deploy("batch", 8)
    settles(api, lambda found: found["batch"] == 8)
    lost = next(pod["spec"]["nodeName"] for pod in pods(api) if pod["metadata"]["labels"]["app"] == "serving-high")
    apply_nodes(api, [system_node(), *(node(name) for name in NODES if name != lost)])
    try:
        # Pods of a node that is gone seem to run until the garbage collector has been there twice: about a minute.
        settles(api, lambda found: found["serving-high"] == 2 and found.total() <= 8, 180)
    finally:
        apply_nodes(api, [system_node(), *map(node, NODES)])
