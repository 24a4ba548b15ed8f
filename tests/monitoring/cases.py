# SPDX-License-Identifier: MPL-2.0
"""For each alert series that make it fire, and the nearest that don't; for recording rules what load makes of them.

Series are written as promtool writes them: `0+6x60` begins at 0 and grows by 6 a minute, an hour long.
"""

from dataclasses import dataclass
from typing import Any

from andel.release import release
from components.monitoring.boards import boards, shared
from components.monitoring.panels import board
from components.monitoring.rules import all_rules
from config.environment import Environment
from config.judge import judge
from tests.config.edits import edited, environment_of

Series = dict[str, str]


@dataclass(frozen=True)
class Case:
    """An alert that fires, and nearly."""

    fires: Series
    silent: Series
    after: str
    """When it is looked at, since the series begin."""


def environment() -> Environment:
    """All pools of their kinds, tiers, a sleeping model, and a year's price of energy."""
    document = environment_of("tests/environments/Pulumi.pools.yaml")
    gateway = environment_of("Pulumi.prod.yaml")["gateway"]
    tier = {
        "priority": 5,
        "requestsPerMinute": 30,
        "tokensPerMinute": 70000,
        "month": {"tokens": 1000000},
        "concurrency": 2,
        "contextTokens": 8192,
        "outputTokens": 2048,
        "models": ["chat", "reranker", "resting"],
    }
    vgpu = {
        "gpu": {"product": "GRID-A100D-20C", "memory": "20Gi", "perNode": 4},
        "host": {"cpu": 32, "memory": "256Gi"},
        "nodes": {"kind": "labelled", "labels": {"example.dk/pool": "vgpu"}, "count": 1},
        "power": {"idle": 60, "most": 300},
        "pricePerGpuHour": 10,
    }
    resting = {
        **document["models"]["chat"],
        "displayName": "Resting",
        "pool": "vgpu",
        "size": {
            "parameters": 1,
            "dtype": "bfloat16",
            "kvCache": {"layers": 16, "heads": 8, "headSize": 64, "sequences": 4},
        },
        "contextTokens": 4096,
        "scaling": {"kind": "load", "minReplicas": 0, "maxReplicas": 2, "whenAsleep": "refuse"},
    }
    edits: dict[str, Any] = {
        "gateway": gateway,
        "tiers": {"only": tier},
        "municipalities": {
            "aarhus": {"name": "Aarhus", "citizens": 300_000, "tier": "only"},
            "samso": {"name": "Samsø", "citizens": 100_000, "tier": "only"},
        },
        "economy": {
            "year": 2026,
            "costs": {
                "gpus": {"kind": "yearly", "name": "GPUs", "amount": 876_000, "gpus": True},
                "staff": {"kind": "yearly", "name": "Drift", "amount": 124_000},
            },
            "key": {"kind": "citizens"},
        },
        "pools.vgpu": vgpu,
        "pools.whole.power": {"idle": 70, "most": 700},
        "pools.whole.pricePerGpuHour": 20,
        "pooling.uses.serving.pools.vgpu": {"guaranteed": 1},
        "models.resting": resting,
        "models.chat.scaling": {"kind": "fixed", "replicas": 2},
        "monitoring": {
            "prometheus": "http://prometheus.monitoring.svc:9090",
            "statements": True,
            "energy": {"gramsCo2PerKwh": 100, "overhead": 1.2},
        },
    }
    return judge(edited(document, edits))


def groups() -> dict[str, list[dict[str, Any]]]:
    """Every rule of that environment, by group."""
    one = environment()
    return all_rules(one, release(one.release.name).epp)


def all_boards() -> list[dict[str, Any]]:
    """Its boards as Grafana reads them, and the one of models that share pods: it has none of those."""
    one = environment()
    return [board(each) for each in (*boards(one, release(one.release.name).epp), shared())]


def up(*pods: int) -> Series:
    """Replicas of the chat, each with what it answers; the reranker stands."""
    place = 'namespace="andel-serving"'
    chat = {f'up{{andel_model="chat",{place},pod="chat-{index}"}}': f"{value}x5000" for index, value in enumerate(pods)}
    return {f'up{{andel_model="reranker",{place},pod="reranker-0"}}': "1x5000", **chat}


