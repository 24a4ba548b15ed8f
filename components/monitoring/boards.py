# SPDX-License-Identifier: MPL-2.0
"""The dashboards: what operations, a model's owner, the steering group and a municipality ask."""

from andel.release.pins import EppDialect
from config.environment import Environment

from .economy import economy, told
from .panels import Board, Panel
from .series import of_picker

MODELS = {"model": "label_values(andel:model_replicas:least, andel_model)"}
POOLS = {"pool": "label_values(andel:pool_gpus:count, pool)"}
MUNICIPALITIES = {"municipality": "label_values(andel:municipality_requests:rate5m, municipality)"}


def boards(environment: Environment, dialect: EppDialect) -> list[Board]:
    """Boards of what the environment has."""
    found = [platform(environment), model(), pool(environment), energy(environment)]
    if environment.tiers:
        found += [municipality(environment), fairness(dialect)]
    if environment.modelmesh is not None:
        found.append(shared())
    return [*found, *([costs] if (costs := economy(environment)) else [])]


def platform(environment: Environment) -> Board:
    """Does it work, and is what was promised kept?"""
    panels = [
        Panel("Replicas that answer", "short", {"{{andel_model}}": "andel:model_replicas:up"}),
        Panel("Requests in a second", "reqps", {"{{andel_model}}": "andel:model_requests:rate5m"}),
        Panel("Tokens in a second", "short", {"{{andel_model}}": "andel:model_tokens:rate5m"}),
        Panel("First token, 95 of 100", "s", {"{{andel_model}}": "andel:model_first_token_seconds:p95"}),
        Panel("Requests that wait", "short", {"{{andel_model}}": "andel:model_requests_waiting:sum"}),
        Panel("Alerts", "short", {"{{alertname}} {{severity}}": 'ALERTS{alertstate="firing"}'}, kind="table"),
    ]
    if environment.gateway is not None:
        panels += [
            Panel(
                "Answers that begin late",
                "percentunit",
                {"an hour": "andel:first_token_errors:ratio1h", "three days": "andel:first_token_errors:ratio3d"},
                about="Above what was promised, the budget of the month shrinks.",
            ),
            Panel(
                "Requests that fail",
                "percentunit",
                {"an hour": "andel:request_errors:ratio1h", "three days": "andel:request_errors:ratio3d"},
            ),
        ]
    if environment.pooling is not None:
        used = "sum by (cluster_queue, flavor) (kueue_cluster_queue_resource_usage)"
        panels.append(Panel("GPUs of queues", "short", {"{{cluster_queue}} on {{flavor}}": gpus_of(used)}))
    return Board("andel-platform", "andel: platform", panels)


def gpus_of(expr: str) -> str:
    """An expression over Kueue's resources, for GPUs alone."""
    return expr.replace("_usage)", '_usage{resource=~"nvidia.com/.+"})')


def model() -> Board:
    """How does a model do?"""
    mine = '{andel_model=~"$model"}'
    panels = [
        Panel("Requests at work", "short", {"{{andel_model}}": f"andel:model_requests_running:sum{mine}"}),
        Panel("Requests that wait", "short", {"{{andel_model}}": f"andel:model_requests_waiting:sum{mine}"}),
        Panel(
            "KV cache in use",
            "percentunit",
            {"{{andel_model}}": f"andel:model_kv_cache:max{mine}"},
            about="Near 1 the model stops requests and begins them anew: give it more memory or replicas.",
        ),
        Panel("First token, 95 of 100", "s", {"{{andel_model}}": f"andel:model_first_token_seconds:p95{mine}"}),
        Panel("Between tokens, 95 of 100", "s", {"{{andel_model}}": f"andel:model_inter_token_seconds:p95{mine}"}),
        Panel("Prompts found in cache", "percentunit", {"{{andel_model}}": f"andel:model_prefix_hits:ratio5m{mine}"}),
        Panel(
            "Replicas",
            "short",
            {
                "{{andel_model}} answer": f"andel:model_replicas:up{mine}",
                "{{andel_model}} at least": f"andel:model_replicas:least{mine}",
            },
        ),
        Panel("Tokens read in a second", "short", {"{{andel_model}}": f"andel:model_prompt_tokens:rate5m{mine}"}),
        Panel(
            "Tokens written in a second", "short", {"{{andel_model}}": f"andel:model_generation_tokens:rate5m{mine}"}
        ),
    ]
    return Board("andel-model", "andel: models", panels, MODELS)


def pool(environment: Environment) -> Board:
    """Are the GPUs used?"""
    mine = '{pool=~"$pool"}'
    panels = [
        Panel("Utilisation", "percentunit", {"{{pool}}": f"andel:pool_utilisation:avg{mine}"}),
        Panel("GPUs that wait", "short", {"{{pool}}": f"andel:pool_gpus_idle:count{mine}"}),
        Panel("GPUs", "short", {"{{pool}}": f"andel:pool_gpus:count{mine}"}, kind="stat"),
        Panel(
            "Power",
            "watt",
            {"{{pool}}": f"andel:pool_watts:sum{mine}", "{{pool}} at most": f"andel:pool_watts:most{mine}"},
        ),
        Panel("Temperature", "celsius", {"{{Hostname}}{{hostname}} {{gpu}}": "DCGM_FI_DEV_GPU_TEMP"}),
        Panel(
            "Memory in use",
            "percentunit",
            {"{{Hostname}}{{hostname}} {{gpu}}": "DCGM_FI_DEV_FB_USED / (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE)"},
        ),
    ]
    if any(one.price_per_gpu_hour is not None for one in environment.pools.values()):
        cost = {"{{pool}}": f"andel:pool_idle_cost_per_hour:dkk{mine}"}
        panels.append(Panel("What waiting GPUs cost in an hour", "currencyDKK", cost))
    return Board("andel-pool", "andel: GPU pools", panels, POOLS)


