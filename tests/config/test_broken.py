# SPDX-License-Identifier: MPL-2.0
"""Every rule of the config: it refuses what breaks it, at the right path; it lets a near-miss pass; it is needed."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from pydantic_core import SchemaValidator

from config import pools, rules, secrets, tiers
from config.environment import Environment
from config.judge import judge
from config.section import Refusal, dotted

from .edits import Broken, broken_files, edited

BROKEN = broken_files()
RULES: dict[str, tuple[Any, Callable[..., Any]]] = {
    rule.__name__: (module, rule) for module in (rules, pools, tiers) for rule in module.RULES
}
each = pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)


@each
def test_a_mistake_is_told_at_its_path_and_nowhere_else(broken: Broken, dev: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refusal:
        judge(edited(dev, broken.set))
    told = [(dotted(mistake.path), mistake.wrong) for mistake in refusal.value.mistakes]
    assert [path for path, _ in told] == [broken.path]
    assert broken.wrong in told[0][1]
    assert all(mistake.mend for mistake in refusal.value.mistakes)


@each
def test_its_near_miss_is_valid(broken: Broken, dev: dict[str, Any]) -> None:
    judge(edited(dev, broken.near))


@each
def test_it_turns_green_when_its_rule_is_taken_away(
    broken: Broken, dev: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that stays red without its rule is refused by another one, and proves nothing of it."""
    kind, _, name = broken.rule.split("#")[0].rpartition(":")
    document = edited(dev, broken.set)
    match kind:
        case "schema":
            loose = without(Environment.__pydantic_core_schema__, name)
            SchemaValidator(loose, _use_prebuilt=False).validate_python(document, by_alias=True, by_name=False)
        case "secrets":
            assert name in secrets.FORMS
            monkeypatch.setattr(secrets, "FORMS", {form: p for form, p in secrets.FORMS.items() if form != name})
            # A setting's own form may still mind such a value; as a secret nothing does.
            assert list(secrets.secrets_in(document)) == []
        case "pydantic":
            # A type is no rule that could be taken away: the error must be of that type, and the only one.
            with pytest.raises(Refusal):
                judge(document)
        case _:
            module, rule = RULES[name]
            monkeypatch.setattr(module, "RULES", tuple(other for other in module.RULES if other is not rule))
            judge(document)


def without(schema: Any, constraint: str) -> Any:
    """A core schema without one kind of constraint (source: pydantic_core.core_schema)."""
    match schema:
        case dict():
            loose = {key: without(value, constraint) for key, value in schema.items() if key != constraint}
            if constraint == "extra_behavior" and schema.get("type") == "model":
                loose["config"] = {**schema.get("config", {}), "extra_fields_behavior": "ignore"}
            return loose
        case list() | tuple():
            return type(schema)(without(item, constraint) for item in schema)
        case _:
            return schema


def test_every_rule_has_a_file_that_breaks_it() -> None:
    broken = {file.rule.split("#")[0] for file in BROKEN}
    assert set(RULES) - broken == set()
    assert {f"secrets:{form}" for form in secrets.FORMS} - broken == set()


def test_every_file_breaks_a_rule_of_its_own() -> None:
    """Forty typos of one kind would count for one."""
    assert [rule for rule, count in Counter(file.rule for file in BROKEN).items() if count > 1] == []
    assert len({file.rule.split("#")[0] for file in BROKEN}) >= 40


def test_no_message_holds_a_secret(dev: dict[str, Any]) -> None:
    for file in BROKEN:
        if file.rule.startswith("secrets:"):
            (path, value), *_ = file.set.items()
            with pytest.raises(Refusal) as refusal:
                judge(edited(dev, file.set))
            shown = str(refusal.value)
            assert not any(word in shown for word in yaml.safe_dump(value).split() if len(word) > 12), path


def test_several_mistakes_are_told_at_once(dev: dict[str, Any]) -> None:
    document = edited(dev, {"models.mistral-small.pool": "x", "tiers.basis.models": ["y"], "tiers.plus.priority": 10})
    with pytest.raises(Refusal) as refusal:
        judge(document)
    assert len(refusal.value.mistakes) >= 3
