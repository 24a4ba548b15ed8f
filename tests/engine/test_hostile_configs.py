# SPDX-License-Identifier: MPL-2.0
"""Hostile stack files of a municipality: refused, or run as its own account while nothing outside moves.

What is refused needs no cluster: the program judges before it asks one anything. What YAML hides is read
by both readers of a file, `andel check` and the engine. What is judged good is run.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime import set_config

from andel.check import mistakes_and_notices
from andel.release.admission import admit_municipality, judged
from config.contract import PlatformContract, contract
from config.judge import judge_municipality
from config.load import load_municipality
from config.municipality import Municipality
from config.municipality_rules import admitted
from config.names import CHAT
from config.section import Mistake, Refusal, dotted
from tests.config.edits import edited
from tests.conftest import ROOT, stack_document

from .hostile import BESIDE, HARMLESS, REFUSED, SAME, TRICKS, UNREADABLE
from .laboratory import APPLY, Laboratory, settled, written
from .municipal import MunicipalStack
from .walls import raise_walls

DEV = contract(judged(stack_document("dev")))


def text_of(slug: str) -> str:
    """The stack file of a municipality on dev."""
    return (ROOT / f"municipalities/Pulumi.dev-{slug}.yaml").read_text(encoding="utf-8")


def document_of(slug: str) -> dict[str, Any]:
    """What it says."""
    document: dict[str, Any] = yaml.safe_load(text_of(slug))["config"]["andel:municipality"]
    return document


def judged_by_the_program(document: object, given: PlatformContract = DEV) -> Municipality:
    """The section, as the program admits it (`municipalities/__main__.py`)."""
    section = judge_municipality(document)
    admitted(section, given, stack="dev-aarhus")
    admit_municipality(section, given, applying=True)
    return section


def test_there_are_enough_of_them() -> None:
    assert len(REFUSED) + len(TRICKS) + sum(map(len, HARMLESS.values())) >= 80


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_where_it_is_written(name: str) -> None:
    edits, path, wrong = REFUSED[name]
    with pytest.raises(Refusal) as refusal:
        judged_by_the_program(edited(document_of("aarhus"), edits))
    (told,) = refusal.value.mistakes
    assert dotted(told.path) == path
    assert wrong in told.wrong
    clear(told)


def clear(mistake: Mistake) -> None:
    """It says how to mend it, and shows nothing that a terminal would obey."""
    assert mistake.mend
    assert (dotted(mistake.path) + mistake.wrong + mistake.mend).isprintable()
    assert len(dotted(mistake.path) + mistake.wrong + mistake.mend) < 600


@pytest.fixture(scope="module")
def walled(new_lab: Callable[..., Laboratory]) -> Laboratory:
    """A lab with the walls of all members of dev."""
    laboratory = new_lab("dev")
    laboratory.up()
    raise_walls(laboratory.api, laboratory.environment)
    return laboratory


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The platform's contract, as a file."""
    file = tmp_path_factory.mktemp("contract") / "contract.json"
    file.write_text(DEV.model_dump_json(by_alias=True))
    return file


