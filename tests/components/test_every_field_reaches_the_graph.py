# SPDX-License-Identifier: MPL-2.0
"""A typed setting that reaches nothing is a lie: change any of them, and what is stood up changes."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from andel.economy.figures import prices
from config.contract import contract
from config.judge import judge
from config.section import Path, Refusal, dotted
from tests.config.edits import edited, found
from tests.conftest import ROOT

from .constructed import constructed

DOCUMENTS: dict[str, dict[str, Any]] = {
    file.name.split(".")[1]: yaml.safe_load(file.read_text())["config"]["andel:environment"]
    for file in sorted(ROOT.glob("tests/environments/*.yaml"))
    if "managed" not in file.name  # a mirror's address that no machine has
}
"""Environments that have every option of something, by the name of their file."""

# What is only judged by, and by design never written: sizes of nodes and models decide whether a model fits, and
# nothing on a cluster asks for them again.
JUDGED_ONLY = ("release.name", ".cards", "release.allowUnresolved", ".gpu.memory", ".gpu.product", ".host.", ".size.")

# Names of other entries and words with one meaning: no other value stands alone. Snapshots and rules hold these.
REFERENCES = (
    ".pool",
    ".task",
    ".whenAsleep",
    ".everyMember",
    "strategy.plugins[",
    "transfer.resource",
    "precise.serving.pickerReplicas",
    ".profile",
    "canary.model",
    "overflow.backend",
    "overflow.sweden.municipalities",
    "overflow.own-centre.municipalities",
    "tiers.only.models",
    "pooling.models",
    "spare.namespaces",
    "handout.namespaces",
    "tiers.large.models",
    "tiers.small.models",
    # KubeAI gives a whole number of profiles, and Secrets whole.
    "profiles.doubled",
    "doubled-text.gpus",
    "doubled-text.resources",
    "WHOLE.key",
    "tiers.strict.models",
    # Envoy Gateway's own setting: `andel gateway-values` says it, and a managed one's chart gets it.
    "limits.whenDown",
    # Purchases and memberships are of this year; the smallest class begins with nobody. tests/economy holds both.
    "economy.year",
    "classes.small.citizens",
)

MORE = (
    "adapted",
    "classifier",
    "experts",
    "on-cores",
    "own",
    "pipeline",
    "precise",
    "reranker",
    "resting",
    "split-always",
)

# The same fields again in entries of the same kinds.
REPEATED = (
    *("models.speech", "models.chat-behind-a-service", "pools.sliced.gpu", "pools.sliced.nodes"),
    *(f"{model}.{field}" for model in MORE for field in ("displayName", "source", "contextTokens", "resources")),
)

# What the environments of single serving kinds are read for; the rest of them is in `everything`.
OF_A_KIND = ("models", "profiles", "modelCache", "monitoring")
OF_ITS_OWN = {
    "gateway": ("gateway.", "municipalities.", "tiers.", "economy.", "walls.", "chats.", "keycloak."),
    "routes": (".canary.", "overflow.", "guardrail.", "economy."),
    "pools": ("pools.", "pooling.", "monitoring."),
    "modelmesh": ("models", "profiles", "modelmesh."),
    "live": ("pickerResources.",),
}


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every setting of a document that holds a value."""
    match value:
        case dict():
            for key, item in value.items():
                yield from leaves(item, (*path, key))
        case list():
            for index, item in enumerate(value):
                yield from leaves(item, (*path, index))
        case _:
            yield path, value


WORDS = (
    *("hard", "only"),
    "strict",
    "one",
    "other",
    "within",
    "Europe/Berlin",
    "refuse",
    "round-robin",
    "first-come",
    "lru",
    "sun",
    "UTC",
    "06:00",
    "18:00",
    "hf://example/other",
    "auto",
    "closed",
    "headers",
    "any",
    "priority",
    "spot",
    "2025-01-01",
    "2026-06-01",
    "SEK",
    "v2alpha1",
    "192.0.2.11/32",
    "2",
    "200Gi",
    "http://other.example:9091",
    "sleep",
)
"""Other values of settings that know few."""


