# SPDX-License-Identifier: MPL-2.0
"""Every rule of the config: it refuses what breaks it, at the right path; it lets a near-miss pass; it is needed."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from config import (
    economy,
    economy_keys,
    monitoring,
    municipalities,
    nodes,
    pool_rules,
    pooling,
    rules,
    scaling,
    secrets,
    tiers,
    walls,
)
from config.environment import Environment
from config.judge import judge
from config.section import Refusal, dotted
from tests.conftest import stack_document

from .edits import Broken, broken_files, edited
from .loosened import accepts

DEV = stack_document("dev")
BROKEN = broken_files()
MODULES = (
    economy,
    economy_keys,
    monitoring,
    municipalities,
    nodes,
    pool_rules,
    pooling,
    rules,
    scaling,
    tiers,
    walls,
)
RULES: dict[str, tuple[Any, Callable[..., Any]]] = {
    rule.__name__: (module, rule) for module in MODULES for rule in module.RULES
}
each = pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)


@each
def test_a_mistake_is_told_at_its_path_and_nowhere_else(broken: Broken) -> None:
    with pytest.raises(Refusal) as refusal:
        judge(edited(broken.document, broken.set))
    told = [(dotted(mistake.path), mistake.wrong) for mistake in refusal.value.mistakes]
    assert [path for path, _ in told] == [broken.path]
    assert broken.wrong in told[0][1]
    assert all(mistake.mend for mistake in refusal.value.mistakes)


@each
def test_its_near_miss_is_valid(broken: Broken) -> None:
    judge(edited(broken.document, broken.near))


@each
def test_it_turns_green_when_its_rule_is_taken_away(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that stays red without its rule is refused by another one, and proves nothing of it."""
    kind, _, name = broken.rule.split("#")[0].rpartition(":")
    document = edited(broken.document, broken.set)
    match kind:
        case "schema":
            assert accepts(document, constraint=name)
        case "type":
            # Rules would stumble over a value of a wrong type, so they are taken away before and after.
            assert accepts(document, rules=False) == (name == "function-after")
            assert accepts(document, node=name, rules=False)
        case "secrets":
            forms = {form: pattern for form, pattern in secrets.FORMS.items() if form != name}
            monkeypatch.setattr(secrets, *(("NAMES", re.compile("(?!)")) if name == "NAMES" else ("FORMS", forms)))
            # A setting's own form may still mind such a value; as a secret nothing does.
            assert list(secrets.secrets_in(document)) == []
        case _:
            module, rule = RULES[name]
            monkeypatch.setattr(module, "RULES", tuple(other for other in module.RULES if other is not rule))
            judge(document)


def test_every_rule_has_a_file_that_breaks_it() -> None:
    broken = {file.rule.split("#")[0] for file in BROKEN}
    assert set(RULES) - broken == set()
    assert {f"secrets:{form}" for form in secrets.FORMS} - broken == set()


def test_every_file_breaks_a_rule_of_its_own() -> None:
    """Forty typos of one kind would count for one."""
    assert [rule for rule, count in Counter(file.rule for file in BROKEN).items() if count > 1] == []
    assert len({file.rule.split("#")[0] for file in BROKEN}) >= 40


MODELS = [file for file in BROKEN if file.path.startswith("models.")]


def test_enough_of_a_model_is_broken_in_ways_of_their_own() -> None:
    """Sixty model entries, each refused by a rule or constraint of its own; most of them at a setting of its own."""
    assert len({file.rule for file in MODELS}) >= 60
    settings = {re.sub(r"^models\.[^.]+|\[\d+\]", "", file.path) for file in MODELS}
    assert len(settings) >= 50


def test_every_constraint_of_the_schema_has_a_file_that_breaks_it() -> None:
    """A kind of constraint that nobody ever broke may have words for its mistake, or none."""
    broken = {file.rule.split("#")[0].partition(":")[2] for file in BROKEN}
    assert constraints(Environment.__pydantic_core_schema__) - broken == set()


NODES = {"bool", "decimal", "dict", "enum", "int", "literal", "model", "str", "tagged-union", "tuple"}
BOUNDS = {"ge", "gt", "le", "lt", "max_length", "min_length", "pattern"}


def constraints(schema: Any) -> set[str]:
    """Kinds of nodes and of bounds that can refuse a value, in a core schema."""
    match schema:
        case dict():
            below = [constraints(value) for value in schema.values()]
            kind = schema.get("type")
            return set().union({kind} & NODES if isinstance(kind, str) else (), schema.keys() & BOUNDS, *below)
        case list() | tuple():
            return set().union(*map(constraints, schema))
        case _:
            return set()


SECRETS = [file for file in BROKEN if file.rule.startswith("secrets:")]


@pytest.mark.parametrize("broken", SECRETS, ids=lambda broken: broken.name)
def test_no_message_holds_a_secret(broken: Broken) -> None:
    (value,) = secret_values(broken)
    with pytest.raises(Refusal) as refusal:
        judge(edited(broken.document, broken.set))
    assert value not in str(refusal.value)


@pytest.mark.parametrize(
    "broken", [file for file in SECRETS if "NAMES" not in file.rule], ids=lambda broken: broken.name
)
def test_a_secret_in_the_place_of_a_key_is_not_shown_either(broken: Broken) -> None:
    (value,) = secret_values(broken)
    with pytest.raises(Refusal) as refusal:
        judge(edited(DEV, {"monitoring.labels": {value: "x"}}))
    assert [dotted(mistake.path) for mistake in refusal.value.mistakes] == ["monitoring.labels"]
    assert value not in str(refusal.value)


def secret_values(broken: Broken) -> list[str]:
    """The secret of a file: the one value that its near-miss has not."""
    return [value for value in leaves(broken.set) if value not in leaves(broken.near)]


def leaves(value: Any) -> list[str]:
    """Every scalar of a value."""
    match value:
        case dict():
            return [leaf for item in value.values() for leaf in leaves(item)]
        case list():
            return [leaf for item in value for leaf in leaves(item)]
        case _:
            return [str(value)]


def test_several_mistakes_are_told_at_once() -> None:
    document = edited(DEV, {"models.mistral-small.pool": "x", "tiers.basis.models": ["y"], "tiers.plus.priority": 10})
    with pytest.raises(Refusal) as refusal:
        judge(document)
    assert len(refusal.value.mistakes) >= 3
