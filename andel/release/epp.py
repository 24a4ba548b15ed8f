# SPDX-License-Identifier: MPL-2.0
"""Dialects of endpoint pickers (EPP): configuration, headers, metrics and plugins change names nearly every version."""

from .pins import EppDialect

COMMON = frozenset(
    {
        "single-profile-handler",
        "queue-scorer",
        "kv-cache-utilization-scorer",
        "prefix-cache-scorer",
        "lora-affinity-scorer",
        "running-requests-size-scorer",
        "token-load-scorer",
        "latency-scorer",
        "prefix-cache-affinity-filter",
        "slo-headroom-tier-filter",
        "max-score-picker",
        "random-picker",
        "weighted-random-picker",
        "approx-prefix-cache-producer",
        "inflight-load-producer",
        "predicted-latency-producer",
        "global-strict-fairness-policy",
        "round-robin-fairness-policy",
        "fcfs-ordering-policy",
        "edf-ordering-policy",
        "slo-deadline-ordering-policy",
        "static-usage-limit-policy",
        "utilization-detector",
        "concurrency-detector",
        "latency-slo-admitter",
        "openai-parser",
        "vllmgrpc-parser",
        "passthrough-parser",
        "metrics-data-source",
        "core-metrics-extractor",
        "k8s-notification-source",
        "endpoint-notification-source",
    }
)
"""Plugins of GIE v1.5.0 (source: cmd/epp/runner/runner.go), all of which the llm-d router took over."""

ROUTER_0_9 = EppDialect(
    version="0.9.0",
    config_api_version="inference.networking.x-k8s.io/v1alpha1",
    # Source: KServe v0.20.0, config/llmisvc/gateway-inference-extension.yaml; router v0.9 reads this group alone.
    objective_api_version="llm-d.ai/v1alpha2",
    objective_header="x-llm-d-inference-objective",
    fairness_header="x-llm-d-inference-fairness-id",
    metrics_prefix="llm_d_epp",
    # Source: KServe v0.20.0, pkg/controller/v1alpha2/llmisvc/scheduler.go and docs/samples/llmisvc.
    plugins=COMMON
    | {
        "disagg-headers-handler",
        "disagg-profile-handler",
        "always-disagg-pd-decider",
        "prefix-based-pd-decider",
        "prefill-filter",
        "decode-filter",
        "active-request-scorer",
        "no-hit-lru-scorer",
        "precise-prefix-cache-scorer",
    },
)
"""llm-d router v0.9.0, the picker that KServe v0.20.0 brings."""

GIE_1_5 = EppDialect(
    version="0.6.0",  # before KServe's migrations to names that this picker doesn't know
    config_api_version="inference.networking.x-k8s.io/v1alpha1",
    objective_api_version="inference.networking.x-k8s.io/v1alpha2",
    objective_header="x-gateway-inference-objective",
    fairness_header="x-gateway-inference-fairness-id",
    metrics_prefix="inference_extension",
    # The producer and its scorer can't be loaded together: the EPP compares two pointers to the same kind of figure
    # (pkg/epp/datalayer/data_graph.go), so neither is of use.
    plugins=COMMON - {"inflight-load-producer", "token-load-scorer"},
)
"""Gateway API Inference Extension v1.5.0: the last picker that builds from a Go module."""
