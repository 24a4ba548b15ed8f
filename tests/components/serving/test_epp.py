# SPDX-License-Identifier: MPL-2.0
"""The picker's configuration, against what its maker's own samples say (KServe v0.20.0, GIE v1.5.0)."""

from typing import Any

import pytest

from andel.release.epp import GIE_1_5, ROUTER_0_9
from components.serving.epp import picker_config
from config.serving.llm_d import LlmD, Prefill
from config.serving.strategies import (
    Balanced,
    FlowControl,
    LoraAffinity,
    OwnStrategy,
    PrecisePrefix,
    StickyUntilSaturated,
    Strategy,
)

PICKER = ("max-score-picker", None)


def written(strategy: Strategy, **more: Any) -> dict[str, Any]:
    """The configuration of a strategy without a queue, where none is asked for."""
    serving = LlmD(kind="llm-d", strategy=strategy, **{"flow_control": None, **more})
    return picker_config(serving, ROUTER_0_9, {})


def steps(config: dict[str, Any], profile: str) -> list[tuple[str, int | None]]:
    """Plugins of a profile with their weights."""
    (found,) = [one for one in config["schedulingProfiles"] if one["name"] == profile]
    return [(step["pluginRef"], step.get("weight")) for step in found["plugins"]]


def parameters(config: dict[str, Any], plugin: str) -> dict[str, Any]:
    """Parameters of a plugin."""
    (found,) = [one for one in config["plugins"] if one["type"] == plugin]
    return dict(found.get("parameters", {}))


BLEND = [("queue-scorer", 2), ("kv-cache-utilization-scorer", 2)]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (Balanced(), [*BLEND, ("prefix-cache-scorer", 3), PICKER]),
        (Balanced(queue=0, prefix=1), [BLEND[1], ("prefix-cache-scorer", 1), PICKER]),
        (
            Balanced(queue=0, kv_cache=0, running=4, prefix=6),
            [("prefix-cache-scorer", 6), ("running-requests-size-scorer", 4), PICKER],
        ),
        (LoraAffinity(kind="lora-affinity"), [("lora-affinity-scorer", 4), *BLEND, ("prefix-cache-scorer", 3), PICKER]),
        (PrecisePrefix(kind="precise-prefix"), [*BLEND, ("precise-prefix-cache-scorer", 3), PICKER]),
        (
            StickyUntilSaturated(kind="sticky-until-saturated"),
            [("prefix-cache-affinity-filter", None), ("token-load-scorer", 1), PICKER],
        ),
    ],
    ids=["balanced", "without-queue", "idle", "lora-affinity", "precise-prefix", "sticky"],
)
def test_a_strategy_is_one_profile_of_scorers_that_weigh_something(
    strategy: Strategy, expected: list[tuple[str, int | None]]
) -> None:
    config = written(strategy)
    assert steps(config, "default") == expected
    assert {"single-profile-handler"} | {name for name, _ in expected} <= {one["type"] for one in config["plugins"]}


@pytest.mark.parametrize(
    "strategy",
    [
        Balanced(),
        LoraAffinity(kind="lora-affinity"),
        PrecisePrefix(kind="precise-prefix"),
        StickyUntilSaturated(kind="sticky-until-saturated"),
    ],
    ids=lambda strategy: strategy.kind,
)
@pytest.mark.parametrize("prefill", [None, Prefill(), Prefill(from_tokens=1)], ids=["whole", "always", "from"])
def test_every_plugin_is_known_to_the_picker_and_every_step_is_declared(
    strategy: Strategy, prefill: Prefill | None
) -> None:
    """An EPP ends at once over a type that it doesn't know, a name twice, or a step without a plugin."""
    config = written(strategy, prefill=prefill, flow_control=FlowControl())
    types = [one["type"] for one in config["plugins"]]
    assert set(types) <= ROUTER_0_9.plugins
    assert len(types) == len(set(types))
    assert {step["pluginRef"] for one in config["schedulingProfiles"] for step in one["plugins"]} <= set(types)
    if prefill is None and not isinstance(strategy, PrecisePrefix | StickyUntilSaturated):
        assert set(types) <= GIE_1_5.plugins


@pytest.mark.parametrize(
    "strategy", [Balanced(prefix_block=64), LoraAffinity(kind="lora-affinity", prefix_block=64)], ids=["load", "lora"]
)
def test_a_memory_of_its_own_size_belongs_to_the_producer(strategy: Strategy) -> None:
    """The scorer takes no parameters since router 0.9 (source: KServe v0.20.0, its migration to that version);
    capacity can't be set, so none is written. Weights stay."""
    config = written(strategy)
    assert parameters(config, "approx-prefix-cache-producer") == {
        "autoTune": False,
        "blockSizeTokens": 64,
        "maxPrefixTokensToMatch": 131_072,
    }
    assert parameters(config, "prefix-cache-scorer") == {}
    assert steps(config, "default") == steps(written(strategy.model_copy(update={"prefix_block": None})), "default")


