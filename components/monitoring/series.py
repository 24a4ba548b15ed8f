# SPDX-License-Identifier: MPL-2.0
"""Metrics that rules and panels read, each with whoever exports it. A name that stands nowhere here is read by nothing.

`tests/live/test_metrics.py` finds every one in its exporter's own sources.
"""

from andel.release.pins import EppDialect

VLLM = frozenset(
    {
        "vllm:num_requests_running",
        "vllm:num_requests_waiting",
        "vllm:kv_cache_usage_perc",
        "vllm:num_preemptions_total",
        "vllm:prompt_tokens_total",
        "vllm:generation_tokens_total",
        "vllm:prefix_cache_queries_total",
        "vllm:prefix_cache_hits_total",
        "vllm:request_success_total",
        "vllm:time_to_first_token_seconds_bucket",
        "vllm:time_to_first_token_seconds_count",
        "vllm:inter_token_latency_seconds_bucket",
    }
)
"""Source: vLLM 0.33.0, vllm/v1/metrics/loggers.py."""

ENVOY = frozenset({"envoy_cluster_upstream_rq_xx"})
"""Source: dashboards of Envoy Gateway v1.8.3, charts/gateway-addons-helm/dashboards."""

OF_MUNICIPALITY = "andel_municipality"
"""Label of what the AI Gateway counts, from the header that the edge sets: whose request it was."""

AI_GATEWAY = frozenset({"gen_ai_client_token_usage_sum", "gen_ai_server_request_duration_seconds_count"})
"""Source: Envoy AI Gateway v1.0.0, cmd/extproc/mainlib/admin_test.go. Read by `andel usage`."""

KUEUE = frozenset(
    {
        "kueue_pending_workloads",
        "kueue_cluster_queue_status",
        "kueue_cluster_queue_resource_usage",
        "kueue_evicted_workloads_total",
    }
)
"""Source: Kueue v0.15.0, pkg/metrics/metrics.go."""

DCGM = frozenset(
    {
        "DCGM_FI_DEV_GPU_UTIL",
        "DCGM_FI_DEV_FB_USED",
        "DCGM_FI_DEV_FB_FREE",
        "DCGM_FI_DEV_POWER_USAGE",
        "DCGM_FI_DEV_GPU_TEMP",
        "DCGM_FI_DEV_XID_ERRORS",
        "DCGM_FI_DEV_ROW_REMAP_FAILURE",
        "DCGM_FI_DEV_VGPU_LICENSE_STATUS",
    }
)
"""Source: NVIDIA/dcgm-exporter, etc/default-counters.csv: what the exporter reads unless it is told otherwise."""

MODELMESH = frozenset(
    {
        "modelmesh_models_loaded_total",
        "modelmesh_models_managed_total",
        "modelmesh_models_with_failure_total",
        "modelmesh_instance_used_bytes",
        "modelmesh_instance_capacity_bytes",
    }
)
"""Source: modelmesh-serving v0.12.0, config/dashboard: its makers' own board."""

SHARED_RUNTIME = frozenset(
    {
        "modelmesh_vllm_held_bytes",
        "modelmesh_vllm_sleepers",
        "modelmesh_vllm_requests_waiting",
        "modelmesh_vllm_loads_total",
        "modelmesh_vllm_load_seconds_bucket",
        "modelmesh_vllm_engine_deaths_total",
    }
)
"""Source: the runtime of ours, runtimes/modelmesh_vllm/modelmesh_vllm/metrics.py."""

PROMETHEUS = frozenset({"up"})
"""Prometheus' own word on a target."""

PICKER = (
    "flow_control_queue_size",
    "flow_control_request_queue_duration_seconds_count",
    "flow_control_pool_saturation",
)
"""Source: GIE v1.5.0, pkg/epp/metrics/metrics.go; llm-d router, docs/metrics.md. The dialect has the prefix."""


def of_picker(dialect: EppDialect, name: str) -> str:
    """A metric of the release's picker."""
    if name not in PICKER:
        raise KeyError(name)
    return f"{dialect.metrics_prefix}_{name}"


def exported(dialect: EppDialect) -> frozenset[str]:
    """All metrics that may be read."""
    pickers = {of_picker(dialect, name) for name in PICKER}
    return VLLM | ENVOY | AI_GATEWAY | KUEUE | DCGM | MODELMESH | SHARED_RUNTIME | PROMETHEUS | pickers
