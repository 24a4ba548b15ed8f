# SPDX-License-Identifier: MPL-2.0
"""The examples in the docs are what the command says today. `UPDATE_PREVIEWS=1 pytest tests/preview` writes them."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from andel.__main__ import main
from andel.preview import building
from andel.preview.revisions import Revision
from andel.preview.stacks import Stack
from tests.conftest import ROOT

from .checkouts import branch, repository
from .prepared import PREPARED, Prepared

EXAMPLES = ROOT / "docs" / "previews"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout, and a branch for each prepared change."""
    folder = repository(tmp_path_factory.mktemp("examples") / "checkout")
    for prepared in PREPARED:
        branch(folder, prepared.name, prepared.edits)
    return folder


@pytest.fixture(autouse=True, scope="module")
def main_is_built_once() -> Iterator[None]:
    """All changes are of one base: what its process answers is kept."""
    answered, kept = building._answers, dict[tuple[Stack, ...], list[dict[str, Any]]]()

    def answers(revision: Revision, stacks: Sequence[Stack], told: building.Told) -> Iterator[dict[str, Any]]:
        if revision.name != "main":
            return answered(revision, stacks, told)
        if tuple(stacks) not in kept:
            kept[tuple(stacks)] = list(answered(revision, stacks, told))
        return iter(kept[tuple(stacks)])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "_answers", answers)
        yield


@pytest.mark.parametrize("prepared", PREPARED, ids=lambda prepared: prepared.name)
def test_an_example_is_what_the_command_says(
    prepared: Prepared, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)
    written = checkout.parent / f"{prepared.name}.md"
    arguments = ["preview", "--base", "main", "--head", prepared.name, "--markdown", str(written)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == prepared.status, result.output
    example = EXAMPLES / f"{prepared.name}.md"
    if os.environ.get("UPDATE_PREVIEWS"):
        EXAMPLES.mkdir(exist_ok=True)
        example.write_text(written.read_text(encoding="utf-8"), encoding="utf-8")
    assert example.read_text(encoding="utf-8") == written.read_text(encoding="utf-8")


def test_every_example_is_of_a_prepared_change() -> None:
    assert {file.stem for file in EXAMPLES.glob("*.md")} == {prepared.name for prepared in PREPARED}
