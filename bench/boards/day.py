# SPDX-License-Identifier: MPL-2.0
"""A working day that never was: what exporters would have said of it, as OpenMetrics.

Names and labels are the exporters' own; amounts come from one curve of a day. The environment is that of the tests of
rules (`tests.monitoring.cases`).
"""

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

BEGIN = int(datetime(2026, 11, 18, 6, tzinfo=UTC).timestamp())
SECONDS = 6 * 3600
STEP = 30
"""Between two readings."""

MUNICIPALITIES = {"aarhus": 0.7, "samso": 0.3}
"""Parts of the requests."""

PLACE = 'namespace="andel-serving"'
EPP = "llm_d_epp_flow_control"
EDGE = 'envoy_cluster_name="httproute/andel-gateway/chat/rule/0"'
FIRST_BOUNDS = {"0.25": 0.55, "0.5": 0.8, "1.0": 0.93, "2.5": 0.985, "5.0": 0.997, "+Inf": 1.0}
BETWEEN_BOUNDS = {"0.01": 0.2, "0.025": 0.85, "0.05": 0.98, "0.1": 0.999, "+Inf": 1.0}
"""Parts of the answers up to each bound, in seconds."""

LOAD_BOUNDS = {
    "cold": {"60.0": 0.3, "120.0": 0.95, "300.0": 1.0, "+Inf": 1.0},
    "wake1": {"1.0": 0.1, "2.0": 0.5, "4.0": 0.97, "8.0": 1.0, "+Inf": 1.0},
}
"""The same of loads, by how they go."""

Curve = Callable[[int], float]


def busy(second: int) -> float:
    """How busy the day is, 0 to 1: a hill before noon, with ripples."""
    hill = math.exp(-(((second - 0.6 * SECONDS) / (0.28 * SECONDS)) ** 2))
    return max(0.03, hill * (0.92 + 0.08 * math.sin(second / 300)))


def requests(second: int) -> float:
    """Requests to the chat in a second."""
    return 6 * busy(second)


def counters() -> dict[str, Curve]:
    """What grows, as its growth in a second."""
    found: dict[str, Curve] = {}
    for pod, part in {"chat-0": 0.52, "chat-1": 0.48}.items():
        of = f'andel_model="chat",{PLACE},pod="{pod}"'
        found[f"vllm:request_success_total{{{of}}}"] = _times(part)
        found[f"vllm:prompt_tokens_total{{{of}}}"] = _times(part * 900)
        found[f"vllm:generation_tokens_total{{{of}}}"] = _times(part * 220)
        found[f"vllm:prefix_cache_queries_total{{{of}}}"] = _times(part * 900)
        found[f"vllm:prefix_cache_hits_total{{{of}}}"] = _times(part * 560)
        for bound, share in FIRST_BOUNDS.items():
            found[f'vllm:time_to_first_token_seconds_bucket{{{of},le="{bound}"}}'] = _below(part, share)
        found[f"vllm:time_to_first_token_seconds_count{{{of}}}"] = _times(part)
        for bound, share in BETWEEN_BOUNDS.items():
            found[f'vllm:inter_token_latency_seconds_bucket{{{of},le="{bound}"}}'] = _times(part * 220 * share)
    of = f'andel_model="reranker",{PLACE},pod="reranker-0"'
    found[f"vllm:request_success_total{{{of}}}"] = _times(0.4)
    found[f"vllm:prompt_tokens_total{{{of}}}"] = _times(300)
    found[f"vllm:generation_tokens_total{{{of}}}"] = _times(0)
    for code, part in {"2": 0.998, "5": 0.002}.items():
        found[f'envoy_cluster_upstream_rq_xx{{{EDGE},envoy_response_code_class="{code}"}}'] = _times(part)
    for who, part in MUNICIPALITIES.items():
        of = f'fairness_id="{who}",inference_pool="chat-inference-pool",priority="5"'
        found[f'{EPP}_request_queue_duration_seconds_count{{{of},outcome="Dispatched"}}'] = _times(part)
    for how, part in {"cold": 0.01, "wake1": 0.2}.items():
        found[f'modelmesh_vllm_loads_total{{how="{how}",result="loaded"}}'] = _times(part / 20)
        for bound, share in LOAD_BOUNDS[how].items():
            found[f'modelmesh_vllm_load_seconds_bucket{{how="{how}",le="{bound}"}}'] = _times(part / 20 * share)
    found['modelmesh_vllm_engine_deaths_total{model="lexicon"}'] = lambda _: 0
    return found


def _times(factor: float) -> Curve:
    return lambda second: factor * requests(second)


def _below(part: float, share: float) -> Curve:
    """The busier, the later answers begin."""
    return lambda second: part * requests(second) * share ** (1 + 2 * busy(second))


