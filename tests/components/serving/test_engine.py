# SPDX-License-Identifier: MPL-2.0
"""The command line that every kind shares, and what stands beside it in the environment."""

import json
from typing import Any

import pytest

from components.serving.engine import engine_arguments, engine_variables, transfer
from components.serving.model import requests, resources, startup_probe, variables
from config.serving.kv_offload import Claim, LmCache, Native, NodeDisk

from .arguments import model_args

NIXL = {"kv_connector": "NixlConnector", "kv_role": "kv_both"}
LMCACHE = {"kv_connector": "LMCacheConnectorV1", "kv_role": "kv_both"}
NATIVE = Native(kind="native", memory="2Gi", eviction="arc")

VERSION = "0.33.0"
"""Of the vLLM that reads them."""


def offloading(**more: Any) -> dict[str, Any]:
    """vLLM's own connector for `NATIVE` (source: KServe v0.20.0, kvTransferConfig)."""
    extra = {"spec_name": "TieringOffloadingSpec", "cpu_bytes_to_use": 2 * 2**30, "eviction_policy": "arc", **more}
    return {"kv_connector": "OffloadingConnector", "kv_role": "kv_both", "kv_connector_extra_config": extra}


def both(*connectors: dict[str, Any]) -> dict[str, Any]:
    return {
        "kv_connector": "MultiConnector",
        "kv_role": "kv_both",
        "kv_connector_extra_config": {"connectors": list(connectors)},
    }


DISK = {"secondary_tiers": [{"type": "fs", "root_dir": "/kv-cache"}]}


@pytest.mark.parametrize(
    ("offload", "split", "expected"),
    [
        (None, True, NIXL),
        (NATIVE, False, offloading()),
        (NATIVE.model_copy(update={"disk": NodeDisk(kind="node", size="9Gi")}), False, offloading(**DISK)),
        (NATIVE.model_copy(update={"disk": Claim(kind="claim", name="kv")}), False, offloading(**DISK)),
        (LmCache(kind="lmcache", memory="2Gi"), False, LMCACHE),
        (NATIVE, True, both(NIXL, offloading())),
        (LmCache(kind="lmcache", memory="2Gi"), True, both(NIXL, LMCACHE)),
    ],
    ids=["split", "native", "disk-of-the-node", "claim", "lmcache", "split-and-native", "split-and-lmcache"],
)
def test_cache_goes_to_other_pods_to_memory_or_to_both(offload: Any, split: bool, expected: dict[str, Any]) -> None:
    (argument,) = transfer(offload, split=split)
    name, _, value = argument.partition("=")
    assert name == "--kv-transfer-config"
    assert json.loads(value) == expected


def test_cache_that_goes_nowhere_needs_no_connector() -> None:
    assert transfer(None, split=False) == []


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("text", []),
        ("on-cores", ["--runner=pooling", "--convert=embed"]),
        ("reranker", ["--runner=pooling", "--convert=classify"]),
        ("classifier", ["--runner=pooling", "--convert=classify"]),
        ("speech", []),
    ],
)
def test_a_task_decides_the_runner(model: str, expected: list[str]) -> None:
    arguments = engine_arguments(model_args("kserve", model).model, VERSION)
    assert [one for one in arguments if one.startswith(("--runner", "--convert"))] == expected


def test_usage_is_always_counted_and_the_declared_context_is_the_longest() -> None:
    arguments = engine_arguments(model_args("kserve", "text").model, VERSION)
    assert "--enable-force-include-usage" in arguments
    assert "--max-model-len=32768" in arguments
    assert "--gpu-memory-utilization=0.90" in arguments


def test_on_cores_no_gpu_memory_is_spoken_of_and_the_cache_has_its_room() -> None:
    model = model_args("kserve", "on-cores").model
    assert [one for one in engine_arguments(model, VERSION) if "gpu-memory" in one] == []
    assert {"name": "VLLM_CPU_KVCACHE_SPACE", "value": "1"} in engine_variables(model)


