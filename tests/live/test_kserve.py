# SPDX-License-Identifier: MPL-2.0
"""KServe's own controllers make of every model what the config promises, and the real scheduler finds it a place."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from andel.lab import engine, lifecycle
from andel.lab.api import ApiServer
from andel.lab.folders import LabFolder
from andel.release import release
from andel.release.admission import judged
from andel.release.engines import vllm_role
from andel.release.vllm import render, table
from components.gpu_pool import placement
from components.serving.epp import picker_config
from config.environment import Environment
from config.models import Model
from config.names import SERVING
from config.scaling import Fixed
from config.serving import HuggingFace, KServe, LlmD
from config.stackfile import read
from config.workload import Workload
from tests.conftest import ROOT
from tests.engine.laboratory import Laboratory, objects
from tests.support.waiting import until

from .claims import bring_claims

BY_KSERVE = (LlmD, KServe, HuggingFace)
"""Serving kinds whose pods KServe's controllers make."""

ABOUT_SOMETHING_ELSE = {"gateway", "live", "modelmesh", "pools", "routes"}
"""Stack files whose models are served as those of others are; what they are about is shown elsewhere."""

STACKS = [
    file
    for file in (ROOT / "Pulumi.dev.yaml", *sorted(ROOT.glob("tests/environments/*.yaml")))
    if file.name.split(".")[1] not in ABOUT_SOMETHING_ELSE
    and any(isinstance(model.serving, BY_KSERVE) for model in judged(read(file).environment).models.values())
]
"""Every other stack file with models that KServe serves, but prod's: `up` refuses its unresolved digests."""

PODS = f"/api/v1/namespaces/{SERVING}/pods"

READY_SECONDS = 300
"""Patience with controllers on a busy machine; what takes longer than this never comes."""


@dataclass(frozen=True)
class Standing:
    """A stack that stands, with what was there before it."""

    laboratory: Laboratory
    environment: Environment
    before: set[str]

    @property
    def api(self) -> ApiServer:
        return self.laboratory.api


@pytest.fixture(scope="module", params=STACKS, ids=lambda file: file.name)
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    file: Path = request.param
    stack = file.name.split(".")[1]
    lab = LabFolder(root=tmp_path_factory.mktemp(f"live-{stack}"), stacks=file.parent)
    laboratory = Laboratory(lab, stack)
    try:
        environment = laboratory.environment
        lifecycle.up(lab, stack, environment, with_controllers=True)
        engine.select(lab, stack)
        bring_ranks(laboratory.api, environment)
        before = objects(laboratory.api)
        laboratory.deploy()
        bring(laboratory.api, environment)
        yield Standing(laboratory, environment, before)
    finally:
        lifecycle.down(lab)


def bring_ranks(api: ApiServer, environment: Environment) -> None:
    """Priority classes are their owners' to bring."""
    for name in {model.priority_class for model in environment.models.values()} - {None}:
        body = {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "value": 1000,
        }
        api.apply(f"/apis/scheduling.k8s.io/v1/priorityclasses/{name}", body)


def bring(api: ApiServer, environment: Environment) -> None:
    """So are Secrets and claims that models name; KServe's agent for disks of nodes would make that of cached ones."""
    for name in {model.credentials for model in environment.models.values()} - {None}:
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"HF_TOKEN": "none"}}
        api.apply(f"/api/v1/namespaces/{SERVING}/secrets/{name}", body)
    claims = {
        f"{name}-{model.pool}" if model.cached else model.source.removeprefix("pvc://").split("/")[0]
        for name, model in environment.models.items()
        if model.cached or model.source.startswith("pvc://")
    }
    bring_claims(api, sorted({*claims, "kv-cache", "adapters"}))


def served(environment: Environment, *kinds: type) -> dict[str, Model]:
    return {name: model for name, model in environment.models.items() if isinstance(model.serving, kinds)}


def pods_of(api: ApiServer, name: str) -> list[dict[str, Any]]:
    return [
        pod for pod in api.items(f"{PODS}?labelSelector=andel/model={name}") if pod["metadata"].get("ownerReferences")
    ]


def expected(model: Model) -> int:
    """Pods of a model while nobody scales it: a Deployment whose replicas nobody writes has one."""
    if model.stopped:
        return 0
    prefill = model.serving.prefill if isinstance(model.serving, LlmD) else None
    scalings = [model.scaling, *([prefill.scaling] if prefill else [])]
    return sum(
        (workload.least if isinstance(scaling, Fixed) else 1) * workload.pods
        for workload, scaling in zip(model.workloads, scalings, strict=True)
    )


def test_every_model_gets_its_pods_and_they_run_on_its_pool(standing: Standing) -> None:
    """The real scheduler placed them: on nodes of the pool, with as many GPUs as declared."""
    environment, api = standing.environment, standing.api
    for name, model in served(environment, *BY_KSERVE).items():
        until_running(api, name, expected(model))
        pool = environment.pools[model.pool]
        place = placement(model.pool, pool)
        for pod in pods_of(api, name):
            node = api.get(f"/api/v1/nodes/{pod['spec']['nodeName']}") or {}
            assert place.node_selector.items() <= node["metadata"]["labels"].items(), name
            assert gpus(pod, place.resource) in {workload.gpus for workload in model.workloads}, name