def test_what_weighs_nothing_is_not_remembered() -> None:
    config = written(Balanced(prefix=0, prefix_block=64))
    assert "approx-prefix-cache-producer" not in {one["type"] for one in config["plugins"]}


def test_exact_prefixes_are_counted_as_the_engines_count_them() -> None:
    """Source: KServe v0.20.0, docs/samples/llmisvc/precise-prefix-kv-cache-routing."""
    told = parameters(written(PrecisePrefix(kind="precise-prefix", block_size=32, hash_seed=7)), SCORER)
    assert told["tokenProcessorConfig"] == {"blockSize": 32, "hashSeed": "7"}
    assert told["kvEventsConfig"] == {"zmqEndpoint": "tcp://*:5557"}


SCORER = "precise-prefix-cache-scorer"


def test_stickiness_is_told_in_the_words_of_its_plugins() -> None:
    sticky = StickyUntilSaturated(
        kind="sticky-until-saturated", affinity_threshold="0.7", longest_penalty_milliseconds=3000, token_budget=2000
    )
    config = written(sticky)
    affinity = parameters(config, "prefix-cache-affinity-filter")
    assert affinity == {"affinityThreshold": 0.7, "maxTTFTPenaltyMs": 3000}
    assert parameters(config, "token-load-scorer") == {"queueThresholdTokens": 2000}


@pytest.mark.parametrize(
    ("tokens", "decider", "expected"),
    [(0, "always-disagg-pd-decider", {}), (512, "prefix-based-pd-decider", {"nonCachedTokens": 512})],
)
def test_two_parts_are_two_profiles_and_one_plugin_decides_between_them(
    tokens: int, decider: str, expected: dict[str, int]
) -> None:
    config = written(Balanced(), prefill=Prefill(from_tokens=tokens))
    blend = [*BLEND, ("prefix-cache-scorer", 3), PICKER]
    assert steps(config, "prefill") == [("prefill-filter", None), *blend]
    assert steps(config, "decode") == [("decode-filter", None), *blend]
    assert parameters(config, decider) == expected
    assert parameters(config, "disagg-profile-handler") == {"deciders": {"prefill": decider}}
    assert "single-profile-handler" not in {one["type"] for one in config["plugins"]}


def test_an_own_strategy_is_written_as_it_is() -> None:
    own = OwnStrategy.model_validate(
        {
            "kind": "own",
            "plugins": [{"type": "queue-scorer"}, {"type": "random-picker", "name": "any", "parameters": {"a": 1}}],
            "profiles": [{"name": "default", "plugins": [{"plugin": "queue-scorer", "weight": 2}, {"plugin": "any"}]}],
        }
    )
    config = written(own)
    assert config["plugins"] == [
        {"type": "queue-scorer"},
        {"type": "random-picker", "name": "any", "parameters": {"a": 1}},
    ]
    assert steps(config, "default") == [("queue-scorer", 2), ("any", None)]  # a second picker is refused


def flow(**settings: Any) -> dict[str, Any]:
    serving = LlmD(kind="llm-d", flow_control=FlowControl(**settings))
    return picker_config(serving, ROUTER_0_9, {"basis": 10, "plus": 20, "also-basis": 10})


def test_every_tier_has_a_band_and_what_is_beyond_a_month_waits_below_them() -> None:
    bands = flow()["flowControl"]["priorityBands"]
    assert [band["priority"] for band in bands] == [20, 10, -1]
    assert {band["maxRequests"] for band in bands} == {"5000"}


@pytest.mark.parametrize(
    ("settings", "fairness", "ordering"),
    [
        ({}, "round-robin-fairness-policy", "fcfs-ordering-policy"),
        (
            {"fairness": "global-strict", "ordering": "earliest-deadline"},
            "global-strict-fairness-policy",
            "edf-ordering-policy",
        ),
    ],
)
def test_policies_stand_in_every_band_and_among_the_plugins(
    settings: dict[str, str], fairness: str, ordering: str
) -> None:
    config = flow(**settings)
    bands = [config["flowControl"]["defaultPriorityBand"], *config["flowControl"]["priorityBands"]]
    assert {(band["fairnessPolicyRef"], band["orderingPolicyRef"]) for band in bands} == {(fairness, ordering)}
    assert {fairness, ordering} <= {one["type"] for one in config["plugins"]}


def test_a_queue_says_when_pods_are_full_and_how_long_a_request_waits() -> None:
    config = flow(hold_seconds=240, queue_depth=8, kv_cache_use="0.9")
    assert config["flowControl"]["defaultRequestTTL"] == "240s"
    assert config["saturationDetector"] == {"pluginRef": "utilization-detector"}
    full = parameters(config, "utilization-detector")
    assert full == {"queueDepthThreshold": 8, "kvCacheUtilThreshold": 0.9}
    assert config["featureGates"] == ["flowControl"]


def test_without_flow_control_nothing_of_it_is_written() -> None:
    assert written(Balanced()).keys() == {"apiVersion", "kind", "plugins", "schedulingProfiles"}
