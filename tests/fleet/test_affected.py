# SPDX-License-Identifier: MPL-2.0
"""Which municipalities a change concerns, in a repository of its own."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from andel.fleet.affected import affected, view
from andel.fleet.stacks import FleetStack, RefusedFile, found, looked_through
from config.contract import contract
from config.judge import judge
from config.stackfile import KEY, MUNICIPALITY, SWITCH
from tests.conftest import ROOT

from .made import document

SLUGS = ("aarhus", "odense", "samso")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with the environment dev and three municipalities, all committed."""
    (tmp_path / "municipalities").mkdir()
    (tmp_path / "components").mkdir()
    (tmp_path / "Pulumi.dev.yaml").write_text((ROOT / "Pulumi.dev.yaml").read_text())
    for slug in SLUGS:
        text = yaml.safe_dump({"config": {SWITCH: ["*"], MUNICIPALITY: document(slug)}})
        (tmp_path / "municipalities" / f"Pulumi.dev-{slug}.yaml").write_text(text)
    (tmp_path / "components" / "platform.py").write_text("")
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return tmp_path


def git(checkout: Path, *words: str) -> None:
    """Run git."""
    name = ("-c", "user.name=a", "-c", "user.email=a@example")
    subprocess.run([shutil.which("git") or "git", "-C", str(checkout), *name, *words], check=True, capture_output=True)


def commit(checkout: Path) -> None:
    """Commit what lies there."""
    git(checkout, "add", "-A")
    git(checkout, "commit", "-qm", "more")


def stacks(checkout: Path) -> list[FleetStack]:
    """All three."""
    return found(checkout / "municipalities", "dev")


def concerned(checkout: Path, base: str = "HEAD") -> set[str]:
    """Slugs of those concerned by what lies in the working tree."""
    return {one.slug for one in affected(base, checkout, checkout / "Pulumi.dev.yaml", stacks(checkout))}


def change(checkout: Path, edit: Callable[[Any], None]) -> None:
    """Edit the environment."""
    file = checkout / "Pulumi.dev.yaml"
    whole = yaml.safe_load(file.read_text())
    edit(whole["config"][KEY])
    file.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False))


def test_nothing_changed_concerns_nobody(checkout: Path) -> None:
    assert concerned(checkout) == set()


def test_a_stack_file_concerns_its_own(checkout: Path) -> None:
    file = checkout / "municipalities/Pulumi.dev-odense.yaml"
    file.write_text(file.read_text().replace("journal", "archive"))
    assert concerned(checkout) == {"odense"}


def test_a_new_file_that_git_does_not_know_yet_counts(checkout: Path) -> None:
    text = (checkout / "municipalities/Pulumi.dev-odense.yaml").read_text().replace("odense", "ringkobing-skjern")
    (checkout / "municipalities/Pulumi.dev-ringkobing-skjern.yaml").write_text(text)
    assert concerned(checkout) == {"ringkobing-skjern"}


def test_the_program_concerns_all(checkout: Path) -> None:
    (checkout / "components" / "chat.py").write_text("")
    assert concerned(checkout) == set(SLUGS)
    assert {one.slug for one in stacks(checkout)} == set(SLUGS)


def test_what_is_moved_out_of_the_program_concerns_all(checkout: Path) -> None:
    (checkout / "components" / "chat.py").write_text("CHAT = 1\n" * 20)
    commit(checkout)
    assert concerned(checkout) == set()
    (checkout / "docs").mkdir()
    (checkout / "components" / "chat.py").rename(checkout / "docs" / "chat.py")
    git(checkout, "add", "-A")
    assert concerned(checkout) == set(SLUGS)


def test_documentation_concerns_nobody(checkout: Path) -> None:
    (checkout / "README.md").write_text("")
    assert concerned(checkout) == set()


def test_a_checkout_may_lie_in_a_folder_of_its_repository(checkout: Path) -> None:
    deeper = checkout / "deeper"
    deeper.mkdir()
    for name in ("components", "municipalities", "Pulumi.dev.yaml"):
        (checkout / name).rename(deeper / name)
    commit(checkout)
    assert concerned(deeper) == set()
    change(deeper, lambda environment: environment["municipalities"]["samso"].update(tier="plus"))
    assert concerned(deeper) == {"samso"}
    file = deeper / "municipalities/Pulumi.dev-odense.yaml"
    file.write_text(file.read_text().replace("journal", "archive"))
    assert concerned(deeper) == {"odense", "samso"}
    (checkout / "components").mkdir()
    (checkout / "components" / "other.py").write_text("")  # another's, beside
    assert concerned(deeper) == {"odense", "samso"}
    (deeper / "components" / "chat.py").write_text("")
    assert concerned(deeper) == set(SLUGS)


def test_a_new_environment_concerns_all(checkout: Path) -> None:
    git(checkout, "rm", "-q", "--cached", "Pulumi.dev.yaml")
    git(checkout, "commit", "-qm", "without")
    assert concerned(checkout) == set(SLUGS)


def test_an_environment_that_is_gone_is_told(checkout: Path) -> None:
    (checkout / "Pulumi.dev.yaml").unlink()
    with pytest.raises(click.ClickException, match="not there any more"):
        concerned(checkout)


def test_a_refused_file_is_concerned_as_any_other(checkout: Path) -> None:
    file = checkout / "municipalities/Pulumi.dev-odense.yaml"
    file.write_text(file.read_text().replace("slug: odense", "slug: aarhus"))
    every = looked_through(checkout / "municipalities", "dev")
    (refused,) = affected("HEAD", checkout, checkout / "Pulumi.dev.yaml", every)
    assert isinstance(refused, RefusedFile)


def test_a_member_whose_plan_changes_is_concerned_alone(checkout: Path) -> None:
    change(checkout, lambda environment: environment["municipalities"]["samso"].update(tier="plus"))
    assert concerned(checkout) == {"samso"}


def test_a_plan_concerns_its_members(checkout: Path) -> None:
    change(checkout, lambda environment: environment["tiers"]["basis"].update(concurrency=9))
    assert concerned(checkout) == {"odense", "samso"}


def test_what_all_see_concerns_all(checkout: Path) -> None:
    change(checkout, lambda environment: environment["chats"].update(domain="chats.dev.andel.example"))
    assert concerned(checkout) == set(SLUGS)


def test_what_no_municipality_sees_concerns_nobody(checkout: Path) -> None:
    change(checkout, lambda environment: environment["gateway"].update(replicas=3))
    assert concerned(checkout) == set()


def test_a_revision_that_is_none_is_refused(checkout: Path) -> None:
    with pytest.raises(click.ClickException, match="git"):
        concerned(checkout, "nowhere")


def test_an_environment_that_was_broken_then_is_refused(checkout: Path) -> None:
    change(checkout, lambda environment: environment.pop("pools"))
    with pytest.raises(click.ClickException, match=r"Pulumi\.dev\.yaml is no environment"):
        concerned(checkout)


def test_a_program_sees_its_own_member_and_plan_only() -> None:
    given = contract(judge(yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"][KEY]))
    seen = view(given, "samso")
    assert set(seen["municipalities"]) == {"samso"}
    assert set(seen["tiers"]) == {"basis"}
    assert view(given, "nobody")["tiers"] == {}
