# SPDX-License-Identifier: MPL-2.0
"""LLMInferenceService: replicas, GPU arithmetic of spreads, and the pods of each part (KServe v0.20, v1alpha2)."""

from typing import Any

import pytest

from components.serving.llm_d import annotations, parallelism, prefill, replicas, router, spec
from components.serving.llm_d_pods import decode_pod, prefill_pod, shared_variables, worker_pod
from components.serving.objectives import objective
from config.scaling import Fixed, Load, Variant

from .arguments import llm_d


def main(pod: dict[str, Any]) -> dict[str, Any]:
    """The engine of a pod."""
    (container,) = pod["containers"]
    return dict(container)


def flags(pod: dict[str, Any], *names: str) -> dict[str, str]:
    """Arguments of the engine by name, as far as they are there."""
    split = (argument.partition("=") for argument in main(pod)["args"])
    return {name: value for name, _, value in split if name.removeprefix("--") in names}


def test_replicas_have_one_owner() -> None:
    assert replicas(Fixed(replicas=3)) == {"replicas": 3}
    assert replicas(Load(kind="load", max_replicas=2)) == {}
    variant = Variant(kind="variant", max_replicas=2, cost="12.5", scale_down_delay_seconds=120)
    keda = {"variantCost": "12.5", "keda": {"cooldownPeriod": 120}}
    assert replicas(variant) == {"scaling": {"minReplicas": 1, "maxReplicas": 2, "wva": keda}}


SIZES = ["tensor-parallel-size", "pipeline-parallel-size", "nnodes", "data-parallel-size", "data-parallel-size-local"]


@pytest.mark.parametrize(
    ("model", "edits", "counted", "told"),
    [
        ("precise", {}, {}, {}),
        ("precise", {"gpus": 2}, {"tensor": 2}, {"tensor-parallel-size": "2"}),
        (
            "pipeline",
            {},
            {"tensor": 4, "pipeline": 2},
            {"tensor-parallel-size": "4", "pipeline-parallel-size": "2", "nnodes": "2"},
        ),
        (
            "experts",
            {},
            {"tensor": 2, "data": 6, "dataLocal": 2, "expert": True},
            {"tensor-parallel-size": "2", "data-parallel-size": "6", "data-parallel-size-local": "2"},
        ),
        (
            "experts",
            {"serving__spread": {"kind": "data", "nodes": 2}},
            {"tensor": 1, "data": 8, "dataLocal": 4, "expert": False},
            {"data-parallel-size": "8", "data-parallel-size-local": "4"},
        ),
    ],
    ids=["one-gpu", "tensor", "pipeline", "experts", "copies"],
)
def test_kserve_and_the_engine_count_the_same_gpus(
    model: str, edits: dict[str, Any], counted: dict[str, Any], told: dict[str, str]
) -> None:
    """KServe makes as many pods as data / dataLocal or pipeline says; vLLM waits for as many as it is told."""
    if edits.get("serving__spread"):
        edits = {**edits, "size__parameters": 30}  # each engine has a copy of its own
    args, serving = llm_d(model, **edits)
    assert parallelism(args, serving) == ({"parallelism": counted} if counted else {})
    assert flags(decode_pod(args, serving), *SIZES) == {f"--{name}": value for name, value in told.items()}
    if "data" in counted:
        nodes = counted["data"] // counted["dataLocal"]
        assert nodes == serving.spread.pods
        assert counted["dataLocal"] * counted["tensor"] == args.model.gpus


def test_workers_of_a_pipeline_have_their_rank_and_answer_nobody() -> None:
    args, serving = llm_d("pipeline")
    leader, worker = decode_pod(args, serving), worker_pod(args, serving)
    assert flags(worker, *SIZES) == flags(leader, *SIZES)
    for pod in (leader, worker):
        expected = {"--node-rank": "$(LWS_WORKER_INDEX)", "--master-addr": "$(LWS_LEADER_ADDRESS)"}
        assert flags(pod, "node-rank", "master-addr") == expected
    assert "--headless" in main(worker)["args"]
    assert "--headless" not in main(leader)["args"]