def municipality(environment: Environment) -> Board:
    """What does a municipality get?"""
    mine = '{municipality=~"$municipality"}'
    by_model = {"{{municipality}} {{andel_model}}": f"andel:municipality_model_requests:rate5m{mine}"}
    panels = [
        Panel("Requests in a second", "reqps", {"{{municipality}}": f"andel:municipality_requests:rate5m{mine}"}),
        Panel("Requests by model", "reqps", by_model),
        Panel("Requests that wait", "short", {"{{municipality}}": f"andel:municipality_requests_waiting:sum{mine}"}),
        Panel("Power", "watt", {"{{municipality}}": f"andel:municipality_watts:sum{mine}"}),
    ]
    if environment.economy is not None and told(environment):
        owed = {"{{municipality}}": f"andel:economy_statement:amount{mine}"}
        unit = f"currency{environment.economy.currency}"
        panels.append(Panel(f"What {environment.economy.year} costs", unit, owed, kind="stat"))
    return Board("andel-municipality", "andel: municipalities", panels, MUNICIPALITIES)


def fairness(dialect: EppDialect) -> Board:
    """Is what there is shared evenly?"""
    waiting = f"sum by (priority) ({of_picker(dialect, 'flow_control_queue_size')})"
    panels = [
        Panel("Evenness (1 is even)", "short", {"Jain's index": "andel:fairness:jain"}),
        Panel("Who is served", "reqps", {"{{municipality}}": "topk(10, andel:municipality_requests:rate5m)"}),
        Panel("Who waits", "short", {"{{municipality}}": "topk(10, andel:municipality_requests_waiting:sum)"}),
        Panel("Which rank waits", "short", {"{{priority}}": waiting}),
        Panel(
            "How full the models are",
            "percentunit",
            {"{{inference_pool}}": of_picker(dialect, "flow_control_pool_saturation")},
        ),
    ]
    return Board("andel-fairness", "andel: fairness", panels)


def energy(environment: Environment) -> Board:
    """What do tokens cost the climate?"""
    panels = [
        Panel("Power of models", "watt", {"{{andel_model}}": "andel:model_watts:sum"}),
        Panel("Power of pools", "watt", {"{{pool}}": "andel:pool_watts:sum"}),
        Panel("Energy of 1,000 tokens", "joule", {"{{andel_model}}": "andel:model_joules_per_1k_tokens"}),
        Panel("Power saved by sleeping models", "watt", {"{{andel_model}}": "andel:model_watts_saved"}),
    ]
    if environment.monitoring is not None and environment.monitoring.energy is not None:
        panels += [
            Panel("CO2 of 1,000 tokens", "massg", {"{{andel_model}}": "andel:model_co2_grams_per_1k_tokens"}),
            Panel("CO2 of an hour", "massg", {"{{pool}}": "andel:pool_co2_grams_per_hour"}),
        ]
    return Board("andel-energy", "andel: energy", panels)


def shared() -> Board:
    """Which models share pods, and what does it cost them?"""
    loads = "sum by (how, le) (rate(modelmesh_vllm_load_seconds_bucket[30m]))"
    panels = [
        Panel(
            "Models that share pods",
            "short",
            {
                "loaded": "max(modelmesh_models_loaded_total)",
                "in all": "max(modelmesh_models_managed_total)",
                "that fail to load": "max(modelmesh_models_with_failure_total)",
            },
        ),
        Panel(
            "Room in use",
            "percentunit",
            {"{{pod}}": "modelmesh_instance_used_bytes / modelmesh_instance_capacity_bytes"},
            about="Near 1 every model that comes sends another one to sleep.",
        ),
        Panel("GPU memory that models hold", "bytes", {"{{model}}": "sum by (model) (modelmesh_vllm_held_bytes)"}),
        Panel(
            "Loads in a second",
            "short",
            {"{{how}} {{result}}": "sum by (how, result) (rate(modelmesh_vllm_loads_total[5m]))"},
        ),
        Panel("Time of a load, 95 of 100", "s", {"{{how}}": f"histogram_quantile(0.95, {loads})"}),
        Panel("Engines that sleep", "short", {"level {{level}}": "sum by (level) (modelmesh_vllm_sleepers)"}),
        Panel("Requests that wait", "short", {"{{model}}": "sum by (model) (modelmesh_vllm_requests_waiting)"}),
        Panel(
            "Engines that ended by themselves",
            "short",
            {"{{model}}": "sum by (model) (increase(modelmesh_vllm_engine_deaths_total[1h]))"},
        ),
    ]
    return Board("andel-shared", "andel: models that share pods", panels)
