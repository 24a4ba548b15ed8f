# SPDX-License-Identifier: MPL-2.0
"""Recording rules: figures of models, pools and municipalities, under names that dashboards and alerts share.

Labels: `andel_model` (monitors write it), `pool`, `municipality`. Power is watts, energy joules, memory a ratio.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from andel.release.pins import EppDialect
from config.environment import Environment
from config.models import Model
from config.nodes import NamedNodes
from config.pools import Pool

from .series import of_picker

Rule = dict[str, Any]

WINDOW = "5m"

TOKENS = 1000
"""Tokens to which energy is put in relation."""

JOULES_PER_KWH = 3_600_000


def record(name: str, expr: str, **labels: str) -> Rule:
    """A recording rule."""
    return {"record": name, "expr": expr, **({"labels": labels} if labels else {})}


def models() -> list[Rule]:
    """What every model does: requests, tokens, times, caches, replicas."""
    rate = f"sum by (andel_model) (rate({{}}[{WINDOW}]))"
    first = f"sum by (andel_model, le) (rate(vllm:time_to_first_token_seconds_bucket[{WINDOW}]))"
    between = f"sum by (andel_model, le) (rate(vllm:inter_token_latency_seconds_bucket[{WINDOW}]))"
    hits = rate.format("vllm:prefix_cache_hits_total")
    queries = rate.format("vllm:prefix_cache_queries_total")
    return [
        record("andel:model_requests:rate5m", rate.format("vllm:request_success_total")),
        record("andel:model_prompt_tokens:rate5m", rate.format("vllm:prompt_tokens_total")),
        record("andel:model_generation_tokens:rate5m", rate.format("vllm:generation_tokens_total")),
        record("andel:model_tokens:rate5m", "andel:model_prompt_tokens:rate5m + andel:model_generation_tokens:rate5m"),
        record("andel:model_first_token_seconds:p95", f"histogram_quantile(0.95, {first})"),
        record("andel:model_inter_token_seconds:p95", f"histogram_quantile(0.95, {between})"),
        record("andel:model_requests_waiting:sum", "sum by (andel_model) (vllm:num_requests_waiting)"),
        record("andel:model_requests_running:sum", "sum by (andel_model) (vllm:num_requests_running)"),
        record("andel:model_kv_cache:max", "max by (andel_model) (vllm:kv_cache_usage_perc)"),
        record("andel:model_prefix_hits:ratio5m", f"{hits} / ({queries} > 0)"),
        record("andel:model_replicas:up", 'sum by (andel_model) (up{andel_model!=""})'),
    ]


def declared(environment: Environment) -> list[Rule]:
    """What the config says of models and pools, so that measured figures can be held against it."""
    rules = []
    for name, model in environment.models.items():
        least = 0 if model.stopped else sum(workload.least * workload.pods for workload in model.workloads)
        rules.append(record("andel:model_replicas:least", f"vector({least})", andel_model=name, pool=model.pool))
    for name, pool in environment.pools.items():
        rules.append(record("andel:pool_gpus:count", f"vector({pool.gpus})", pool=name))
        if pool.power is not None:
            rules.append(record("andel:pool_watts:most", f"vector({plain(pool.power.most * pool.gpus)})", pool=name))
        if pool.price_per_gpu_hour is not None:
            rules.append(record("andel:pool_gpu_hour:dkk", f"vector({pool.price_per_gpu_hour:f})", pool=name))
    return rules


def gpus(pools: Mapping[str, Pool]) -> list[Rule]:
    """What the GPUs of every pool do."""
    rules = []
    for name, pool in pools.items():
        utilisation = of_pool("DCGM_FI_DEV_GPU_UTIL", pool)
        idle = " or ".join(f"avg_over_time({one}[10m])" for one in selectors("DCGM_FI_DEV_GPU_UTIL", pool))
        rules += [
            record("andel:pool_utilisation:avg", f"avg({utilisation}) / 100", pool=name),
            record("andel:pool_watts:sum", f"sum({of_pool('DCGM_FI_DEV_POWER_USAGE', pool)})", pool=name),
            record("andel:pool_gpus_idle:count", f"count(({idle}) == 0) or vector(0)", pool=name),
        ]
    priced = [name for name, pool in pools.items() if pool.price_per_gpu_hour is not None]
    if priced:
        cost = "andel:pool_gpus_idle:count * on (pool) andel:pool_gpu_hour:dkk"
        rules.append(record("andel:pool_idle_cost_per_hour:dkk", cost))
    return rules


def selectors(metric: str, pool: Pool) -> list[str]:
    """A metric on the GPUs of a pool: on its nodes by name, else by its product, as DCGM names it.

    The exporter renamed its label of the node (dcgm-exporter#655): one of the two finds nothing. Two pools of one
    product on nodes without names are one to DCGM.
    """
    if isinstance(pool.nodes, NamedNodes):
        nodes = "|".join(name.replace(".", r"\\.") for name in pool.nodes.names)
        return [f'{metric}{{{label}=~"{nodes}"}}' for label in ("Hostname", "hostname")]
    return [f'{metric}{{modelName=~"{pool.gpu.product.replace("-", "[- ]")}"}}']


def of_pool(metric: str, pool: Pool) -> str:
    """The same as one expression."""
    return " or ".join(selectors(metric, pool))


def energy(environment: Environment) -> list[Rule]:
    """Watts of models and of municipalities, and joules for 1,000 tokens.

    A GPU's power is the model's whose pod holds it (DCGM names the pod). A municipality's part of a model's power is
    its part of the requests that the model's picker let through; what no request caused, idle power, goes with it. Two
    pods on one time-sliced GPU are both shown all of its power.
    """
    pod = "label_replace(DCGM_FI_DEV_POWER_USAGE, 'pod', '$1', 'exported_pod', '(.+)')"
    placed = f"label_replace({pod}, 'namespace', '$1', 'exported_namespace', '(.+)')"
    owner = 'max by (namespace, pod, andel_model) (up{andel_model!=""})'
    watts = f"sum by (andel_model) ({placed} * on (namespace, pod) group_left (andel_model) (0 * {owner} + 1))"
    per_tokens = f"{TOKENS} * andel:model_watts:sum / on (andel_model) (andel:model_tokens:rate5m > 0)"
    rules = [
        record("andel:model_watts:sum", watts),
        record("andel:model_joules_per_1k_tokens", per_tokens),
    ]
    if (section := environment.monitoring.energy if environment.monitoring else None) is not None:
        grams = section.grams_co2_per_kwh * section.overhead / JOULES_PER_KWH
        rules += [
            record("andel:model_co2_grams_per_1k_tokens", f"andel:model_joules_per_1k_tokens * {plain(grams)}"),
            record("andel:pool_co2_grams_per_hour", f"andel:pool_watts:sum * 3600 * {plain(grams)}"),
        ]
    return [*rules, *saved(environment)]


def saved(environment: Environment) -> list[Rule]:
    """Watts that sleeping models don't draw: the idle power of the GPUs of one replica, while none stands."""
    rules = []
    for name, model in environment.models.items():
        power = environment.pools[model.pool].power
        if power is None or not sleeps(model):
            continue
        watts = power.idle * model.gpus / environment.pools[model.pool].shares_per_gpu
        asleep = f'{plain(watts)} * (absent(andel:model_replicas:up{{andel_model="{name}"}} > 0) or vector(0))'
        rules.append(record("andel:model_watts_saved", f"sum({asleep})", andel_model=name, pool=model.pool))
    return rules


def sleeps(model: Model) -> bool:
    """Whether a model may have no replica."""
    return not model.stopped and model.gpus > 0 and model.scaling.least == 0


def municipalities(dialect: EppDialect) -> list[Rule]:
    """Requests of municipalities at pickers, who waits, and how evenly they are served (Jain's index: 1 is even)."""
    queue = of_picker(dialect, "flow_control_queue_size")
    served = (
        f'rate({of_picker(dialect, "flow_control_request_queue_duration_seconds_count")}{{outcome="Dispatched"}}[5m])'
    )
    named = f"label_replace({served}, 'municipality', '$1', 'fairness_id', '(.+)')"
    model = f"label_replace({named}, 'andel_model', '$1', 'inference_pool', '(.+)-inference-pool')"
    mine = "andel:municipality_requests:rate5m"
    share = "andel:municipality_model_requests:rate5m / on (andel_model) group_left () sum by (andel_model) "
    waiting = f"label_replace({queue}, 'municipality', '$1', 'fairness_id', '(.+)')"
    return [
        record("andel:municipality_model_requests:rate5m", f"sum by (municipality, andel_model) ({model})"),
        record(mine, "sum by (municipality) (andel:municipality_model_requests:rate5m)"),
        record("andel:municipality_requests_waiting:sum", f"sum by (municipality) ({waiting})"),
        record("andel:fairness:jain", f"sum({mine}) ^ 2 / (count({mine} > 0) * sum({mine} ^ 2))"),
        record(
            "andel:municipality_watts:sum",
            f"sum by (municipality) ({share}(andel:municipality_model_requests:rate5m > 0)"
            " * on (andel_model) group_left () andel:model_watts:sum)",
        ),
    ]


def plain(number: Decimal) -> str:
    """A number as PromQL reads it, without an exponent, in 12 digits."""
    return f"{number:.12f}".rstrip("0").rstrip(".")