def gauges() -> dict[str, Curve]:
    """What goes up and down."""
    found: dict[str, Curve] = {}
    for model, pod in {"chat-0": "chat", "chat-1": "chat", "reranker-0": "reranker"}.items():
        of = f'andel_model="{pod}",{PLACE},pod="{model}"'
        found[f"up{{{of}}}"] = lambda _: 1
        found[f"vllm:num_requests_running{{{of}}}"] = lambda second: round(14 * busy(second))
        found[f"vllm:num_requests_waiting{{{of}}}"] = lambda second: max(0, round(9 * (busy(second) - 0.85) / 0.15))
        found[f"vllm:kv_cache_usage_perc{{{of}}}"] = lambda second: 0.08 + 0.7 * busy(second)
    for who, part in MUNICIPALITIES.items():
        of = f'fairness_id="{who}",inference_pool="chat-inference-pool",priority="5"'
        found[f"{EPP}_queue_size{{{of}}}"] = _waiting(part)
    found[f'{EPP}_pool_saturation{{inference_pool="chat-inference-pool"}}'] = lambda second: 0.1 + 0.95 * busy(second)
    found.update(of_gpus())
    for model, size in {"lexicon": 30e9, "archive": 22e9}.items():
        found[f'modelmesh_vllm_held_bytes{{model="{model}"}}'] = lambda _, size=size: size  # type: ignore[misc]
        found[f'modelmesh_vllm_requests_waiting{{model="{model}"}}'] = lambda second: round(
            3 * max(0, busy(second) - 0.7)
        )
    found['modelmesh_vllm_sleepers{level="1"}'] = lambda second: 4 if busy(second) < 0.5 else 2
    found["modelmesh_models_managed_total"] = lambda _: 9
    found["modelmesh_models_loaded_total"] = lambda second: 3 if busy(second) < 0.5 else 5
    found["modelmesh_models_with_failure_total"] = lambda _: 0
    found['modelmesh_instance_capacity_bytes{pod="shared-0"}'] = lambda _: 70e9
    found['modelmesh_instance_used_bytes{pod="shared-0"}'] = lambda second: 52e9 if busy(second) < 0.5 else 66e9
    of = 'cluster_queue="{}",flavor="whole",resource="nvidia.com/gpu"'
    found[f"kueue_cluster_queue_resource_usage{{{of.format('serving')}}}"] = lambda _: 2
    found[f"kueue_cluster_queue_resource_usage{{{of.format('batch')}}}"] = lambda second: 4 if busy(second) < 0.5 else 1
    return found


def _waiting(part: float) -> Curve:
    return lambda second: max(0, round(part * 12 * (busy(second) - 0.85) / 0.15))


def of_gpus() -> dict[str, Curve]:
    """Eight GPUs of one pool: two hold the chat, the others wait or train."""
    found: dict[str, Curve] = {}
    for index in range(8):
        chat = index < 2
        holds = f',exported_namespace="andel-serving",exported_pod="chat-{index}"' if chat else ""
        of = f'Hostname="whole-{index // 4 + 1}",gpu="{index % 4}"{holds}'
        used = _used(chat, index)
        found[f"DCGM_FI_DEV_GPU_UTIL{{{of}}}"] = lambda second, used=used: round(100 * used(second))  # type: ignore[misc]
        found[f"DCGM_FI_DEV_POWER_USAGE{{{of}}}"] = lambda second, used=used: 70 + 600 * used(second)  # type: ignore[misc]
        found[f"DCGM_FI_DEV_GPU_TEMP{{{of}}}"] = lambda second, used=used: 34 + 40 * used(second)  # type: ignore[misc]
        found[f"DCGM_FI_DEV_FB_USED{{{of}}}"] = lambda _, chat=chat: 74_000 if chat else 600  # type: ignore[misc]
        found[f"DCGM_FI_DEV_FB_FREE{{{of}}}"] = lambda _, chat=chat: 7_000 if chat else 80_400  # type: ignore[misc]
    return found


def _used(chat: bool, index: int) -> Curve:
    if chat:
        return lambda second: 0.05 + 0.85 * busy(second)
    return lambda second: 0.9 if index < 6 and busy(second) < 0.5 else 0.0


def openmetrics() -> Iterator[str]:
    """Every reading, series by series (source: OpenMetrics 1.0; `promtool tsdb create-blocks-from openmetrics`)."""
    for name, growth in counters().items():
        total = 0.0
        for second in range(0, SECONDS + 1, STEP):
            yield f"{name} {total:.3f} {BEGIN + second}\n"
            total += growth(second) * STEP
    for name, level in gauges().items():
        for second in range(0, SECONDS + 1, STEP):
            yield f"{name} {level(second):.4f} {BEGIN + second}\n"
    yield "# EOF\n"
