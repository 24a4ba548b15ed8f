# SPDX-License-Identifier: MPL-2.0
"""`andel check` on files: hostile ones, broken ones, and those of the checkout."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from andel.check import MOST, command
from config.stackfile import LARGEST
from tests.conftest import ROOT

from .edits import broken_files, edited

HEAD = 'config:\n  pulumi:disable-default-providers: ["*"]\n'
GOOD = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")


def check(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def stack_file(folder: Path, environment: Any) -> Path:
    file = folder / "Pulumi.test.yaml"
    config = {"pulumi:disable-default-providers": ["*"], "andel:environment": environment}
    file.write_text(yaml.safe_dump({"config": config}, allow_unicode=True), encoding="utf-8")
    return file


def test_the_stack_files_of_the_checkout_are_good() -> None:
    result = check(ROOT / "Pulumi.dev.yaml", ROOT / "Pulumi.prod.yaml")
    assert result.exit_code == 0
    assert result.output.count(": good") == 2


NONSENSE = {
    "random-bytes": bytes(range(256)) * 4096,
    "a-deep-nest": b"[" * 400_000,
    "deep-indents": b"".join(b" " * depth + b"a:\n" for depth in range(900)),
    "one-huge-line": HEAD.encode() + b"  andel:environment: " + b"x" * 400_000,
    "many-unknown-settings": (
        HEAD + "  andel:environment:\n" + "".join(f"    x{i}: 1\n" for i in range(30_000))
    ).encode(),
    "a-billion-laughs": b"a: &a [x,x]\n"
    + b"".join(b"%c: &%c [*%c,*%c]\n" % (98 + i, 98 + i, 97 + i, 97 + i) for i in range(20)),
    "a-megabyte": b"x" * 1_000_000,
    "nul-bytes": b"config:\x00\x00",
    "nothing": b"",
    "a-list": b"- config\n",
    "two-documents": b"config: {}\n---\nconfig: {}\n",
    "a-tab": b"config:\n\tx: 1\n",
    "a-python-object": b"config: !!python/object/apply:os.system [id]\n",
    "a-key-that-is-a-list": b"config: {[a]: 1}\n",
    "no-settings": b"config: 1\n",
    "an-impossible-date": HEAD.encode() + b"  andel:environment: 2026-99-99\n",
}


@pytest.mark.parametrize("content", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_refused_in_plain_words(content: bytes, tmp_path: Path) -> None:
    """Whatever a file holds, its reader gets lines that say what is wrong, never a traceback."""
    file = tmp_path / "Pulumi.test.yaml"
    file.write_bytes(content)
    result = check(file)
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert 1 <= len(result.output.splitlines()) <= MOST + 1
    assert all((len(line) < 1000 and "; " in line) or line.endswith("more") for line in result.output.splitlines())
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


FILE_MISTAKES = {
    "a key twice": ("    clusters:\n", "    release: {name: '2026.11'}\n    clusters:\n", "stands here twice"),
    "an anchor repeated": ("[mistral-small, e5-large]", "&models [mistral-small, e5-large]", None),
    "a misspelt key of ours": ("andel:environment:", "andel:enviroment:", "unknown setting of andel"),
    "a misspelt setting": ("config:\n", "confg: 1\nconfig:\n", "unknown setting of a stack"),
    "the switch left out": ('pulumi:disable-default-providers: ["*"]', "pulumi:tags: {}", "are not switched off"),
}


@pytest.mark.parametrize(("old", "new", "wrong"), FILE_MISTAKES.values(), ids=FILE_MISTAKES.keys())
def test_mistakes_of_the_file_itself_are_told(old: str, new: str, wrong: str | None, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    result = check(file)
    assert (result.exit_code, wrong in result.output if wrong else True) == (1 if wrong else 0, True)


def test_an_encrypted_environment_is_refused(tmp_path: Path) -> None:
    assert "is encrypted" in check(stack_file(tmp_path, {"secure": "v1:abc"})).output


def test_a_mistake_names_file_line_path_and_mend(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(GOOD.replace("        pool: large\n", "        pool: lagre\n"), encoding="utf-8")
    line = GOOD.splitlines().index("        pool: large") + 1
    assert check(file).output == (
        f"{file}:{line}: models.mistral-small.pool: there is no pool lagre; write one of large, small\n"
    )


def test_json_says_the_same_for_scripts(tmp_path: Path, dev: dict[str, Any]) -> None:
    file = stack_file(tmp_path, edited(dev, {"models.mistral-small.gpus": 4}))
    (row,) = json.loads(check(file, "--json").output)
    assert row.keys() == {"file", "line", "path", "wrong", "mend"}
    assert row["path"] == "models.mistral-small.gpus"


def test_a_file_that_is_not_there_is_a_mistake_too(tmp_path: Path) -> None:
    assert "there is no such file" in check(tmp_path / "Pulumi.none.yaml").output


def test_check_and_judge_agree_on_every_broken_file(tmp_path: Path, dev: dict[str, Any]) -> None:
    for broken in broken_files():
        for edits, status in ((broken.set, 1), (broken.near, 0)):
            file = stack_file(tmp_path, edited(dev, edits))
            assert check(file).exit_code == status, broken.name


def test_the_largest_file_is_larger_than_any_environment() -> None:
    assert len(GOOD.encode()) * 20 < LARGEST
