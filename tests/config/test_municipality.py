# SPDX-License-Identifier: MPL-2.0
"""A municipality's stack file: each rule refuses what breaks it, lets a near miss pass, and is needed."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from andel import check as check_verb
from andel.release.admission import admit_municipality, judged
from andel.template import SCHEMAS, template
from config import municipality, municipality_rules
from config.contract import PlatformContract, contract
from config.judge import judge_municipality
from config.load import contract_of
from config.municipality import Municipality
from config.section import Refusal, dotted
from config.stackfile import MUNICIPALITY
from tests.conftest import ROOT, stack_document

from .edits import Broken, edited
from .loosened import accepts

FOLDER = Path(__file__).parent / "broken_municipalities"
AARHUS: dict[str, Any] = yaml.safe_load((ROOT / "municipalities/Pulumi.dev-aarhus.yaml").read_text())["config"][
    "andel:municipality"
]
DEV = contract(judged(stack_document("dev")))
BROKEN = [Broken(file.stem, **yaml.safe_load(file.read_text())) for file in sorted(FOLDER.glob("*.yaml"))]
RULES = {rule.__name__: rule for rule in municipality.RULES}
each = pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)


@each
def test_a_mistake_is_told_at_its_path_and_nowhere_else(broken: Broken) -> None:
    with pytest.raises(Refusal) as refusal:
        judge_municipality(edited(AARHUS, broken.set))
    told = [(dotted(mistake.path), mistake.wrong) for mistake in refusal.value.mistakes]
    assert [path for path, _ in told] == [broken.path]
    assert broken.wrong in told[0][1]
    assert all(mistake.mend for mistake in refusal.value.mistakes)


@each
def test_its_near_miss_is_valid(broken: Broken) -> None:
    judge_municipality(edited(AARHUS, broken.near))


@each
def test_it_turns_green_when_its_rule_is_taken_away(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, _, name = broken.rule.split("#")[0].rpartition(":")
    document = edited(AARHUS, broken.set)
    if kind == "schema":
        assert accepts(document, constraint=name, root=Municipality)
    elif kind == "type":
        assert accepts(document, node=name, rules=False, root=Municipality)
    else:
        monkeypatch.setattr(municipality, "RULES", tuple(one for one in municipality.RULES if one is not RULES[name]))
        judge_municipality(document)


def test_every_rule_has_a_file_of_its_own() -> None:
    rules = [file.rule for file in BROKEN]
    assert {rule.split("#")[0] for rule in rules} >= set(RULES)
    assert [rule for rule, count in Counter(rules).items() if count > 1] == []


WITHOUT_CHATS = DEV.model_copy(update={"chat_domain": None})
WITHOUT_A_GATEWAY = DEV.model_copy(update={"host": None})
APART = DEV.model_copy(update={"separate_applications": True})

BETWEEN: dict[str, tuple[dict[str, Any], PlatformContract, str, str, dict[str, Any]]] = {
    "strangers": ({"slug": "herning"}, DEV, "slug", "herning is no member", {"slug": "odense"}),
    "models_beyond_the_plan": (
        {"chat.models": ["gpt"]},
        DEV,
        "chat.models[0]",
        "its plan has no model gpt",
        {"chat.models": ["mistral-small"]},
    ),
    "chats_with_nothing_to_chat_with": (
        {"models": ["e5-large"]},
        DEV,
        "models",
        "none of these models is one to chat with",
        {"models": ["e5-large"], "chat": None},
    ),
    "other_clusters": ({}, APART, "clusters.application", "of its own", {"clusters.application": {"context": "other"}}),
    "chats_without_a_host": ({}, WITHOUT_CHATS, "chat", "no gateway for chats", {"chat": None}),
    "boards_of_nothing": ({"dashboards": True}, DEV, "dashboards", "shows municipalities no figures", {}),
    "chats_without_an_api": ({}, WITHOUT_A_GATEWAY, "chat", "no gateway to models", {"chat": None}),
}
"""For each rule between the two: an edit that breaks it, the contract, path, words, and a near miss."""


def test_every_rule_between_the_two_is_broken_once() -> None:
    assert {rule.__name__ for rule in municipality_rules.RULES} == set(BETWEEN)


@pytest.mark.parametrize("name", BETWEEN)
def test_nobody_asks_for_what_the_platform_does_not_give(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    edits, given, path, wrong, near = BETWEEN[name]
    (mistake,) = municipality_rules.mistakes(judge_municipality(edited(AARHUS, edits)), given)
    assert dotted(mistake.path) == path
    assert wrong in mistake.wrong
    assert list(municipality_rules.mistakes(judge_municipality(edited(AARHUS, near)), given)) == []
    kept = tuple(rule for rule in municipality_rules.RULES if rule.__name__ != name)
    monkeypatch.setattr(municipality_rules, "RULES", kept)
    assert list(municipality_rules.mistakes(judge_municipality(edited(AARHUS, edits)), given)) == []


@pytest.mark.parametrize(
    ("edits", "path"),
    [
        ({"models": ["mistral-small", "gpt"]}, "models[1]"),
        ({"applications.borgerservice.models": ["gpt"]}, "applications.borgerservice.models[0]"),
        ({"applications.journal.models": ["mistral-small", "e5-large"]}, "applications.journal.models[1]"),
        ({"applications.journal.models": ["harmless"]}, "applications.journal.models[0]"),
    ],
)
def test_no_list_names_a_model_that_the_plan_has_not(edits: dict[str, Any], path: str) -> None:
    """Whether the platform has it for others, as `e5-large` here, or nobody has."""
    member = DEV.tiers["plus"].model_copy(update={"models": ("mistral-small",)})
    given = DEV.model_copy(update={"tiers": {**DEV.tiers, "plus": member}})
    (mistake,) = municipality_rules.mistakes(judge_municipality(edited(AARHUS, edits)), given)
    assert dotted(mistake.path) == path
    assert mistake.wrong.startswith("its plan has no model ")
    assert mistake.mend == "write one of mistral-small"


@pytest.mark.parametrize("stack", ["dev-odense", "prod-aarhus", "aarhus", "dev-aarhus-2", ""])
def test_a_stack_is_its_municipalitys_own(stack: str) -> None:
    """Run under another's name it would take over the objects of the other's state."""
    with pytest.raises(Refusal, match="dev-aarhus"):
        municipality_rules.admitted(judge_municipality(AARHUS), DEV, stack=stack)
    municipality_rules.admitted(judge_municipality(AARHUS), DEV, stack="dev-aarhus")


def test_a_contract_comes_back_from_the_engine_as_it_was_written() -> None:
    """The engine knows no whole numbers."""
    document = DEV.model_dump(mode="json", by_alias=True)
    document["version"] = 1.0
    for tier in document["tiers"].values():
        tier["priority"] = float(tier["priority"])
    assert contract_of(document, "dev") == DEV


def test_a_contract_comes_back_without_what_is_null() -> None:
    """The engine leaves out null in outputs: a register without citizens, an environment without a gateway."""
    bare = edited(stack_document("dev"), {"municipalities.aarhus.citizens": None, "economy": None})
    known = contract(judged(bare)).model_copy(update={"host": None})
    assert known.municipalities["aarhus"].citizens is None
    assert contract_of(without_null(known.model_dump(mode="json", by_alias=True)), "dev") == known


def without_null(value: Any) -> Any:
    """A document without the keys whose value is null."""
    if isinstance(value, dict):
        return {key: without_null(one) for key, one in value.items() if one is not None}
    return [without_null(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("document", [None, {}, {"version": 2}, "text"])
def test_a_contract_that_the_program_does_not_know_is_refused(document: object) -> None:
    with pytest.raises(Refusal) as refusal:
        contract_of(document, "organization/andel/dev")
    assert dotted(refusal.value.mistakes[0].path) == "platform"


def test_a_file_of_a_municipality_is_checked_by_itself_and_beside_the_platform(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev-herning.yaml"
    text = (ROOT / "municipalities/Pulumi.dev-samso.yaml").read_text().replace("slug: samso", "slug: herning")
    file.write_text(text)
    assert check(file).exit_code == 0
    beside = check(file, "--platform", str(ROOT / "Pulumi.dev.yaml"))
    assert beside.exit_code == 1
    assert f"{file}:7: slug: herning is no member of the platform" in beside.output


def test_a_file_is_one_stack(tmp_path: Path) -> None:
    """The platform's program would take its part of a file that holds both, and nobody would see the rest."""
    both = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
    both["config"]["andel:municipality"] = AARHUS
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(yaml.safe_dump(both))
    assert "is the other kind of stack's" in check(file).output


