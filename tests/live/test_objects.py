# SPDX-License-Identifier: MPL-2.0
"""Objects of pools, queues and monitoring on a real API server, judged strictly by their real definitions.

Definitions of the Prometheus operator lie in no module: where none is at hand its objects are taken unseen, and the
test says so by skipping.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from andel.lab.api import ApiServer
from andel.lab.build import build
from andel.lab.definitions import install, unchecked, unpublished
from andel.lab.errors import LabError
from andel.lab.parts import DEFINITIONS
from config.judge import judge
from tests.components.program import normalised, platform_graph
from tests.config.edits import environment_of
from tests.live.bare import cluster

POOLS = "tests/environments/Pulumi.pools.yaml"
PLURALS = {
    "NodePool": "nodepools",
    "MachineDeployment": "machinedeployments",
    "Topology": "topologies",
    "ResourceFlavor": "resourceflavors",
    "Cohort": "cohorts",
    "ClusterQueue": "clusterqueues",
    "LocalQueue": "localqueues",
    "PodMonitor": "podmonitors",
    "PrometheusRule": "prometheusrules",
    "ConfigMap": "configmaps",
}
GROUPS = ("karpenter.sh/", "cluster.x-k8s.io/", "kueue.x-k8s.io/", "monitoring.coreos.com/")


def objects() -> list[dict[str, Any]]:
    """What the platform writes of these kinds."""
    graph = platform_graph(judge(environment_of(POOLS)))
    found = [normalised(one.inputs) for one in graph if one.object]
    return [one for one in found if str(one.get("apiVersion", "")).startswith(GROUPS)]


OBJECTS = objects()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    build((DEFINITIONS,))
    collected = json.loads((DEFINITIONS.folder / "definitions.json").read_text())
    names = {one["metadata"]["name"] for _, one in collected}
    chosen = {name for name in names if name.endswith(tuple(group.rstrip("/") for group in GROUPS))}
    with cluster(tmp_path_factory.mktemp("objects") / "plane", chosen) as plane:
        api = plane.api()
        install(api, [definition for definition, _ in unpublished()])
        for namespace in {one["metadata"].get("namespace") for one in OBJECTS} - {None}:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            api.apply(f"/api/v1/namespaces/{namespace}", body)
        yield api


def path(one: dict[str, Any]) -> str:
    place = f"namespaces/{one['metadata']['namespace']}/" if "namespace" in one["metadata"] else ""
    return f"/apis/{one['apiVersion']}/{place}{PLURALS[one['kind']]}/{one['metadata']['name']}"


def test_there_is_one_of_every_kind() -> None:
    assert {one["kind"] for one in OBJECTS} == set(PLURALS) - {"ConfigMap"}


@pytest.mark.parametrize("one", OBJECTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_the_server_takes_what_is_written(api: ApiServer, one: dict[str, Any]) -> None:
    if one["kind"] in unchecked():
        pytest.skip(f"no definition of {one['kind']} is at hand (shared/crds): its fields are not judged")
    api.apply(path(one), {key: one[key] for key in ("apiVersion", "kind", "metadata", "spec")})


@pytest.mark.parametrize("kind", sorted(set(PLURALS) - {"ConfigMap", "Topology"}))
def test_the_server_would_say_so(api: ApiServer, kind: str) -> None:
    """A field that nobody knows is refused: else the test above proves nothing."""
    if kind in unchecked():
        pytest.skip(f"no definition of {kind} is at hand (shared/crds)")
    one = next(one for one in OBJECTS if one["kind"] == kind)
    wrong = {**one, "spec": {**one["spec"], "moood": 1}}
    with pytest.raises(LabError, match="moood"):
        api.apply(path(one), {key: wrong[key] for key in ("apiVersion", "kind", "metadata", "spec")})
