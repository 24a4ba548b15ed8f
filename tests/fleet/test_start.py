# SPDX-License-Identifier: MPL-2.0
"""The whole command, with workers and the real Automation API, and a stand-in for the engine."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from andel.fleet.command import command
from andel.fleet.project import Project
from config.contract import contract
from config.judge import judge
from config.load import FILE
from config.stackfile import KEY
from tests.conftest import ROOT

from .stand_in import on_path

SLUGS = ("aarhus", "ringkobing-skjern", "samso")


@dataclass(frozen=True)
class Desk:
    """Where somebody runs fleets."""

    folder: Path

    project: Path
    """The fleet's folder: where the engine is run."""

    def fleet(self, *words: str, code: int = 0) -> Result:
        """Run `andel fleet` of the environment dev, within this process."""
        given = [words[0], "dev", *words[1:], "--contract", str(self.folder / "contract.json")]
        ran = CliRunner().invoke(command, [*given, "--kubeconfigs", str(self.folder / "accounts")])
        assert ran.exit_code == code, ran.output
        return ran

    def outcomes(self, *words: str, code: int = 0) -> dict[str, dict[str, Any]]:
        """What became of each, in the order in which they ended."""
        return {one["slug"]: one for one in json.loads(self.fleet(*words, "--json", code=code).stdout)["stacks"]}

    def told(self) -> list[str]:
        """What the engine was told since the last look."""
        lines = (self.project / "told").read_text().splitlines()
        (self.project / "told").unlink()
        return lines


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A back end that knows all three, and their kubeconfigs."""
    monkeypatch.setenv("PATH", on_path(tmp_path / "bin"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///nowhere")
    monkeypatch.setenv(FILE, "")  # it is named anew, and forgotten after the test
    given = contract(judge(yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"][KEY]))
    (tmp_path / "contract.json").write_text(json.dumps(given.model_dump(mode="json", by_alias=True)))
    (tmp_path / "accounts").mkdir()
    for slug in SLUGS:
        (tmp_path / "accounts" / f"{slug}.kubeconfig").write_text("{}")
    project = Project.of("dev").folder
    project.mkdir(parents=True)
    (project / "stacks").write_text(json.dumps([{"name": f"dev-{slug}"} for slug in SLUGS]))
    return Desk(tmp_path, project)


def test_all_have_their_turn_the_canary_first_and_each_costs_one_start_of_the_engine(desk: Desk) -> None:
    outcomes = desk.outcomes("up")
    assert {slug: one["state"] for slug, one in outcomes.items()} == dict.fromkeys(SLUGS, "unchanged")
    assert next(iter(outcomes)) == "ringkobing-skjern"  # the smallest with a chat
    assert [one["wave"] for one in outcomes.values()] == [1, 2, 3]
    told = desk.told()
    assert [line.split()[0] for line in told] == ["stack", "up", "up", "up"]
    assert sorted(slug for slug in SLUGS for line in told if f"--stack dev-{slug} " in line) == sorted(SLUGS)


def test_one_that_fails_stops_the_waves_and_the_summary_says_who_was_left(desk: Desk) -> None:
    (desk.project / "fails-dev-ringkobing-skjern").write_text("error: no such quota\n")
    ran = desk.fleet("up", code=1)
    assert "1 failed, 2 left" in ran.stdout
    assert "left as they were: aarhus, samso" in ran.stdout
    assert "ringkobing-skjern: failed" in ran.stderr
    outcomes = desk.outcomes("up", "--keep-going", code=1)
    assert outcomes["ringkobing-skjern"]["message"] == "error: no such quota"
    assert outcomes["samso"]["state"] == "unchanged"


def test_previews_have_one_wave_and_go_on(desk: Desk) -> None:
    (desk.project / "fails-dev-aarhus").write_text("error: no such quota\n")
    outcomes = desk.outcomes("preview", code=1)
    assert {one["wave"] for one in outcomes.values()} == {1}
    assert "left" not in {one["state"] for one in outcomes.values()}


@pytest.fixture
def hostile(desk: Desk) -> tuple[str, str]:
    """All three, and the file of one of them is another's: words that choose this folder."""
    folder = desk.folder / "municipalities"
    folder.mkdir()
    for slug in SLUGS:
        text = (ROOT / "municipalities" / f"Pulumi.dev-{slug}.yaml").read_text()
        text = text.replace("slug: samso", "slug: aarhus")
        (folder / f"Pulumi.dev-{slug}.yaml").write_text(text)
    return "--folder", str(folder)