def test_a_municipalitys_file_brings_in_no_environment_of_pulumis_service(tmp_path: Path) -> None:
    """One would set variables of the run, a kubeconfig of another for one. The platform's own may."""
    for source, refused in (("municipalities/Pulumi.dev-samso.yaml", True), ("Pulumi.dev.yaml", False)):
        file = tmp_path / Path(source).name
        file.write_text(f"environment: [odense]\n{(ROOT / source).read_text()}")
        assert (": environment: " in check(file).output) == refused


def test_a_template_filled_in_is_good(tmp_path: Path) -> None:
    """The least of it: a stack without chat or applications."""
    told = {"platform": "organization/andel/dev", "slug": "samso", "context": "andel-dev"}
    contacts = dict.fromkeys(("technical", "dataProtection"), "it@samso.example")
    lines = []
    for line in template(MUNICIPALITY).splitlines():
        key = line.strip().partition(":")[0]
        if not line.lstrip().startswith("#"):
            lines.append(line.replace("<text>", {**told, **contacts}.get(key, "<text>")))
    text = "\n".join(lines)
    whole = yaml.safe_load(text)
    section = whole["config"]["andel:municipality"]
    del section["chat"], section["applications"]
    section["clusters"].pop("application", None)
    file = tmp_path / "Pulumi.dev-samso.yaml"
    file.write_text(yaml.safe_dump(whole))
    assert check(file).output == f"{file}: good\n"


def test_an_image_without_a_digest_is_refused_where_the_platform_refuses_it() -> None:
    section, strict = judge_municipality(AARHUS), DEV.model_copy(update={"allow_unresolved": False})
    with pytest.raises(Refusal, match="no digest for"):
        admit_municipality(section, strict, applying=True)
    admit_municipality(section, strict, applying=False)  # a preview shows everything
    admit_municipality(section, DEV, applying=True)
    admit_municipality(section.model_copy(update={"chat": None}), strict, applying=True)


def test_stack_files_name_their_schema() -> None:
    for file in (ROOT / "municipalities").glob("Pulumi.*-*.yaml"):
        assert file.read_text().splitlines()[0] == f"# yaml-language-server: $schema={SCHEMAS[MUNICIPALITY]}"
        assert (file.parent / SCHEMAS[MUNICIPALITY]).exists()


def check(*words: object) -> Any:
    """Run the verb."""
    return CliRunner().invoke(check_verb.command, [str(word) for word in words])