@pytest.fixture(scope="module")
def reader(walled: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> MunicipalStack:
    """A stack of Aarhus whose file the engine reads."""
    stack = MunicipalStack(walled, tmp_path_factory.mktemp("tricks"), "aarhus")
    stack.write()
    return stack


@pytest.mark.parametrize("name", TRICKS)
def test_what_yaml_hides_is_refused_or_changes_nothing(name: str, reader: MunicipalStack) -> None:
    old, new, checked, given = TRICKS[name]
    plain = text_of("aarhus")
    assert plain.count(old) == 1
    reader.settings.write_text(plain.replace(old, new), encoding="utf-8")
    told = [mistake for _, mistake in mistakes_and_notices(reader.settings, DEV)[0]]
    assert [dotted(mistake.path) for mistake in told] == ([] if checked == SAME else [checked])
    for mistake in told:
        clear(mistake)
    assert by_the_engine(reader) == given


def by_the_engine(stack: MunicipalStack) -> str:
    """What the program makes of the file as the engine reads it."""
    read = stack.run("config", "get", "andel:municipality", "-s", stack.stack)
    if read.returncode:
        assert read.stderr.startswith("error: ")
        return UNREADABLE
    set_config("andel:municipality", read.stdout)
    try:
        section = judged_by_the_program(load_municipality())
    except Refusal as refusal:
        for told in refusal.mistakes:
            clear(told)
        (path,) = {dotted(told.path) for told in refusal.mistakes}
        return path
    assert section == judge_municipality(document_of("aarhus"))
    return SAME


@dataclass(frozen=True)
class Run:
    """What a run of harmless settings left."""

    stack: MunicipalStack
    before: dict[str, str]
    after: dict[str, str]
    own: list[dict[str, Any]]
    """Writes of the municipality's account."""

    others: list[dict[str, Any]]
    """Writes of the platform's user meanwhile."""


@pytest.fixture(scope="module")
def runs(walled: Laboratory, given: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Each municipality's own, one after the other."""
    made = {}
    for slug, edits in HARMLESS.items():
        stack = MunicipalStack(walled, tmp_path_factory.mktemp(slug), slug, given)
        stack.write(hostile_text(walled, slug, edits))
        before, count = settled(walled.api), len(walled.writes())
        ended = stack.pulumi("up", *APPLY)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        after = settled(walled.api)
        made[slug] = Run(stack, before, after, walled.writes(stack.account), walled.writes()[count:])
    return made


def hostile_text(walled: Laboratory, slug: str, edits: dict[str, Any]) -> str:
    """A stack file, with settings of other packages beside: an administrator's kubeconfig is one."""
    whole = yaml.safe_load(text_of(slug))
    whole["config"]["andel:municipality"] = edited(document_of(slug), edits)
    whole["config"] |= {**BESIDE, "kubernetes:kubeconfig": walled.lab.kubeconfig.read_text()}
    return yaml.safe_dump(whole, allow_unicode=True)


@pytest.mark.parametrize("slug", HARMLESS)
def test_what_is_judged_good_moves_nothing_outside(slug: str, runs: dict[str, Run]) -> None:
    """Byte for byte; and by the audit log, its own account wrote all of it, in its own namespace alone."""
    run = runs[slug]
    touched = {one for one in {*run.before, *run.after} if run.before.get(one) != run.after.get(one)}
    assert [one for one in touched if f"/{run.stack.namespace}/" not in one] == []
    assert len(touched) >= 3
    assert len(run.own) >= 3
    assert {written(event)[0] for event in run.own} == {run.stack.namespace}
    assert run.others == []


@pytest.mark.parametrize("slug", HARMLESS)
def test_its_walls_stand_as_they_stood(slug: str, runs: dict[str, Run]) -> None:
    """Of what the platform built inside its namespace nothing moved either, and no pod came to be beyond its room."""
    run = runs[slug]
    home = {one: text for one, text in run.before.items() if f"/{run.stack.namespace}/" in one}
    assert len(home) >= 10
    assert {one for one in home if run.after.get(one) != home[one]} == set()


def test_inside_nothing_is_expanded(runs: dict[str, Run]) -> None:
    """What was written is what stands: no variable, no template and no Secret took the place of a text."""
    address = "/apis/apps/v1/andel-m-aarhus/deployments/chat"
    (deployment,) = [json.loads(text) for one, text in runs["aarhus"].after.items() if one == address]
    containers = {one["name"]: one for one in deployment["spec"]["template"]["spec"]["containers"]}
    held = {
        name: {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}
        for name, container in containers.items()
    }
    variables = held[CHAT]
    said = HARMLESS["aarhus"]
    assert variables["WEBUI_NAME"] == said["chat.title"]
    assert variables["OAUTH_CLIENT_ID"] == said["chat.signOn.clientId"]
    assert variables["DATABASE_URL"] == {"secretKeyRef": said["chat.database"]}
    assert not [name for each in held.values() for name, value in each.items() if "$" in str(value)]
    assert not {"command", "args"} & containers[CHAT].keys()
    assert not [word for one in containers.values() for word in one.get("command", ()) if "$" in word]
    assert deployment["spec"]["template"]["spec"]["automountServiceAccountToken"] is False


def test_a_context_of_anothers_is_not_there(walled: Laboratory, given: Path, tmp_path: Path) -> None:
    """Its kubeconfig has its own account, and no other."""
    stack = MunicipalStack(walled, tmp_path, "samso", given)
    stack.write(text_of("samso").replace("context: andel-dev", "context: andel-operator"))
    before = settled(walled.api)
    ended = stack.pulumi("up", *APPLY)
    assert ended.returncode != 0
    assert "andel-operator" in ended.stdout + ended.stderr
    assert settled(walled.api) == before
