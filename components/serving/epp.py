# SPDX-License-Identifier: MPL-2.0
"""Configuration of the endpoint picker (EPP), in the dialect of the release's picker.

It is always written whole by us: KServe's own default changes with the presence of adapters and a prefill part.
"""

from collections.abc import Mapping
from typing import Any

from andel.release.pins import EppDialect
from config.serving.llm_d import LlmD, Prefill
from config.serving.picker_rules import DETECTOR, FAIRNESS, ORDERING
from config.serving.strategies import (
    Balanced,
    FlowControl,
    LoraAffinity,
    OwnStrategy,
    PrecisePrefix,
    StickyUntilSaturated,
    Strategy,
)

EVENTS_PORT = 5557
"""Port of the picker on which engines tell what is in their KV cache (ZMQ)."""

BEYOND_MONTH = -1
"""Band of requests beyond a soft month: below every tier."""

PICKER = "max-score-picker"
"""Takes the best of what filters and scorers leave. A strategy of one's own that names none gets it from the EPP."""

LONGEST_PREFIX = 131_072
"""Tokens of a prompt that are looked at, with a memory of our own size: the longest context of the usual models."""

Step = tuple[str, int | None]
"""Name of a plugin in a profile, and its weight if it is a scorer."""


def picker_config(serving: LlmD, dialect: EppDialect, bands: Mapping[str, int]) -> dict[str, Any]:
    """An EndpointPickerConfig.

    Args:
        serving: the model's section.
        dialect: the release's picker.
        bands: priority of each tier.
    """
    plugins, profiles = routing(serving.strategy, serving.prefill)
    config = {
        "apiVersion": dialect.config_api_version,
        "kind": "EndpointPickerConfig",
        "plugins": [plugin(name, parameters) for name, parameters in plugins.items()],
        "schedulingProfiles": profiles,
    }
    if isinstance(serving.strategy, OwnStrategy):
        config["plugins"] = [one.model_dump(exclude_defaults=True) for one in serving.strategy.plugins]
    return config if serving.flow_control is None else with_flow_control(config, serving.flow_control, bands)


