# SPDX-License-Identifier: MPL-2.0
"""A typed setting that reaches nothing is a lie: change any of them, and what is stood up changes."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from config.contract import contract
from config.judge import judge
from config.section import Path, Refusal, dotted
from tests.config.edits import edited, found
from tests.conftest import ROOT

from .program import as_snapshot, platform_graph

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "tests/environments/Pulumi.everything.yaml").read_text())["config"][
    "andel:environment"
]

# What is only judged by, and by design never written: sizes of nodes and models decide whether a model fits, and
# nothing on a cluster asks for them again.
JUDGED_ONLY = ("release.name", "release.allowUnresolved", ".gpu.memory", ".gpu.product", ".host.", ".size.")

# Names of other entries and words with one meaning: no other value stands alone. Snapshots and rules hold these.
REFERENCES = (".pool", ".task", ".strategy", ".profile", "tiers.only.models")

# The same fields again in entries of the same kinds.
REPEATED = ("models.speech", "models.chat-behind-a-service", "pools.sliced.gpu", "pools.sliced.nodes")


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


def others(value: Any) -> Iterator[Any]:
    """Values of the same type that are likely to be valid too."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (value - 1, value + 1)
        case float():
            yield value - 0.01
        case str():
            yield from (f"{value}1", f"1{value}", "soft", "ClusterIssuer", "NoSchedule", "1Gi")


SETTINGS = [
    (path, value)
    for path, value in leaves(DOCUMENT)
    if path[-1] != "kind"
    and "." not in str(path[-1])
    and not any(mark in dotted(path) for mark in (*JUDGED_ONLY, *REFERENCES, *REPEATED))
]


BESIDE = {"gateway": {"gateway"}, "tiers": {"gateway", "tiers"}, "monitoring": {"monitoring"}}
"""Sections that may be left out, and are needed for the settings of a section."""


def concerned(path: Path) -> dict[str, Any]:
    """The document with the models and sections that a setting concerns: a smaller graph is sooner built."""
    section, name = str(path[0]), path[1] if len(path) > 1 else ""
    models = {
        model: entry
        for model, entry in DOCUMENT["models"].items()
        if {"models": model == name, "pools": entry["pool"] == name}.get(section, model == "embedding")
    }
    longest = max(model["contextTokens"] for model in models.values())
    tier = {**DOCUMENT["tiers"]["only"], "models": list(models)}
    tier |= {key: min(tier[key], longest - less) for key, less in (("contextTokens", 0), ("outputTokens", 1))}
    document = {**DOCUMENT, "models": models, "tiers": {"only": tier}}
    left_out = {"gateway", "tiers", "monitoring"} - BESIDE.get(section, set())
    return {key: value for key, value in document.items() if key not in left_out}


@cache
def meaning(document: str) -> str:
    """Everything that an environment becomes: objects and outputs."""
    environment = judge(json.loads(document))
    return as_snapshot(platform_graph(environment)) + contract(environment).model_dump_json()


@pytest.mark.parametrize(("path", "value"), SETTINGS, ids=lambda one: dotted(one) if isinstance(one, tuple) else "")
def test_a_changed_setting_changes_what_is_stood_up(path: Path, value: Any) -> None:
    document = concerned(path)
    for other in others(found(document, dotted(path))):
        changed = edited(document, {dotted(path): other})
        try:
            judge(changed)
        except Refusal:
            continue
        assert meaning(json.dumps(changed)) != meaning(json.dumps(document))
        return
    pytest.fail(f"no other value than {value!r} is valid for {dotted(path)}; give `others` one")