def until_running(api: ApiServer, name: str, count: int) -> None:
    until(lambda: running(api, name) == count, READY_SECONDS)


def running(api: ApiServer, name: str) -> int:
    return sum(pod["status"].get("phase") == "Running" for pod in pods_of(api, name))


def gpus(pod: dict[str, Any], resource: str) -> int:
    return sum(int(one["resources"].get("limits", {}).get(resource, 0)) for one in pod["spec"]["containers"])


def engine_container(pod: dict[str, Any]) -> dict[str, Any]:
    (found,) = [one for one in pod["spec"]["containers"] if one["name"] in ("main", "kserve-container")]
    return dict(found)


def workload_of(model: Model, pod: dict[str, Any]) -> Workload:
    prefill = pod["metadata"]["labels"].get("llm-d.ai/role") == "prefill"
    return model.workloads[1 if prefill else 0]


def test_a_pod_is_what_its_model_promises(standing: Standing) -> None:
    """Command line, memory, image, rank, variables and walls of the pods that stand, against the config."""
    images = {role: one.reference(standing.environment.mirror.images) for role, one in pinned(standing).images.items()}
    for name, model in served(standing.environment, *BY_KSERVE).items():
        for pod in pods_of(standing.api, name):
            container, workload = engine_container(pod), workload_of(model, pod)
            if (vllm := vllm_role(model)) is not None:
                arguments = container.get("args", [])
                assert f"--max-model-len={model.context_tokens}" in arguments
                assert "--enable-force-include-usage" in arguments
                version = pinned(standing).vllm[vllm]
                assert [one for one in render(model.arguments, table(version)) if one not in arguments] == []
            assert container["resources"]["limits"]["memory"] == workload.memory
            assert container["image"] == (
                model.image or images[vllm or ("huggingface" if model.gpus else "huggingface-cpu")]
            )
            assert pod["spec"].get("priorityClassName") == model.priority_class
            assert pod["metadata"]["labels"].get("kueue.x-k8s.io/queue-name") == model.queue
            variables = {one["name"]: one for one in container["env"]}
            assert {key: variables[key]["value"] for key in model.variables} == model.variables
            assert {key: variables[key]["valueFrom"]["secretKeyRef"]["name"] for key in model.secrets} == {
                key: one.name for key, one in model.secrets.items()
            }


def pinned(standing: Standing) -> Any:
    return release(standing.environment.release.name)


def test_pickers_run_the_configuration_that_we_wrote(standing: Standing) -> None:
    environment = standing.environment
    for name, model in served(environment, LlmD).items():
        path = f"/apis/apps/v1/namespaces/{SERVING}/deployments/{name}-kserve-router-scheduler"
        if model.stopped:
            assert standing.api.get(path) is None
            continue
        spec = there(standing.api, path)["spec"]
        (main,) = [one for one in spec["template"]["spec"]["containers"] if one["name"] == "main"]
        written = yaml.safe_load(main["args"][main["args"].index("--config-text") + 1])
        bands = {
            tier: one.priority for tier, one in environment.tiers.items() if {name, *model.names} & set(one.models)
        }
        assert isinstance(model.serving, LlmD)
        assert within(picker_config(model.serving, pinned(standing).epp, bands), written), name
        assert spec["replicas"] == model.serving.picker_replicas
        there(
            standing.api,
            f"/apis/inference.networking.k8s.io/v1/namespaces/{SERVING}/inferencepools/{name}-inference-pool",
        )


def within(ours: Any, theirs: Any) -> bool:
    """Whether what we wrote stands, whatever was added: KServe tells the exact scorer where its tokenizer listens."""
    match ours, theirs:
        case dict(), dict():
            return all(key in theirs and within(value, theirs[key]) for key, value in ours.items())
        case list(), list():
            return len(ours) == len(theirs) and all(map(within, ours, theirs))
        case _:
            return bool(ours == theirs)


def there(api: ApiServer, path: str) -> dict[str, Any]:
    """An object that a controller makes sooner or later."""
    until(lambda: api.get(path), READY_SECONDS)
    return api.get(path) or {}


def test_kserve_makes_no_routes_of_its_own(standing: Standing) -> None:
    """All pools are there, so it has looked at all routers. Routes of ours have no owner in the cluster."""
    base = f"/apis/inference.networking.k8s.io/v1/namespaces/{SERVING}/inferencepools"
    models = [model for model in served(standing.environment, LlmD).values() if not model.stopped]
    until(lambda: len(standing.api.items(base)) == len(models), READY_SECONDS)
    routes = standing.api.items(f"/apis/gateway.networking.k8s.io/v1/namespaces/{SERVING}/httproutes")
    assert not [one["metadata"]["name"] for one in routes if one["metadata"].get("ownerReferences")]


def test_a_second_up_writes_nothing_with_controllers_at_work(standing: Standing) -> None:
    """What a controller defaults or completes belongs to it: we never write it back."""
    writes = len(standing.laboratory.writes())
    standing.laboratory.deploy("--expect-no-changes")
    assert len(standing.laboratory.writes()) == writes


def test_destroy_takes_what_the_controllers_made(standing: Standing) -> None:
    """What its owners brought to the cluster stays."""
    standing.laboratory.destroy()
    until(lambda: not {one for one in objects(standing.api) - standing.before if "/persistentvolumes/" not in one}, 60)