def test_adapters_are_named_as_the_catalogue_names_them() -> None:
    """Source: KServe v0.20.0, workload_lora.go: it mounts them below /mnt/lora, and adds none where we name them."""
    arguments = engine_arguments(model_args("llm-d", "adapted").model, VERSION)
    at = arguments.index("--lora-modules")
    modules = [json.loads(one) for one in arguments[at + 1 : at + 3]]
    assert modules == [{"name": name, "path": f"/mnt/lora/{name}"} for name in ("building-permits", "social-services")]
    assert {"--enable-lora", "--max-lora-rank=32", "--max-loras=2", "--max-cpu-loras=8"} <= set(arguments[:at])


def test_adapters_that_come_later_need_no_module_but_a_switch() -> None:
    model = model_args("llm-d", "precise", lora={"dynamic": True}).model
    assert "--enable-lora" in engine_arguments(model, VERSION)
    assert "--lora-modules" not in engine_arguments(model, VERSION)
    assert {"name": "VLLM_ALLOW_RUNTIME_LORA_UPDATING", "value": "1"} in engine_variables(model)


def test_without_adapters_nothing_may_be_loaded() -> None:
    model = model_args("llm-d", "precise").model
    assert not [one for one in engine_arguments(model, VERSION) if "lora" in one]
    assert not [one for one in engine_variables(model) if "LORA" in one["name"]]


def test_traces_go_where_the_environment_says_and_as_many_as_it_says() -> None:
    args = model_args("llm-d", "sticky")
    arguments = engine_arguments(args.model, VERSION, args.monitoring)
    assert "--otlp-traces-endpoint=http://otel-collector.monitoring.svc:4317" in arguments
    assert {"name": "OTEL_TRACES_SAMPLER_ARG", "value": "0.5"} in engine_variables(args.model, None, args.monitoring)
    untraced = model_args("llm-d", "sticky", tracing=False)
    assert not [one for one in engine_arguments(untraced.model, VERSION, untraced.monitoring) if "otlp" in one]


def test_lmcache_is_told_its_memory_in_gigabytes() -> None:
    told = {one["name"]: one["value"] for one in engine_variables(model_args("llm-d", "precise").model, LMCACHE_48)}
    assert told == {"PYTHONHASHSEED": "0", "LMCACHE_LOCAL_CPU": "True", "LMCACHE_MAX_LOCAL_CPU_SIZE": "51"}


LMCACHE_48 = LmCache(kind="lmcache", memory="48Gi")


def test_extended_resources_are_asked_for_and_limited_alike_and_cores_are_not_limited() -> None:
    args = model_args("kserve", "text")
    assert resources(args) == {
        "requests": {"cpu": "8", "memory": "128Gi", "nvidia.com/gpu": "2"},
        "limits": {"memory": "128Gi", "nvidia.com/gpu": "2"},
    }
    assert resources(model_args("kserve", "on-cores"))["limits"] == {"memory": "16Gi"}
    cards = requests(args.placement, 1, "1", "1Gi", {"rdma/ib": 2})
    assert cards["limits"] == {"memory": "1Gi", "nvidia.com/gpu": "1", "rdma/ib": "2"}


@pytest.mark.parametrize(("seconds", "failures"), [(10, 1), (11, 2), (200, 20), (1799, 180), (1800, 180), (7200, 720)])
def test_a_pod_is_never_started_anew_before_its_time_to_load_is_over(seconds: int, failures: int) -> None:
    probe = startup_probe(model_args("kserve", "classifier", loadSeconds=seconds))
    assert probe == {"periodSeconds": 10, "failureThreshold": failures}


def test_secrets_are_named_and_variables_are_written() -> None:
    assert variables(model_args("kserve", "text")) == [
        {"name": "OMP_NUM_THREADS", "value": "4"},
        {"name": "EXTRA_TOKEN", "valueFrom": {"secretKeyRef": {"name": "extra", "key": "value"}}},
    ]