def test_workers_of_data_parallel_engines_start_where_the_node_before_them_ended() -> None:
    args, serving = llm_d("experts")
    assert flags(decode_pod(args, serving), "data-parallel-start-rank") == {"--data-parallel-start-rank": "0"}
    worker = main(worker_pod(args, serving))
    assert "--data-parallel-start-rank=$((LWS_WORKER_INDEX * 2))" in worker["command"][2]
    assert worker["args"][:3] == ["vllm", "serve", "/mnt/models"]
    assert {"--enable-expert-parallel", "--headless"} <= set(worker["args"])


def test_a_worker_has_the_gpus_of_its_leader() -> None:
    args, serving = llm_d("experts")
    leader, worker = main(decode_pod(args, serving)), main(worker_pod(args, serving))
    assert leader["resources"] == worker["resources"]
    assert leader["resources"]["limits"]["nvidia.com/gpu"] == "4"


def test_a_whole_replica_listens_at_the_pools_port_and_a_decode_pod_behind_its_sidecar() -> None:
    whole, apart = llm_d("precise"), llm_d("split")
    assert flags(decode_pod(*whole), "port") == {"--port": "8000"}
    assert decode_pod(*whole)["initContainers"] == []
    pod = decode_pod(*apart)
    assert flags(pod, "port") == {"--port": "8001"}
    assert [one["name"] for one in pod["initContainers"]] == ["llm-d-routing-sidecar"]
    assert pod["automountServiceAccountToken"] is True


def test_prefill_pods_have_a_size_of_their_own() -> None:
    args, serving = llm_d("split")
    assert serving.prefill is not None
    pod = prefill_pod(args, serving, serving.prefill)
    assert flags(pod, "port", "tensor-parallel-size") == {"--port": "8000", "--tensor-parallel-size": "2"}
    limits = main(pod)["resources"]["limits"]
    assert limits == {"memory": "240Gi", "nvidia.com/gpu": "2", "rdma/roce_gdr": "2"}
    part = prefill(args, serving, serving.prefill)
    assert part["parallelism"] == {"tensor": 2}
    assert "replicas" not in part  # KEDA's


def test_prefill_pods_without_a_size_have_that_of_the_model() -> None:
    args, serving = llm_d("split-always")
    assert serving.prefill is not None
    part = prefill(args, serving, serving.prefill)
    assert part["replicas"] == 2
    assert "parallelism" not in part
    assert main(part["template"])["resources"]["limits"] == {"memory": "96Gi", "nvidia.com/gpu": "1"}


@pytest.mark.parametrize(
    ("transfer", "cards", "network"),
    [
        ({"kind": "tcp"}, None, None),
        ({"kind": "rdma", "resource": "rdma/roce_gdr"}, "1", None),
        ({"kind": "rdma", "resource": "rdma/roce_gdr", "count": 4, "network": "fabric"}, "4", "fabric"),
    ],
    ids=["tcp", "one-card", "cards-and-a-network"],
)
def test_both_parts_have_the_cards_that_the_cache_travels_over(
    transfer: dict[str, Any], cards: str | None, network: str | None
) -> None:
    """Source: KServe v0.20.0, docs/samples/llmisvc/single-node-gpu: the network is the object's annotation."""
    args, serving = llm_d("split", serving__prefill__transfer=transfer)
    assert serving.prefill is not None
    for pod in (decode_pod(args, serving), prefill_pod(args, serving, serving.prefill)):
        for part in ("requests", "limits"):
            assert main(pod)["resources"][part].get("rdma/roce_gdr") == cards
        assert {"name": "VLLM_NIXL_SIDE_CHANNEL_HOST", "value": "$(POD_IP)"} in main(pod)["env"]
    assert annotations(args, serving).get("k8s.v1.cni.cncf.io/networks") == network


