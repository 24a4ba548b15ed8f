# SPDX-License-Identifier: MPL-2.0
"""The statement in the docs is what the command writes today. `UPDATE_STATEMENT=1 pytest tests/economy` writes it."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from andel.__main__ import main
from tests.conftest import ROOT

EXAMPLES = ROOT / "docs" / "statements"
SLUG = "ringkobing-skjern"


def statement(language: str) -> str:
    """The page of one member of prod."""
    words = ["price", str(ROOT / "Pulumi.prod.yaml"), "--statement", SLUG, "--language", language]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    return result.output


def held(name: str, written: str) -> None:
    """A file of the docs is what was written now."""
    example: Path = EXAMPLES / name
    if os.environ.get("UPDATE_STATEMENT"):
        EXAMPLES.mkdir(exist_ok=True)
        example.write_text(written, encoding="utf-8")
    assert example.read_text(encoding="utf-8") == written


@pytest.mark.parametrize("language", ["da", "de", "en"])
def test_the_example_is_what_the_command_writes(language: str) -> None:
    held(f"{SLUG}-{language}.html", statement(language))


def test_the_picture_is_the_chart_of_the_example() -> None:
    (drawing,) = re.findall("<svg.*</svg>", statement("da"))
    held(f"{SLUG}.svg", drawing + "\n")


def test_every_example_is_one_that_is_written_and_told_of() -> None:
    names = {f"{SLUG}-{language}.html" for language in ("da", "de", "en")} | {f"{SLUG}.svg"}
    assert {file.name for file in EXAMPLES.iterdir()} == names
    told = (ROOT / "docs" / "economy.md").read_text(encoding="utf-8")
    assert all(f"statements/{name}" in told for name in names)