def burning(series: str, long: str, short: str, value: float, other: float) -> Series:
    return {f"{series}{long}": f"{value}x100", f"{series}{short}": f"{other}x100"}


FIRST, FAILED = "andel:first_token_errors:ratio", "andel:request_errors:ratio"
EPP = "llm_d_epp_flow_control"
HOST = 'Hostname="whole-1",gpu="0"'

ALERTS: dict[str, Case] = {
    "ModelDown": Case(up(0, 0), up(1, 0), "10m"),
    "ModelShortOfReplicas": Case(up(1, 0), up(1, 1), "20m"),
    "ModelQueueLong": Case(
        up(1, 1) | {'vllm:num_requests_waiting{andel_model="chat"}': "21x60"},
        up(1, 1) | {'vllm:num_requests_waiting{andel_model="chat"}': "20x60"},
        "15m",
    ),
    "ModelCacheFull": Case(
        {'vllm:kv_cache_usage_perc{andel_model="chat"}': "0.96x60"},
        {'vllm:kv_cache_usage_perc{andel_model="chat"}': "0.95x60"},
        "15m",
    ),
    "ModelPreempts": Case(
        {'vllm:num_preemptions_total{andel_model="chat"}': "0+7x60"},
        {'vllm:num_preemptions_total{andel_model="chat"}': "0+6x60"},
        "40m",
    ),
    "GpuError": Case(
        {f"DCGM_FI_DEV_XID_ERRORS{{{HOST}}}": "79x10"}, {f"DCGM_FI_DEV_XID_ERRORS{{{HOST}}}": "0x10"}, "5m"
    ),
    "GpuMemoryWornOut": Case(
        {f"DCGM_FI_DEV_ROW_REMAP_FAILURE{{{HOST}}}": "1x10"}, {f"DCGM_FI_DEV_ROW_REMAP_FAILURE{{{HOST}}}": "0x10"}, "5m"
    ),
    "GpuHot": Case({f"DCGM_FI_DEV_GPU_TEMP{{{HOST}}}": "86x60"}, {f"DCGM_FI_DEV_GPU_TEMP{{{HOST}}}": "85x60"}, "15m"),
    "GpusIdle": Case(
        {f'DCGM_FI_DEV_GPU_UTIL{{Hostname="whole-1",gpu="{index}"}}': "0x900" for index in range(5)},
        {f'DCGM_FI_DEV_GPU_UTIL{{Hostname="whole-1",gpu="{index}"}}': "0x900" for index in range(4)},
        "13h",
    ),
    "GpuUnlicensed": Case(
        {f"DCGM_FI_DEV_VGPU_LICENSE_STATUS{{{HOST}}}": "0x60"},
        {f"DCGM_FI_DEV_VGPU_LICENSE_STATUS{{{HOST}}}": "1x60"},
        "20m",
    ),
    "FirstTokenBurnsFast": Case(burning(FIRST, "1h", "5m", 0.73, 0.73), burning(FIRST, "1h", "5m", 0.73, 0.72), "5m"),
    "FirstTokenBurnsSteady": Case(
        burning(FIRST, "6h", "30m", 0.31, 0.31), burning(FIRST, "6h", "30m", 0.30, 0.31), "5m"
    ),
    "FirstTokenBurnsSlow": Case(burning(FIRST, "3d", "6h", 0.06, 0.06), burning(FIRST, "3d", "6h", 0.06, 0.05), "5m"),
    "AvailabilityBurnsFast": Case(
        burning(FAILED, "1h", "5m", 0.073, 0.073), burning(FAILED, "1h", "5m", 0.073, 0.072), "5m"
    ),
    "AvailabilityBurnsSteady": Case(
        burning(FAILED, "6h", "30m", 0.031, 0.031), burning(FAILED, "6h", "30m", 0.03, 0.031), "5m"
    ),
    "AvailabilityBurnsSlow": Case(
        burning(FAILED, "3d", "6h", 0.006, 0.006), burning(FAILED, "3d", "6h", 0.006, 0.005), "5m"
    ),
    "MunicipalityWaits": Case(
        {f'{EPP}_queue_size{{fairness_id="samso"}}': "1x60"},
        {f'{EPP}_queue_size{{fairness_id="samso"}}': "0x60"},
        "20m",
    ),
    "PickerSaturated": Case(
        {f'{EPP}_pool_saturation{{inference_pool="chat"}}': "1.1x60"},
        {f'{EPP}_pool_saturation{{inference_pool="chat"}}': "1x60"},
        "20m",
    ),
    "ServedUnevenly": Case(
        {
            f'{EPP}_request_queue_duration_seconds_count{{fairness_id="{who}",outcome="Dispatched"}}': f"0+{rate}x180"
            for who, rate in {"aarhus": 100, "samso": 1, "odense": 1}.items()
        },
        {
            f'{EPP}_request_queue_duration_seconds_count{{fairness_id="{who}",outcome="Dispatched"}}': f"0+{rate}x180"
            for who, rate in {"aarhus": 100, "samso": 50, "odense": 20}.items()
        },
        "90m",
    ),
    "QueueInactive": Case(
        {'kueue_cluster_queue_status{cluster_queue="serving",status="active"}': "0x60"},
        {'kueue_cluster_queue_status{cluster_queue="serving",status="active"}': "1x60"},
        "10m",
    ),
    "QueueStuck": Case(
        {'kueue_pending_workloads{cluster_queue="batch",status="inadmissible"}': "1x500"},
        {'kueue_pending_workloads{cluster_queue="batch",status="active"}': "1x500"},
        "7h",
    ),
    "QueueThrashes": Case(
        {'kueue_evicted_workloads_total{cluster_queue="batch"}': "0+0.4x120"},
        {'kueue_evicted_workloads_total{cluster_queue="batch"}': "0+0.3x120"},
        "90m",
    ),
}

