# SPDX-License-Identifier: MPL-2.0
"""Which stacks a fleet is, made-up ones, and the copies that the engine writes into."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from andel.fleet.command import command
from andel.fleet.generate import MOST, made, write
from andel.fleet.project import Project, with_engine_settings
from andel.fleet.stacks import PLATFORM, FleetStack, RefusedFile, found, looked_through, whole
from config.clusters import Cluster, Clusters
from config.stackfile import MUNICIPALITY, SWITCH
from tests.conftest import ROOT

from .made import document, stack

SOURCE = ROOT / "Pulumi.dev.yaml"


def test_made_up_municipalities_are_found_as_a_fleet_and_the_same_each_time(tmp_path: Path) -> None:
    once, twice = (write(SOURCE, tmp_path / name, 98, 7) for name in ("once", "twice"))
    assert [file.read_bytes() for file in once] == [file.read_bytes() for file in twice]
    fleet = found(tmp_path / "once" / "municipalities", "dev")
    assert len(fleet) == 98
    register = yaml.safe_load(once[0].read_text())["config"]["andel:environment"]["municipalities"]
    assert {one.slug for one in fleet} == register.keys()
    assert {one.section.chat is None for one in fleet} == {True, False}
    assert [one.slug for one in made(98, 7)] != [one.slug for one in made(98, 8)]


def test_there_are_only_so_many_names() -> None:
    assert len({one.slug for one in made(MOST, 1)}) == MOST
    for count in (0, MOST + 1):
        with pytest.raises(ValueError, match="names for 1 to"):
            made(count, 1)


def test_they_never_come_to_lie_among_the_real_ones() -> None:
    ran = CliRunner().invoke(command, ["generate", str(ROOT / "municipalities")])
    assert ran.exit_code == 2
    assert "lies in the checkout" in ran.output


def test_they_come_to_lie_among_no_others(tmp_path: Path) -> None:
    write(SOURCE, tmp_path, 3, 1)
    write(SOURCE, tmp_path, 3, 1)
    with pytest.raises(ValueError, match="none of these"):
        write(SOURCE, tmp_path, 2, 1)


def test_what_they_are_made_of_has_to_be_an_environment(tmp_path: Path) -> None:
    municipal = ROOT / "municipalities" / "Pulumi.dev-samso.yaml"
    ran = CliRunner().invoke(command, ["generate", str(tmp_path), "--from", str(municipal)])
    assert ran.exit_code == 1
    assert "andel:environment is missing" in ran.output


def test_who_is_named_is_found_and_who_is_not_there_is_told() -> None:
    folder = ROOT / "municipalities"
    assert [one.name for one in found(folder, "dev", ("samso",))] == ["dev-samso"]
    with pytest.raises(click.ClickException, match="nobody"):
        found(folder, "dev", ("samso", "nobody"))
    with pytest.raises(click.ClickException, match="no stack file of qa"):
        found(folder, "qa")


def test_one_broken_file_is_told_before_anything_is_begun(tmp_path: Path) -> None:
    write(SOURCE, tmp_path, 3, 1)
    broken = sorted((tmp_path / "municipalities").glob("*.yaml"))[1]
    broken.write_text(broken.read_text().replace("contacts:", "contact:"))
    with pytest.raises(click.ClickException, match=broken.name):
        found(tmp_path / "municipalities", "dev")


@dataclass(frozen=True)
class Hostile:
    """What somebody writes into a file of its own to reach what is another's, and the one mistake that it makes."""

    edits: dict[str, Any]
    told: str


HOSTILE = {
    "another's slug": Hostile({"slug": "odense"}, "slug: odense stands in the file of aarhus; write aarhus"),
    "another environment": Hostile(
        {"platform": "organization/andel/prod"},
        "platform: organization/andel/prod is not dev's; write organization/andel/dev",
    ),
    "a platform that is none": Hostile(
        {"platform": "organization/theirs/dev"},
        "platform: organization/theirs/dev is not dev's; write organization/andel/dev",
    ),
    "another context": Hostile(
        {"clusters": {"gpu": {"context": "payroll"}}},
        "clusters.gpu: payroll is no context of the platform's; write context: andel-dev",
    ),
    "one context more": Hostile(
        {"clusters": {"gpu": {"context": "andel-dev"}, "application": {"context": "payroll"}}},
        "clusters.application: payroll is no context of the platform's; take it away: one cluster is both",
    ),
}
DEV = Clusters(gpu=Cluster(context="andel-dev"))


