# SPDX-License-Identifier: MPL-2.0
"""`andel capacity` against the real scheduler: on prod and on made-up environments it says what then happens."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest

from andel.capacity import CASES, cases
from andel.lab.api import ApiServer
from andel.lab.control_plane import ControlPlane
from andel.lab.nodes import apply_nodes, gpu_nodes, system_node
from components.gpu_pool import placement
from components.serving.model import requests
from config.environment import Environment
from config.judge import judge
from config.names import SERVING
from config.placement import Fit
from tests.conftest import stack_document
from tests.live.bare import cluster
from tests.live.environments import made_up
from tests.support.waiting import until

MADE_UP = 20
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SERVING}/deployments"
PODS = f"/api/v1/namespaces/{SERVING}/pods"
ENVIRONMENTS = {
    "prod": judge(stack_document("prod")),
    **{f"made-up-{index}": one for index, one in enumerate(islice(made_up(20261121), MADE_UP), start=1)},
}


@dataclass(frozen=True)
class Found:
    """What the scheduler did on a pool."""

    free: int
    waiting: Counter[str]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("capacity") / "plane"
    with cluster(folder, set()) as plane:
        assert isinstance(plane, ControlPlane)
        api = plane.api()
        api.apply(
            f"/api/v1/namespaces/{SERVING}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SERVING}}
        )
        yield api


def deployments(environment: Environment, *, most: bool) -> Iterator[dict[str, Any]]:
    """Pods of each model, with what the platform would have them ask for."""
    for name, model in environment.models.items():
        place = placement(model.pool, environment.pools[model.pool])
        for part, workload in enumerate(model.workloads):
            labels = {"andel/model": name, "part": str(part)}
            asked = requests(place, workload.gpus, workload.cpu, workload.memory)
            pod = {
                "containers": [{"name": "main", "image": "example.dk/vllm:1", "resources": asked}],
                "nodeSelector": place.node_selector,
                "tolerations": place.tolerations,
                "terminationGracePeriodSeconds": 0,
            }
            spec = {
                "replicas": (workload.most if most else workload.least) * workload.pods,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            }
            metadata = {"name": f"{name}-{part}"}
            yield {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def decided(pod: dict[str, Any]) -> bool:
    """Whether the scheduler has placed a pod, or found no place for it."""
    conditions = pod["status"].get("conditions", [])
    refused = any(one["type"] == "PodScheduled" and one.get("reason") == "Unschedulable" for one in conditions)
    return refused or bool(pod["spec"].get("nodeName"))


def observed(api: ApiServer, environment: Environment, wanted: list[dict[str, Any]]) -> dict[str, Found]:
    """What stands and what waits, once every pod that was asked for is decided upon."""
    count = sum(one["spec"]["replicas"] for one in wanted)

    def all_decided() -> bool:
        there = [pod for pod in api.items(PODS) if "deletionTimestamp" not in pod["metadata"]]
        return len(there) == count and all(map(decided, there))

    until(all_decided, 60)
    found = {}
    nodes = {node["metadata"]["name"] for node in api.items("/api/v1/nodes")}
    for name, pool in environment.pools.items():
        mine = [pod for pod in api.items(PODS) if environment.models[label(pod)].pool == name]
        there = sum(node.startswith(f"{name}-") for node in nodes) * pool.shares_per_node
        placed = [pod for pod in mine if pod["spec"].get("nodeName")]
        assert all(pod["spec"]["nodeName"].startswith(f"{name}-") for pod in placed)
        taken = sum(int(shares(pod, pool.resource)) for pod in placed)
        found[name] = Found(there - taken, Counter(label(pod) for pod in mine if pod not in placed))
    return found


def label(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["labels"]["andel/model"])


def shares(pod: dict[str, Any], resource: str) -> str:
    return str(pod["spec"]["containers"][0]["resources"]["limits"].get(resource, "0"))


def clear(api: ApiServer) -> None:
    for one in api.items(DEPLOYMENTS):
        api.delete(f"{DEPLOYMENTS}/{one['metadata']['name']}")
    until(lambda: not api.items(PODS), 60)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_scheduler_does_what_capacity_says(api: ApiServer, name: str) -> None:
    environment = ENVIRONMENTS[name]
    for case, (lost, most) in CASES.items():
        clear(api)
        nodes = [node for node in gpu_nodes(environment) if not (lost and node["metadata"]["name"].endswith("-1"))]
        apply_nodes(api, [system_node(), *nodes])
        wanted = list(deployments(environment, most=most))
        for one in wanted:
            api.apply(f"{DEPLOYMENTS}/{one['metadata']['name']}", one)
        found = observed(api, environment, wanted)
        for said in (row for row in cases(environment) if row.case == case):
            seen = found[said.pool]
            about = f"{name}, {case}, {said}: {seen}"
            match said.fit:
                case Fit.CERTAIN:
                    assert (seen.free, seen.waiting) == (said.free, Counter()), about
                case Fit.PACKED:  # in a bad order some wait; never more stand than there is room for
                    assert seen.free >= said.free, about
                    assert bool(seen.waiting) == (seen.free > said.free), about
                case Fit.SHORT:
                    assert seen.waiting, about
                    assert seen.free >= 0, about
                    if {workload.gpus for workload in workloads(environment, said.pool)} == {1}:
                        assert seen.waiting.total() == waits(said.waiting), about
    clear(api)


def workloads(environment: Environment, pool: str) -> list[Any]:
    return [one for model in environment.models.values() if model.pool == pool for one in model.workloads]


def waits(listed: str) -> int:
    """Pods that a row says wait: `a 2, b 1`."""
    return sum(int(one.rsplit(" ", 1)[1]) for one in listed.split(", ")) if listed else 0


def test_the_made_up_environments_are_of_many_kinds() -> None:
    """Twenty that fit in any order would prove little."""
    fits = Counter(row.fit for one in ENVIRONMENTS.values() for row in cases(one))
    assert len(ENVIRONMENTS) == MADE_UP + 1
    assert min(fits[fit] for fit in Fit) >= 5, fits