POWER, SERVED = "DCGM_FI_DEV_POWER_USAGE", f"{EPP}_request_queue_duration_seconds_count"
ANSWERS = "envoy_cluster_upstream_rq_xx"

WATTS = {
    **{
        f'{POWER}{{{HOST[:-3]}"{index}",exported_namespace="andel-serving",exported_pod="chat-{index}"}}': "300x60"
        for index in range(2)
    },
    f'{POWER}{{Hostname="whole-2",gpu="0"}}': "70x60",
}
LOAD = {
    'vllm:prompt_tokens_total{andel_model="chat",pod="chat-0"}': "0+36000x60",
    'vllm:generation_tokens_total{andel_model="chat",pod="chat-1"}': "0+24000x60",
}
ASKED = {
    f'{SERVED}{{fairness_id="{who}",outcome="Dispatched",inference_pool="chat-inference-pool"}}': f"0+{rate}x60"
    for who, rate in {"aarhus": 90, "samso": 30}.items()
}


def answered(where: str, code: int, rate: int) -> Series:
    """Answers of a gateway's upstream, by the first digit of their status."""
    cluster = f"httproute/{where}/chat/rule/0"
    return {f'{ANSWERS}{{envoy_cluster_name="{cluster}",envoy_response_code_class="{code}"}}': f"0+{rate}x60"}