def test_engines_tell_the_picker_what_they_cache_and_hash_as_it_does() -> None:
    args, serving = llm_d("precise")
    (told,) = flags(decode_pod(args, serving), "kv-events-config").values()
    assert '"endpoint":"tcp://precise-epp-service:5557"' in told
    assert '"topic":"kv@$(POD_IP)@precise"' in told
    assert flags(decode_pod(args, serving), "block-size") == {"--block-size": "32"}
    assert {"name": "PYTHONHASHSEED", "value": "7"} in main(decode_pod(args, serving))["env"]


@pytest.mark.parametrize("model", ["sticky", "split", "split-always", "precise", "adapted", "own", "experts"])
def test_no_variable_stands_twice(model: str) -> None:
    """The API server refuses a list with a key twice (server-side apply)."""
    args, serving = llm_d(model)
    names = [one["name"] for one in shared_variables(args, serving, split=True)]
    assert len(names) == len(set(names))


def test_a_precise_prefix_beside_an_offload_has_one_seed() -> None:
    args, serving = llm_d("precise", serving__kvOffload={"kind": "native", "memory": "8Gi"})
    seeds = [one for one in shared_variables(args, serving, split=False) if one["name"] == "PYTHONHASHSEED"]
    assert seeds == [{"name": "PYTHONHASHSEED", "value": "7"}]


@pytest.mark.parametrize(
    ("disk", "volume"),
    [
        ({"kind": "node", "size": "200Gi"}, {"emptyDir": {"sizeLimit": "200Gi"}}),
        ({"kind": "claim", "name": "kv"}, {"persistentVolumeClaim": {"claimName": "kv"}}),
    ],
    ids=["node", "claim"],
)
def test_the_disk_of_the_cache_is_mounted_where_the_engine_looks(disk: dict[str, str], volume: dict[str, Any]) -> None:
    args, serving = llm_d("precise", serving__kvOffload={"kind": "native", "memory": "8Gi", "disk": disk})
    pod = decode_pod(args, serving)
    assert pod["volumes"] == [{"name": "kv-cache", **volume}]
    (mount,) = main(pod)["volumeMounts"]
    assert mount["name"] == "kv-cache"
    assert f'"root_dir":"{mount["mountPath"]}"' in flags(pod, "kv-transfer-config")["--kv-transfer-config"]
    assert not mount["mountPath"].startswith("/mnt/")  # KServe mounts downloads there for reading alone


def test_the_object_names_its_base_its_weights_and_its_adapters() -> None:
    args, serving = llm_d("adapted")
    written = spec(args, serving)
    assert written["model"]["uri"] == "s3://bucket/adapted"
    assert written["model"]["name"] == "adapted"
    assert written["model"]["lora"]["adapters"] == [
        {"name": "building-permits", "uri": "s3://bucket/adapters/building-permits"},
        {"name": "social-services", "uri": "hf://example/social-services"},
    ]
    assert written["template"]["serviceAccountName"] == "adapted-storage"
    assert "worker" not in written
    assert "prefill" not in written


def test_a_stopped_model_keeps_its_object() -> None:
    assert annotations(*llm_d("resting")) == {"serving.kserve.io/stop": "true"}
    assert annotations(*llm_d("precise")) == {}


def test_a_model_has_a_picker_and_no_route_of_kserves_own() -> None:
    """Each of that route's matches would let the picker be asked once more for every request."""
    written = router(*llm_d("precise"))
    assert written.keys() == {"scheduler"}
    assert written["scheduler"]["replicas"] == 1
    assert written["scheduler"]["config"]["inline"]["kind"] == "EndpointPickerConfig"


def test_an_objective_is_named_for_its_model_and_its_tier() -> None:
    assert objective("mistral", "basis") == "mistral-basis"
