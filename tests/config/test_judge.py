# SPDX-License-Identifier: MPL-2.0
"""The words of mistakes: each says how to mend it, in the names that the reader writes."""

import datetime
from typing import Any

import pytest
from pulumi.runtime import set_config

from config.environment import Environment
from config.judge import judge
from config.load import load_document, load_municipality
from config.scalars import WORDS
from config.section import Refusal, dotted
from tests.conftest import stack_document

from .edits import edited

DEV = stack_document("dev")

MENDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a spelling of Python": (
        {"models.e5-large.context_tokens": 1},
        "models.e5-large.context_tokens",
        "write contextTokens, or take it away",
    ),
    "a slip of the pen": ({"gatewey": {}}, "gatewey", "write gateway, or take it away"),
    "a setting of another kind": (
        {"models.e5-large.serving.pickerReplicas": 2},
        "models.e5-large.serving.pickerReplicas",
        "take it away; here stand kind, kvOffload",
    ),
    "a kind left out": ({"gateway.tls": {"name": "x"}}, "gateway.tls", "add `kind:` with one of issuer, secret"),
    "a kind that is none": ({"gateway.tls.kind": "file"}, "gateway.tls", "write one of 'issuer', 'secret'"),
    "a release without quotes": ({"release.name": 2026.10}, "release.name", "put it in quotes"),
    "a date": (
        {"models.e5-large.displayName": datetime.date(2026, 1, 1)},
        "models.e5-large.displayName",
        "put it in quotes",
    ),
    "a list for a text": ({"models.e5-large.displayName": ["x"]}, "models.e5-large.displayName", "write a text"),
    "a number beyond a bound": (
        {"monitoring.intervalSeconds": 4},
        "monitoring.intervalSeconds",
        "write a number of at least 5",
    ),
    "a value out of a few": (
        {"models.e5-large.task": "embed"},
        "models.e5-large.task",
        "write one of 'chat', 'embedding', 'rerank', 'classification' or 'transcription'",
    ),
    "a name of a mapping": (
        {"pools.Large": "@pools.large"},
        "pools.Large",
        "write lower-case letters, digits and hyphens, a letter first",
    ),
    "a fraction of a pod": (
        {"models.e5-large.scaling": {"kind": "fixed", "replicas": 1.5}},
        "models.e5-large.scaling.replicas",
        "write a whole number",
    ),
    "not a number": (
        {"models.e5-large.size.parameters": float("nan")},
        "models.e5-large.size.parameters",
        "write a number",
    ),
    "an unknown pool among many": (
        {**{f"pools.p{index:02}": "@pools.large" for index in range(20)}, "models.e5-large.pool": "smal"},
        "models.e5-large.pool",
        "write one of large, p00, p01, p02, p03, p04, p05, p06, p07, p08, …",
    ),
}


@pytest.mark.parametrize(("edits", "path", "mend"), MENDS.values(), ids=MENDS.keys())
def test_a_mistake_says_how_to_mend_it(edits: dict[str, Any], path: str, mend: str) -> None:
    with pytest.raises(Refusal) as refusal:
        judge(edited(DEV, edits))
    assert mend in [mistake.mend for mistake in refusal.value.mistakes if dotted(mistake.path) == path]


def test_every_form_has_words() -> None:
    """A pattern without words would end a refusal in a traceback."""
    assert patterns(Environment.__pydantic_core_schema__) - WORDS.keys() == set()


def patterns(schema: Any) -> set[str]:
    """Every pattern of a core schema."""
    match schema:
        case {"type": "str", "pattern": str(pattern)}:
            return {pattern}
        case dict():
            return set().union(*map(patterns, schema.values()))
        case list() | tuple():
            return set().union(*map(patterns, schema))
        case _:
            return set()


def test_a_key_can_not_steer_the_terminal() -> None:
    """A reviewer runs `andel check` on files of others: an escape sequence in a key would be obeyed by the terminal."""
    shown = dotted(("a\x1b[2J\nb", 0, "k" * 1000))
    assert shown.isprintable()
    assert len(shown) < 120


@pytest.mark.parametrize("document", [None, 1, "x", [], {}, [{}], {"release": None}], ids=repr)
def test_a_document_of_any_shape_is_judged(document: object) -> None:
    with pytest.raises(Refusal) as refusal:
        judge(document)
    assert all(mistake.mend for mistake in refusal.value.mistakes)


def test_a_document_deeper_than_python_can_follow_is_refused_in_words() -> None:
    """A traceback of a thousand lines would tell nobody what to mend."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Refusal, match="deeper than any setting"):
        judge({"models": deep})
    while deep:  # from outside in: to let go of it at once would recurse as well
        deep = deep.pop()


def test_settings_that_can_not_be_read_are_refused_without_showing_them() -> None:
    for name, load in (("environment", load_document), ("municipality", load_municipality)):
        set_config(f"andel:{name}", "[" * 100_000)
        with pytest.raises(Refusal, match=f"andel:{name}") as refusal:
            load()
        assert "[[" not in str(refusal.value)
