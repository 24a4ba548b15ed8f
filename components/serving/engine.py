# SPDX-License-Identifier: MPL-2.0
"""The command line of vLLM that follows from a model's section, the same for every serving kind that runs it.

It is written for `exec`, one argument an entry: no shell reads it, so nothing in it is quoted.
"""

import json
from typing import Any

from config.models import Model, Task
from config.monitoring import Monitoring
from config.scalars import amount
from config.serving.kv_offload import KvOffload, LmCache, Native

RUNNER = {
    Task.EMBEDDING: ["--runner=pooling", "--convert=embed"],
    Task.RERANK: ["--runner=pooling", "--convert=classify"],
    Task.CLASSIFICATION: ["--runner=pooling", "--convert=classify"],
}
"""vLLM's runner of models that write no text (source: vLLM, docs of pooling models)."""

ADAPTERS = "/mnt/lora"
"""Folder below which KServe puts adapters (source: KServe v0.20.0, workload_lora.go)."""

CACHE_DISK = "/mnt/kv-cache"
"""Folder of the disk that KV cache is moved to."""

NIXL = {"kv_connector": "NixlConnector", "kv_role": "kv_both"}
"""Connector that hands KV cache from prefill to decode."""


def engine_arguments(model: Model, monitoring: Monitoring | None = None) -> list[str]:
    """Arguments of `vllm serve` that follow from the model's section.

    Usage is always counted, in streams too: quotas are charged from it. Prompts are never logged.
    """
    return [
        f"--max-model-len={model.context_tokens}",
        *([f"--gpu-memory-utilization={model.gpu_memory_utilization}"] if model.gpus else []),
        "--enable-force-include-usage",
        "--disable-access-log-for-endpoints=/health,/metrics,/ping",
        *RUNNER.get(model.task, []),
        *adapters(model),
        *traces(model, monitoring),
    ]


def adapters(model: Model) -> list[str]:
    """Adapters by their public names."""
    if model.lora is None:
        return []
    lora = model.lora
    modules = [compact({"name": name, "path": f"{ADAPTERS}/{name}"}) for name in sorted(lora.adapters)]
    return [
        "--enable-lora",
        f"--max-lora-rank={lora.max_rank}",
        f"--max-loras={lora.max_loaded}",
        f"--max-cpu-loras={lora.max_on_host}",
        *(["--lora-modules", *modules] if modules else []),
    ]


def traces(model: Model, monitoring: Monitoring | None) -> list[str]:
    """Where spans go."""
    if not model.tracing or monitoring is None or monitoring.traces is None:
        return []
    return [f"--otlp-traces-endpoint={monitoring.traces.endpoint}", "--collect-detailed-traces=all"]


def transfer(offload: KvOffload | None, *, split: bool) -> list[str]:
    """Where KV cache goes: to another pod, to main memory and disks, or both."""
    connectors = [*([NIXL] if split else []), *([moved(offload)] if offload else [])]
    if len(connectors) > 1:
        both = {"kv_connector_extra_config": {"connectors": connectors}}
        connectors = [{"kv_connector": "MultiConnector", "kv_role": "kv_both", **both}]
    return [f"--kv-transfer-config={compact(connector)}" for connector in connectors]


def moved(offload: KvOffload) -> dict[str, Any]:
    """The connector that moves KV cache off the GPU (source: vLLM, and KServe v0.20.0, kvTransferConfig)."""
    match offload:
        case LmCache():
            return {"kv_connector": "LMCacheConnectorV1", "kv_role": "kv_both"}
        case Native(memory=memory, eviction=eviction, disk=disk):
            tiers = {"secondary_tiers": [{"type": "fs", "root_dir": CACHE_DISK}]} if disk else {}
            extra = {"spec_name": "TieringOffloadingSpec", "cpu_bytes_to_use": whole_bytes(memory)}
            return {
                "kv_connector": "OffloadingConnector",
                "kv_role": "kv_both",
                "kv_connector_extra_config": {**extra, "eviction_policy": eviction, **tiers},
            }


def sampling(model: Model, monitoring: Monitoring | None) -> dict[str, str]:
    """Which part of the requests is traced, by OpenTelemetry's own variables."""
    if not model.tracing or monitoring is None or monitoring.traces is None:
        return {}
    return {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": str(monitoring.traces.share)}


def engine_variables(
    model: Model, offload: KvOffload | None = None, monitoring: Monitoring | None = None
) -> list[dict[str, Any]]:
    """Environment variables that the engine needs for what its arguments can't say."""
    values = {
        **({"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"} if model.lora and model.lora.dynamic else {}),
        **sampling(model, monitoring),
        **({"VLLM_CPU_KVCACHE_SPACE": str(max(int(model.cache) + 1, 1))} if not model.gpus else {}),
        # Blocks are found again by their hash, by other pods and after a restart.
        **({"PYTHONHASHSEED": "0"} if offload else {}),
    }
    if isinstance(offload, LmCache):
        size = str(whole_bytes(offload.memory) // 10**9)
        values |= {"LMCACHE_LOCAL_CPU": "True", "LMCACHE_MAX_LOCAL_CPU_SIZE": size}
    return [{"name": name, "value": value} for name, value in values.items()]


def whole_bytes(memory: str) -> int:
    """Bytes of a quantity."""
    return int(amount(memory))


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))
