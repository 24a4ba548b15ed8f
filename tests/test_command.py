# SPDX-License-Identifier: MPL-2.0
"""The command as a whole: every verb is there, explains itself, and answers scripts."""

import json

import pytest
from click.testing import CliRunner

from andel.__main__ import VERBS, main
from tests.conftest import ROOT


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    result = CliRunner().invoke(main, [verb, "--help"])
    assert result.exit_code == 0, result.output
    assert len(result.output.splitlines()) > 5


def test_help_lists_every_verb() -> None:
    listed = CliRunner().invoke(main, ["--help"]).output
    assert all(f"\n  {verb} " in listed for verb in VERBS)


@pytest.mark.parametrize("verb", ["capacity", "preview"])
def test_a_file_is_shown_to_people_and_to_scripts(verb: str) -> None:
    file = str(ROOT / "Pulumi.prod.yaml")
    shown = CliRunner().invoke(main, [verb, file])
    assert shown.exit_code == 0, shown.output
    assert "whisper-large-v3" in shown.output
    assert json.loads(CliRunner().invoke(main, [verb, file, "--json"]).output)


@pytest.mark.parametrize("verb", ["capacity", "preview"])
def test_a_broken_file_is_refused_in_plain_words(verb: str) -> None:
    result = CliRunner().invoke(main, [verb, str(ROOT / "pyproject.toml")])
    assert result.exit_code == 1
    assert "is refused" in result.output
