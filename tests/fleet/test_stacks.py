# SPDX-License-Identifier: MPL-2.0
"""Which stacks a fleet is, made-up ones, and the copies that the engine writes into."""

from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from andel.fleet.command import command
from andel.fleet.generate import MOST, made, write
from andel.fleet.project import Project, engine_settings
from andel.fleet.stacks import found, platform_of
from tests.conftest import ROOT

from .made import stack

SOURCE = ROOT / "Pulumi.dev.yaml"


def test_made_up_municipalities_are_found_as_a_fleet_and_the_same_each_time(tmp_path: Path) -> None:
    once, twice = (write(SOURCE, tmp_path / name, 98, 7) for name in ("once", "twice"))
    assert [file.read_bytes() for file in once] == [file.read_bytes() for file in twice]
    fleet = found(tmp_path / "once" / "municipalities", "dev")
    assert len(fleet) == 98
    assert platform_of(fleet) == "organization/andel/dev"
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


def test_a_fleet_stands_on_one_platform() -> None:
    one, other = stack("aarhus"), stack("odense")
    moved = other.section.model_copy(update={"platform": "organization/andel/prod"})
    with pytest.raises(click.ClickException, match="several platforms"):
        platform_of([one, type(other)(name=other.name, file=other.file, section=moved)])


def test_the_engines_salt_outlives_a_new_copy_and_the_files_own_goes_first(tmp_path: Path) -> None:
    source = tmp_path / "Pulumi.dev-aarhus.yaml"
    source.write_text("config: {}\n")
    project, one = Project(tmp_path / "work"), stack("aarhus", file=source)
    project.write([one])
    copy = project.folder / "Pulumi.dev-aarhus.yaml"
    assert copy.read_text() == "config: {}\n"
    copy.write_text("config: {}\nencryptionsalt: v1:made\n")
    project.write([one])
    assert engine_settings(copy.read_text()) == ["encryptionsalt: v1:made"]
    source.write_text("config: {}\nencryptionsalt: v1:own\n")
    project.write([one])
    assert engine_settings(copy.read_text()) == ["encryptionsalt: v1:own"]
    assert source.read_text().count("salt") == 1


def test_a_fleet_has_a_folder_for_each_back_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///one")
    one = Project.of("dev")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///other")
    assert one != Project.of("dev")
    assert one.folder.is_relative_to(tmp_path)