def write_stack(folder: Path, slug: str, edits: dict[str, Any] | None = None, **more: Any) -> None:
    """Write a stack file of dev."""
    whole = {"config": {SWITCH: ["*"], MUNICIPALITY: {**document(slug), **(edits or {})}}, **more}
    (folder / f"Pulumi.dev-{slug}.yaml").write_text(yaml.safe_dump(whole))


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_file_reaches_for_nothing_that_is_anothers(tmp_path: Path, hostile: Hostile) -> None:
    write_stack(tmp_path, "aarhus", hostile.edits)
    write_stack(tmp_path, "samso")
    refused, good = looked_through(tmp_path, "dev", clusters=DEV)
    assert isinstance(refused, RefusedFile)
    assert isinstance(good, FleetStack)
    assert refused.slug == "aarhus"
    assert refused.wrong.startswith(hostile.told)
    assert "\n" not in refused.wrong
    with pytest.raises(click.ClickException, match=r"Pulumi\.dev-aarhus\.yaml is refused"):
        whole([refused, good])


def test_settings_from_elsewhere_are_not_opened_for_a_municipality(tmp_path: Path) -> None:
    write_stack(tmp_path, "aarhus", environment=["platform/secrets"])
    (refused,) = looked_through(tmp_path, "dev", clusters=DEV)
    assert isinstance(refused, RefusedFile)
    assert refused.wrong.startswith("environment: environments of Pulumi's service")


def test_an_application_cluster_of_the_platforms_has_to_be_named(tmp_path: Path) -> None:
    write_stack(tmp_path, "aarhus")
    apart = Clusters(gpu=DEV.gpu, application=Cluster(context="andel-apps"))
    (refused,) = looked_through(tmp_path, "dev", clusters=apart)
    assert isinstance(refused, RefusedFile)
    assert refused.wrong == "clusters.application: is missing; write context: andel-apps"


def test_contexts_of_a_kubeconfig_that_is_handed_over_are_its_owners(tmp_path: Path) -> None:
    write_stack(tmp_path, "aarhus", {"clusters": {"gpu": {"context": "ours"}}})
    assert [one.slug for one in found(tmp_path, "dev")] == ["aarhus"]


def test_an_environment_whose_name_goes_on_is_another(tmp_path: Path) -> None:
    folder = tmp_path / "municipalities"
    folder.mkdir()
    write_stack(folder, "aarhus")
    write_stack(folder, "south-aarhus", {"platform": "organization/andel/dev-south", "slug": "aarhus"})
    assert [type(one) for one in looked_through(folder, "dev")] == [FleetStack, RefusedFile]
    (tmp_path / "Pulumi.dev-south.yaml").write_text("")
    assert [one.name for one in found(folder, "dev")] == ["dev-aarhus"]
    assert [one.name for one in found(folder, "dev-south")] == ["dev-south-aarhus"]


def test_the_platforms_project_is_the_checkouts() -> None:
    assert yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["name"] == PLATFORM


def test_the_engines_salt_outlives_a_new_copy_and_the_files_own_goes_first(tmp_path: Path) -> None:
    source = tmp_path / "Pulumi.dev-aarhus.yaml"
    source.write_text("config: {}\n")
    project, one = Project(tmp_path / "work"), stack("aarhus", file=source)
    project.write([one])
    copy = project.folder / "Pulumi.dev-aarhus.yaml"
    assert copy.read_text() == "config: {}\n"
    copy.write_text("config: {}\nencryptionsalt: v1:made\n")
    project.write([one])
    assert yaml.safe_load(copy.read_text()) == {"config": {}, "encryptionsalt": "v1:made"}
    source.write_text("config: {}\nencryptionsalt: v1:own\n")
    project.write([one])
    assert yaml.safe_load(copy.read_text()) == {"config": {}, "encryptionsalt": "v1:own"}
    assert source.read_text().count("salt") == 1


@pytest.mark.parametrize("laid_out", ['{config: {until: "2027-01-31", x: [1, "on"]}}', "---\nconfig: {a: 1}\n...\n"])
def test_the_salt_comes_to_any_file_however_it_is_laid_out(laid_out: str) -> None:
    given = with_engine_settings(laid_out, "encryptionsalt: v1:made\n")
    assert yaml.safe_load(given) == {**yaml.safe_load(laid_out), "encryptionsalt": "v1:made"}
    assert with_engine_settings(given, "") == given


def test_a_copy_that_was_half_written_brings_nothing_and_stops_nobody() -> None:
    assert with_engine_settings("config: {}\n", "config: {\nencryptionsalt: v1") == "config: {}\n"


def test_a_fleet_has_a_folder_for_each_back_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///one")
    one = Project.of("dev")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///other")
    assert one != Project.of("dev")
    assert one.folder.is_relative_to(tmp_path)


def test_another_log_in_is_another_back_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.delenv("PULUMI_CREDENTIALS_PATH", raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    nobody = Project.of("dev")
    (tmp_path / "credentials.json").write_text(json.dumps({"current": "s3://one"}))
    one = Project.of("dev")
    (tmp_path / "credentials.json").write_text(json.dumps({"current": "s3://other"}))
    assert len({nobody.folder, one.folder, Project.of("dev").folder}) == 3