def others(value: Any) -> Iterator[Any]:
    """Values of the same type that are likely to be valid too."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (value - 1, value + 1, value * 2, value // 2)
        case float():
            yield value - 0.01
        case str():
            yield from (
                f"{value}1",
                f"1{value}",
                "soft",
                "ClusterIssuer",
                "NoSchedule",
                "1Gi",
                "100Gi",
                "1000Gi",
                *WORDS,
            )


SETTINGS = [
    (name, path, value)
    for name, document in DOCUMENTS.items()
    for path, value in leaves(document)
    if path[-1] != "kind"
    and value is not None
    and "." not in str(path[-1])
    and not any(mark in dotted(path) for mark in (*JUDGED_ONLY, *REFERENCES, *REPEATED))
    and (name == "everything" or any(mark in dotted(path) for mark in OF_ITS_OWN.get(name, OF_A_KIND)))
]


BESIDE = {"gateway": {"gateway"}, "tiers": {"gateway", "tiers"}, "monitoring": {"monitoring"}}
"""Sections that may be left out, and are needed for the settings of a section."""


WHOLE = ("chats", "economy", "gateway", "keycloak", "municipalities", "tiers", "walls")
"""Sections whose settings concern members: their environment is small as it is."""


def concerned(document: dict[str, Any], path: Path) -> dict[str, Any]:
    """A document with the models and sections that a setting concerns: a smaller graph is sooner built."""
    if "overflow" in document or "pooling" in document or "modelmesh" in document:
        return document  # its entries name each other
    section, name = str(path[0]), path[1] if len(path) > 1 else ""
    if section in WHOLE and "strict" in document["tiers"]:
        return document
    profiles = document.get("profiles", {})
    models = {
        model: entry
        for model, entry in document["models"].items()
        if {
            "models": model == name,
            "profiles": entry.get("profile") == name,
            "pools": entry.get("pool", profiles.get(entry.get("profile"), {}).get("pool")) == name,
        }.get(section, model in SMALL)
    }
    longest = max(model["contextTokens"] for model in models.values())
    tier = {**document["tiers"]["only"], "models": list(models)}
    tier |= {key: min(tier[key], longest - less) for key, less in (("contextTokens", 0), ("outputTokens", 1))}
    left_out = {"gateway", "tiers", "monitoring"} - BESIDE.get(section, set())
    if any(map(measured, models.values())):
        left_out.discard("monitoring")
    if any(map(sleeps, models.values())):
        left_out.discard("gateway")
    smaller = {**document, "models": models, "tiers": {"only": tier}}
    smaller = {key: value for key, value in smaller.items() if key not in left_out}
    # Fewer nodes are fewer objects.
    names = {"kind": "labelled", "labels": {"example.dk/pool": "large"}, "count": 5}
    return (
        edited(smaller, {"pools.large.nodes": names})
        if section == "models" and "large" in document["pools"]
        else smaller
    )


SMALL = ("embedding", "sticky", "text", "doubled-text")
"""Models that stand for all where a setting concerns none of them."""


def measured(model: dict[str, Any]) -> bool:
    """Whether a model needs monitoring."""
    return "load" in str(model) or bool(model.get("tracing"))


def sleeps(model: dict[str, Any]) -> bool:
    """Whether a model needs a gateway that wakes it."""
    return bool(model.get("scaling", {}).get("minReplicas") == 0)


@cache
def meaning(document: str) -> str:
    """Everything that an environment becomes: objects and outputs."""
    environment = judge(json.loads(document))
    return constructed(environment) + contract(environment).model_dump_json() + json.dumps(prices(environment))


@pytest.mark.parametrize(
    ("name", "path", "value"), SETTINGS, ids=[f"{name}-{dotted(path)}" for name, path, _ in SETTINGS]
)
def test_a_changed_setting_changes_what_is_stood_up(name: str, path: Path, value: Any) -> None:
    document = concerned(DOCUMENTS[name], path)
    valid = 0
    for other in others(found(document, dotted(path))):
        changed = edited(document, {dotted(path): other})
        try:
            judge(changed)
        except Refusal:
            continue
        valid += 1
        if meaning(json.dumps(changed)) != meaning(json.dumps(document)):
            return
    assert valid, f"no other value than {value!r} is valid for {dotted(path)}; give `others` one"
    pytest.fail(f"{dotted(path)} reaches nothing: {valid} other values stand up the same")