FIGURES: list[tuple[str, Series, str, dict[str, float]]] = [
    ("tokens of a model in a second", LOAD, "andel:model_tokens:rate5m", {'{andel_model="chat"}': 1000}),
    ("watts of a model's pods", up(1, 1) | WATTS, "andel:model_watts:sum", {'{andel_model="chat"}': 600}),
    (
        "600 W over 1,000 tokens a second",
        up(1, 1) | WATTS | LOAD,
        "andel:model_joules_per_1k_tokens",
        {'{andel_model="chat"}': 600},
    ),
    (
        "600 J at 100 g a kWh and 1.2 in all",
        up(1, 1) | WATTS | LOAD,
        "andel:model_co2_grams_per_1k_tokens",
        {'{andel_model="chat"}': 0.02},
    ),
    ("a pool's watts, idle GPUs too", WATTS, 'andel:pool_watts:sum{pool="whole"}', {'{pool="whole"}': 670}),
    (
        "three quarters of the requests carry three quarters of the watts",
        up(1, 1) | WATTS | ASKED,
        "andel:municipality_watts:sum",
        {'{municipality="aarhus"}': 450, '{municipality="samso"}': 150},
    ),
    ("of 90 and 30 requests a minute: 120^2 / (2 x 9000)", ASKED, "andel:fairness:jain", {"{}": 0.8}),
    (
        "a sleeping model's GPU draws nothing",
        {},
        'andel:model_watts_saved{andel_model="resting"}',
        {'{andel_model="resting",pool="vgpu"}': 60},
    ),
    (
        "an awake one saves nothing",
        {'up{andel_model="resting",pod="resting-0"}': "1x60"},
        'andel:model_watts_saved{andel_model="resting"}',
        {'{andel_model="resting",pool="vgpu"}': 0},
    ),
    (
        "two idle GPUs at 20 DKK an hour",
        {f'DCGM_FI_DEV_GPU_UTIL{{hostname="whole-1",gpu="{index}"}}': "0x60" for index in range(2)},
        'andel:pool_idle_cost_per_hour:dkk{pool="whole"}',
        {'{pool="whole"}': 40},
    ),
    (
        "one of four answers begins late",
        {
            'vllm:time_to_first_token_seconds_bucket{andel_model="chat",le="2.5"}': "0+30x60",
            'vllm:time_to_first_token_seconds_count{andel_model="chat"}': "0+40x60",
        },
        "andel:first_token_errors:ratio5m",
        {"{}": 0.25},
    ),
    (
        "one of a hundred fails, at the edge alone",
        answered("andel-gateway", 2, 99) | answered("andel-gateway", 5, 1) | answered("andel-serving", 5, 50),
        "andel:request_errors:ratio5m",
        {"{}": 0.01},
    ),
    (
        "what the statements say",
        {},
        "andel:economy_statement:amount",
        {'{municipality="aarhus"}': 750_000, '{municipality="samso"}': 250_000},
    ),
    ("a line of cost", {}, 'andel:economy_cost:amount{line="gpus"}', {'{line="gpus",gpus="yes"}': 876_000}),
    (
        "three quarters of the cost",
        {},
        "andel:economy_statement:share",
        {'{municipality="aarhus"}': 0.75, '{municipality="samso"}': 0.25},
    ),
    (
        "and of the requests",
        ASKED,
        "andel:municipality_requests:share1d",
        {'{municipality="aarhus"}': 0.75, '{municipality="samso"}': 0.25},
    ),
    ("100 DKK an hour for 3.6 million tokens", LOAD, "andel:economy_gpus_per_million_tokens:amount", {"{}": 27.7778}),
    ("nothing failed", answered("andel-gateway", 2, 9), "andel:request_errors:ratio5m", {"{}": 0}),
]
"""What it is, the series, the rule, and its values by labels after half an hour."""


def promtool_tests(rule_file: str) -> dict[str, Any]:
    """All of it as one file for `promtool test rules`."""
    order = list(groups())
    tests = [
        {
            "name": f"{name} {'fires' if fires else 'is silent'}",
            "interval": "1m",
            "input_series": listed(case.fires if fires else case.silent),
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}}) or vector(0)',
                    "eval_time": case.after,
                    "exp_samples": [{"value": 1 if fires else 0}],
                }
            ],
        }
        for name, case in ALERTS.items()
        for fires in (True, False)
    ]
    tests += [
        {
            "name": about,
            "interval": "1m",
            "input_series": listed(series),
            "promql_expr_test": [
                {
                    "expr": f"round({expr}, 0.0001)",
                    "eval_time": "30m",
                    "exp_samples": [{"labels": labels, "value": value} for labels, value in wanted.items()],
                }
            ],
        }
        for about, series, expr, wanted in FIGURES
    ]
    return {"rule_files": [rule_file], "evaluation_interval": "1m", "group_eval_order": order, "tests": tests}


def listed(series: Series) -> list[dict[str, str]]:
    return [{"series": name, "values": values} for name, values in series.items()]