def plugin(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A plugin under its own type's name."""
    return {"type": name, **({"parameters": dict(parameters)} if parameters else {})}


def routing(strategy: Strategy, prefill: Prefill | None) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """Plugins with their parameters, and the profiles that they make up."""
    if isinstance(strategy, OwnStrategy):
        own = [profile(one.name, [(step.plugin, step.weight) for step in one.plugins]) for one in strategy.profiles]
        return {}, own
    plugins, steps = chosen_by(strategy)
    if prefill is None:
        plugins = {"single-profile-handler": {}, **plugins, PICKER: {}}
        return plugins, [profile("default", [*steps, (PICKER, None)])]
    return {**disaggregation(prefill), **plugins, PICKER: {}}, [
        profile("prefill", [("prefill-filter", None), *steps, (PICKER, None)]),
        profile("decode", [("decode-filter", None), *steps, (PICKER, None)]),
    ]


def profile(name: str, steps: list[Step]) -> dict[str, Any]:
    """A profile by its steps."""
    return {
        "name": name,
        "plugins": [{"pluginRef": step} | ({"weight": weight} if weight is not None else {}) for step, weight in steps],
    }


def disaggregation(prefill: Prefill) -> dict[str, dict[str, Any]]:
    """Plugins that send prompts to prefill pods."""
    decider, parameters = (
        ("prefix-based-pd-decider", {"nonCachedTokens": prefill.from_tokens})
        if prefill.from_tokens
        else ("always-disagg-pd-decider", {})
    )
    return {
        "disagg-headers-handler": {},
        "prefill-filter": {},
        "decode-filter": {},
        decider: parameters,
        "disagg-profile-handler": {"deciders": {"prefill": decider}},
    }


def chosen_by(strategy: Strategy) -> tuple[dict[str, dict[str, Any]], list[Step]]:
    """Filters and scorers of a strategy, with their parameters and weights."""
    match strategy:
        case Balanced():
            weights = {**load_and_prefix(strategy), "running-requests-size-scorer": strategy.running}
            return remembering(strategy, scored(weights))
        case LoraAffinity():
            weights = {"lora-affinity-scorer": strategy.lora, **load_and_prefix(strategy)}
            return remembering(strategy, scored(weights))
        case PrecisePrefix():
            weights = load_and_prefix(strategy)
            exact = {"precise-prefix-cache-scorer": weights.pop("prefix-cache-scorer")}
            plugins, steps = scored({**weights, **exact})
            return {name: precise(strategy) if name in exact else {} for name in plugins}, steps
        case StickyUntilSaturated():
            return {
                "approx-prefix-cache-producer": {},
                "inflight-load-producer": {},
                "prefix-cache-affinity-filter": {
                    "affinityThreshold": float(strategy.affinity_threshold),
                    "maxTTFTPenaltyMs": strategy.longest_penalty_milliseconds,
                },
                "token-load-scorer": {"queueThresholdTokens": strategy.token_budget},
            }, [("prefix-cache-affinity-filter", None), ("token-load-scorer", 1)]
        case _:
            raise TypeError(f"{strategy.kind} brings plugins of its own")


def load_and_prefix(strategy: Balanced | LoraAffinity | PrecisePrefix) -> dict[str, int]:
    """Weights that all blends have."""
    return {
        "queue-scorer": strategy.queue,
        "kv-cache-utilization-scorer": strategy.kv_cache,
        "prefix-cache-scorer": strategy.prefix,
    }


def scored(weights: Mapping[str, int]) -> tuple[dict[str, dict[str, Any]], list[Step]]:
    """Scorers that weigh anything, without parameters."""
    used = {name: weight for name, weight in weights.items() if weight}
    return {name: {} for name in used}, list(used.items())


def remembering(
    strategy: Balanced | LoraAffinity, chosen: tuple[dict[str, dict[str, Any]], list[Step]]
) -> tuple[dict[str, dict[str, Any]], list[Step]]:
    """The plugins with a memory of prompts of its own size (source: GIE v1.5.0, approximateprefix/types.go, plugin.go).

    `lruCapacityPerServer` is left out: with `autoTune` off the EPP uses its default of 31,250, whatever is written.
    """
    plugins, steps = chosen
    if strategy.prefix_block is None or not strategy.prefix:
        return chosen
    memory = {
        "autoTune": False,
        "blockSizeTokens": strategy.prefix_block,
        "maxPrefixTokensToMatch": LONGEST_PREFIX,
    }
    return {"approx-prefix-cache-producer": memory, **plugins}, steps


def precise(strategy: PrecisePrefix) -> dict[str, Any]:
    """Parameters by which the picker counts blocks as the engines do (source: KServe v0.20.0, its sample of it)."""
    return {
        "tokenProcessorConfig": {"blockSize": strategy.block_size, "hashSeed": str(strategy.hash_seed)},
        "kvEventsConfig": {"zmqEndpoint": f"tcp://*:{EVENTS_PORT}"},
        "indexerConfig": {"kvBlockIndexConfig": {"enableMetrics": True}},
    }


def with_flow_control(config: dict[str, Any], flow: FlowControl, bands: Mapping[str, int]) -> dict[str, Any]:
    """The configuration with a queue: a band for each tier, and one below them."""
    fairness, ordering = FAIRNESS[flow.fairness], ORDERING[flow.ordering]
    detector = {"queueDepthThreshold": flow.queue_depth, "kvCacheUtilThreshold": float(flow.kv_cache_use)}
    policies = {"fairnessPolicyRef": fairness, "orderingPolicyRef": ordering, "maxRequests": str(flow.queue_requests)}
    priorities = sorted({*bands.values(), BEYOND_MONTH}, reverse=True)
    return {
        **config,
        "featureGates": ["flowControl"],
        "plugins": [
            *config["plugins"],
            plugin(fairness, {}),
            plugin(ordering, {}),
            plugin(DETECTOR, detector),
        ],
        "saturationDetector": {"pluginRef": DETECTOR},
        "flowControl": {
            "defaultRequestTTL": f"{flow.hold_seconds}s",
            "defaultPriorityBand": {"priority": 0, **policies},
            "priorityBands": [{"priority": priority, **policies} for priority in priorities],
        },
    }