def test_a_refused_file_stops_a_fleet_that_stops(desk: Desk, hostile: tuple[str, str]) -> None:
    ran = desk.fleet("up", *hostile, code=1)
    assert "aarhus stands in the file of samso" in ran.stderr
    assert not (desk.project / "told").exists()


@pytest.mark.parametrize(
    "words", [("up", "--keep-going"), ("destroy", "--yes", "--keep-going"), ("preview",), ("refresh",)], ids=" ".join
)
def test_a_refused_file_is_one_failure_where_the_others_go_on(
    desk: Desk, hostile: tuple[str, str], words: tuple[str, ...]
) -> None:
    ran = desk.fleet(*words, *hostile, "--json", code=1)
    refused, *others = json.loads(ran.stdout)["stacks"]
    assert (refused["slug"], refused["state"], refused["wave"]) == ("samso", "failed", 0)
    assert "aarhus stands in the file of samso" in refused["message"]
    assert "[1/3] samso: failed" in ran.stderr
    assert {one["slug"] for one in others} == {"aarhus", "ringkobing-skjern"}
    assert "left" not in {one["state"] for one in others}
    run = [line for line in desk.told() if line.startswith(words[0])]
    assert [slug for slug in SLUGS for line in run if f"--stack dev-{slug} " in line] == ["aarhus", "ringkobing-skjern"]


def test_a_fleet_of_refused_files_runs_nothing_and_says_so(desk: Desk, hostile: tuple[str, str]) -> None:
    assert desk.outcomes("preview", "samso", *hostile, code=1).keys() == {"samso"}
    assert not (desk.project / "told").exists()


def test_a_canary_whose_file_is_refused_has_had_its_turn(desk: Desk, hostile: tuple[str, str]) -> None:
    outcomes = desk.outcomes("up", "--keep-going", "--canary", "samso", *hostile, code=1)
    assert [one["wave"] for one in outcomes.values()] == [0, 1, 2]


def test_without_an_environment_nobody_says_whose_contexts_are_used(desk: Desk, hostile: tuple[str, str]) -> None:
    ran = CliRunner().invoke(command, ["preview", "dev", *hostile])
    assert ran.exit_code == 1
    assert f"{desk.folder / 'Pulumi.dev.yaml'} is not there" in ran.output
    assert "(--kubeconfigs)" in ran.output


def test_the_contract_is_the_environments_whatever_files_say(desk: Desk) -> None:
    (desk.project / "platform").mkdir()
    (desk.project / "platform" / "output").write_text((desk.folder / "contract.json").read_text())
    ran = CliRunner().invoke(command, ["up", "dev", "samso", "--kubeconfigs", str(desk.folder / "accounts")])
    assert ran.exit_code == 0, ran.output
    told = (desk.project / "platform" / "told").read_text()
    assert told.startswith("stack output contract --json --stack dev ")
    assert yaml.safe_load((desk.project / "platform" / "Pulumi.yaml").read_text())["name"] == "andel"


def test_who_has_no_kubeconfig_is_told_and_nothing_is_run_as_somebody_else(desk: Desk) -> None:
    (desk.folder / "accounts" / "samso.kubeconfig").unlink()
    outcomes = desk.outcomes("up", "samso", code=1)
    assert "samso.kubeconfig is not there" in outcomes["samso"]["message"]
    assert [line.split()[0] for line in desk.told()] == ["stack"]


def test_destroying_asks_first(desk: Desk) -> None:
    ran = desk.fleet("destroy", "samso", code=1)
    assert "chats, files, keys?" in ran.stderr
    assert not (desk.project / "told").exists()
    assert desk.outcomes("destroy", "samso", "--yes")["samso"]["state"] == "unchanged"


@pytest.mark.parametrize("words", [("--canary", "odense"), ("--waves", "50,20"), ("--waves", "many")])
def test_what_makes_no_sense_is_refused_before_anything_is_run(desk: Desk, words: tuple[str, ...]) -> None:
    desk.fleet("up", *words, code=2)
    assert "up" not in [line.split()[0] for line in (desk.told() if (desk.project / "told").exists() else [])]
