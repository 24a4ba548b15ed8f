# SPDX-License-Identifier: MPL-2.0
"""A notice is told and refuses nothing: a file that is deployed today still passes."""

import json
from pathlib import Path

from click.testing import CliRunner

from andel.check import command
from config.judge import judge
from config.notices import notices
from config.stackfile import read
from tests.conftest import ROOT, stack_document

DEPRECATED = ROOT / "tests/environments/Pulumi.huggingface.yaml"


def test_every_model_on_its_way_out_is_told_once_with_its_line() -> None:
    result = CliRunner().invoke(command, [str(DEPRECATED)])
    told = [line for line in result.output.splitlines() if "notice:" in line]
    assert result.exit_code == 0
    assert f"{DEPRECATED}: good" in result.output
    lines = DEPRECATED.read_text(encoding="utf-8").splitlines()
    numbers = [int(line.removeprefix(f"{DEPRECATED}:").split(":")[0]) for line in told]
    assert len(set(numbers)) == len(told) == len(read(DEPRECATED).environment["models"])
    assert all("huggingface" in lines[number - 1] for number in numbers)


def test_scripts_read_mistakes_alone() -> None:
    result = CliRunner().invoke(command, [str(DEPRECATED), "--json"])
    assert json.loads(result.stdout) == []
    assert "notice:" in result.stderr


def test_other_kinds_are_told_of_nothing(tmp_path: Path) -> None:
    assert list(notices(judge(stack_document("dev")))) == []
    result = CliRunner().invoke(command, [str(ROOT / "Pulumi.dev.yaml"), str(tmp_path / "Pulumi.none.yaml")])
    assert "notice:" not in result.output


def test_chats_without_an_end_are_told_and_pass(tmp_path: Path) -> None:
    written = (ROOT / "municipalities/Pulumi.dev-aarhus.yaml").read_text(encoding="utf-8")
    (tmp_path / "Pulumi.dev-ended.yaml").write_text(written, encoding="utf-8")
    (tmp_path / "Pulumi.dev-kept.yaml").write_text(written.replace("retention: {chats: 90}", "retention: {}"), "utf-8")
    result = CliRunner().invoke(command, [str(file) for file in sorted(tmp_path.iterdir())])
    told = [line for line in result.output.splitlines() if "notice:" in line]
    assert result.exit_code == 0
    (line,) = told
    number = next(number for number, line in enumerate(written.splitlines(), 1) if "retention:" in line)
    assert line.startswith(f"{tmp_path}/Pulumi.dev-kept.yaml:{number}: chat.retention.chats: notice: chats are kept")
