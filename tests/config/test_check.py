# SPDX-License-Identifier: MPL-2.0
"""`andel check` on files: hostile ones, broken ones, and those of the checkout."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from andel.check import MOST, command
from config.stackfile import LARGEST
from tests.conftest import ROOT, stack_document

from .edits import broken_files, edited

HEAD = 'config:\n  pulumi:disable-default-providers: ["*"]\n'
DEV = stack_document("dev")
GOOD = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")


def check(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def stack_file(file: Path, environment: Any) -> Path:
    """A file that holds an environment."""
    config = {"pulumi:disable-default-providers": ["*"], "andel:environment": environment}
    file.write_text(
        yaml.dump({"config": config}, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    return file


def test_the_stack_files_of_the_checkout_are_good() -> None:
    result = check(ROOT / "Pulumi.dev.yaml", ROOT / "Pulumi.prod.yaml")
    assert result.exit_code == 0
    assert result.output.count(": good") == 2


ENVIRONMENT = HEAD + "  andel:environment:\n"
NONSENSE = {
    "a megabyte of random bytes": bytes(range(256)) * 4096,
    "random bytes": bytes(range(256)) * 1024,
    "a megabyte of nothing": b"x" * 1_000_000,
    "a deep nest": b"[" * 500_000,
    "deep indents": b"".join(b" " * depth + b"a:\n" for depth in range(900)),
    "one huge line": HEAD.encode() + b"  andel:environment: " + b"x" * 400_000,
    "one huge key": f"{ENVIRONMENT}    ? {'replicas' * 50_000}\n    : 1\n".encode(),
    "unknown settings": (ENVIRONMENT + "".join(f"    x{i}: 1\n" for i in range(30_000))).encode(),
    "unknown settings up to the limit": (ENVIRONMENT + "".join(f"    x{i}: 1\n" for i in range(4_900))).encode(),
    "a value that makes patterns slow": GOOD.replace("Mistral Small 3.2", "eyJ-" * 100_000).encode(),
    "a list of one thing": GOOD.replace("[gpu-large-1]", f"[{'a,' * 9_000}a]").encode(),
    "more nodes than memory": GOOD.replace("count: 1", "count: 99999999999").encode(),
    "a number of many digits": GOOD.replace("count: 1", f"count: {'9' * 10_000}").encode(),
    "a billion laughs": b"a: &a [x,x]\n"
    + b"".join(b"%c: &%c [*%c,*%c]\n" % (98 + i, 98 + i, 97 + i, 97 + i) for i in range(20)),
    "nul bytes": b"config:\x00\x00",
    "nothing": b"",
    "a list": b"- config\n",
    "two documents": b"config: {}\n---\nconfig: {}\n",
    "a tab": b"config:\n\tx: 1\n",
    "a python object": b"config: !!python/object/apply:os.system [id]\n",
    "a key that is a list": b"config: {[a]: 1}\n",
    "no settings": b"config: 1\n",
    "an impossible date": f"{HEAD}  andel:environment: 2026-99-99\n".encode(),
    "another encoding": GOOD.replace("Mistral", "Mistrål").encode("latin-1"),
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
    "a key twice": (
        "        task: chat\n",
        "        task: chat\n        task: chat\n",
        "models.mistral-small.task: stands here twice, in lines 27 and 28; take one away",
    ),
    "an anchor repeated": (
        "labels: {release: kube-prometheus-stack}",
        "labels: {a: &a x, b: *a}",
        "an anchor is repeated; write the setting out: each stands once",
    ),
    "a misspelt key of ours": (
        "andel:environment:",
        "andel:enviroment:",
        "config.andel:enviroment: unknown setting of andel; write andel:environment, or take it away",
    ),
    "a misspelt setting": ("config:\n", "confg: 1\nconfig:\n", "confg: unknown setting of a stack; write config"),
    "the switch left open": ('["*"]', "[aws]", "default providers are not switched off"),
    "an encrypted setting": (
        "host: api.dev.andel.example",
        "host: {secure: v1:abc}",
        "gateway.host: is encrypted; write it in the open",
    ),
    "a value that is not what it looks like": ("name: api-tls", "name: 2026-13-40", "put it in quotes"),
    "a tag of YAML": ("host: api.dev.andel.example", "host: !!python/name:os.system x", "put it in quotes"),
}


@pytest.mark.parametrize(("old", "new", "told"), FILE_MISTAKES.values(), ids=FILE_MISTAKES.keys())
def test_a_mistake_of_the_file_itself_is_told_at_its_line(old: str, new: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.test.yaml"
    text = GOOD.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")
    pairs = zip(GOOD.splitlines(), text.splitlines(), strict=False)
    changed = next(line for line, (was, now) in enumerate(pairs, start=1) if was != now)
    first = check(file).output.splitlines()[0]
    assert first.startswith(f"{file}:{changed}: ")
    assert told in first


def test_a_stack_without_the_switch_is_refused(tmp_path: Path) -> None:
    """A resource without a provider would go to whatever cluster the kubeconfig names."""
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(GOOD.replace('pulumi:disable-default-providers: ["*"]', "pulumi:tags: {}"), encoding="utf-8")
    assert "default providers are not switched off" in check(file).output


NEAR_MISSES = {
    "a mark of byte order": ("# yaml", "\ufeff# yaml"),
    "an anchor that nobody repeats": ("labels: {release: kube", "labels: {release: &a kube"),
    "an encrypted setting of somebody else": ("config:\n", "config:\n  other:key: {secure: v1:abc}\n"),
    "a setting of pulumi": ("config:\n", "encryptionsalt: v1:abc\nconfig:\n"),
    "a switch for kubernetes alone": ('["*"]', "[kubernetes]"),
}


@pytest.mark.parametrize(("old", "new"), NEAR_MISSES.values(), ids=NEAR_MISSES.keys())
def test_what_pulumi_allows_in_a_file_is_no_mistake(old: str, new: str, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    assert (check(file).output, GOOD.count(old) > 0) == (f"{file}: good\n", True)


def test_a_mistake_names_file_line_path_and_mend(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(GOOD.replace("        pool: large\n", "        pool: lagre\n"), encoding="utf-8")
    line = GOOD.splitlines().index("        pool: large") + 1
    assert check(file).output == (
        f"{file}:{line}: models.mistral-small.pool: there is no pool lagre; write one of large, small\n"
    )


def test_a_flood_of_mistakes_is_cut_and_counted(tmp_path: Path) -> None:
    result = check(stack_file(tmp_path / "Pulumi.test.yaml", {**DEV, **{f"x{index}": 1 for index in range(MOST + 7)}}))
    assert len(result.output.splitlines()) == MOST + 1
    assert result.output.endswith(": and 7 more\n")


def test_several_files_are_each_judged(tmp_path: Path) -> None:
    result = check(ROOT / "Pulumi.dev.yaml", tmp_path / "Pulumi.none.yaml", tmp_path)
    assert result.exit_code == 1
    assert ["good" in line for line in result.output.splitlines()] == [True, False, False]


def test_no_file_at_all_is_a_misuse() -> None:
    assert check().exit_code == 2


def test_json_says_the_same_for_scripts(tmp_path: Path) -> None:
    file = stack_file(tmp_path / "Pulumi.test.yaml", edited(DEV, {"models.mistral-small.gpus": 4}))
    (row,) = json.loads(check(file, "--json").output)
    assert row.keys() == {"file", "line", "path", "wrong", "mend"}
    assert row["path"] == "models.mistral-small.gpus"


def test_a_file_that_is_not_there_is_a_mistake_too(tmp_path: Path) -> None:
    assert "there is no such file" in check(tmp_path / "Pulumi.none.yaml").output


def test_check_and_judge_agree_on_every_broken_file_and_write_nothing(tmp_path: Path) -> None:
    """Pulumi gives the program what check has read: a file that passes here must not fail there."""
    for broken in broken_files():
        bad = stack_file(tmp_path / f"{broken.name}.error.yaml", edited(broken.document, broken.set))
        good = stack_file(tmp_path / f"{broken.name}.happy.yaml", edited(broken.document, broken.near))
        with outside() as deeds:
            result = check(bad, good, "--json")
        assert [(row["file"], row["path"]) for row in json.loads(result.stdout)] == [(str(bad), broken.path)]
        assert deeds == []


DEEDS = ("os.mkdir", "os.rename", "os.remove", "os.system", "os.exec", "socket.connect", "subprocess.Popen")
_listeners: list[list[str]] = []


def _listen(event: str, details: tuple[Any, ...]) -> None:
    writes = event == "open" and isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    for deeds in _listeners if writes or event in DEEDS else ():
        deeds.append(f"{event} {details}")


sys.addaudithook(_listen)  # a hook can't be taken away again: it listens only within `outside`


@contextmanager
def outside() -> Iterator[list[str]]:
    """What the interpreter does to the world meanwhile: files written, programs started, connections made."""
    deeds: list[str] = []
    _listeners.append(deeds)
    yield deeds
    _listeners.remove(deeds)


def test_what_is_done_to_the_world_would_be_noticed(tmp_path: Path) -> None:
    with outside() as deeds:
        (tmp_path / "file").write_text("x")
    assert len(deeds) == 1


def test_the_largest_file_is_larger_than_any_environment() -> None:
    assert len(GOOD.encode()) * 20 < LARGEST
