# SPDX-License-Identifier: MPL-2.0
"""Which stacks a change can touch: too many is slow, too few is a surprise on the cluster."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from andel.preview import graph, inside
from andel.preview.revisions import WORKING_TREE, behind, changed, laid_out
from andel.preview.stacks import stacks, touched, with_platforms
from tests.conftest import ROOT

from .checkouts import branch, change, commit, git

FILES = ("Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.prod-west.yaml")
MEMBERS = ("dev-aarhus", "prod-aarhus", "prod-west-aarhus")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*FILES, *(f"municipalities/Pulumi.{name}.yaml" for name in MEMBERS), "Pulumi.yaml"):
        change(tmp_path, {name: {"": "config: {}\n"}})
    return tmp_path


def test_a_municipality_stands_on_the_platform_with_the_longest_name_that_it_begins_with(folder: Path) -> None:
    platforms = {stack.name: stack.platform for stack in stacks(folder)}
    assert platforms == {
        "dev": None,
        "prod": None,
        "prod-west": None,
        "dev-aarhus": "Pulumi.dev.yaml",
        "prod-aarhus": "Pulumi.prod.yaml",
        "prod-west-aarhus": "Pulumi.prod-west.yaml",
    }


TOUCHED = [
    (["municipalities/Pulumi.dev-aarhus.yaml"], {"dev-aarhus"}),
    (["Pulumi.prod.yaml"], {"prod", "prod-aarhus"}),
    (["Pulumi.prod.yaml", "docs/x.md", "README.md", "tests/test_x.py", "schemas/x.json"], {"prod", "prod-aarhus"}),
    (["docs/adr/0001.md", "andel/lab/node.py", ".github/workflows/ci.yml", "bench/x.py"], set()),
    (["components/platform.py"], set(FILES) | set(MEMBERS)),
    (["config/tiers.py"], set(FILES) | set(MEMBERS)),
    (["andel/release/pins.py"], set(FILES) | set(MEMBERS)),
    (["requirements.txt"], set(FILES) | set(MEMBERS)),
    (["a/folder/that/is/new.py"], set(FILES) | set(MEMBERS)),
    (["municipalities/__main__.py"], set(FILES) | set(MEMBERS)),
    ([], set()),
]


@pytest.mark.parametrize(("files", "expected"), TOUCHED, ids=[" ".join(files) or "nothing" for files, _ in TOUCHED])
def test_a_change_touches_what_reads_it(files: list[str], expected: set[str], folder: Path) -> None:
    names = {stack.name for stack in touched(files, stacks(folder))}
    assert names == {name.removeprefix("Pulumi.").removesuffix(".yaml") for name in expected}


def test_what_no_program_reads_really_is_read_by_none() -> None:
    """Nothing that a program imports is taken for harmless."""
    for file in (*ROOT.glob("components/**/*.py"), *ROOT.glob("config/**/*.py"), *ROOT.glob("andel/*/*.py")):
        path = str(file.relative_to(ROOT))
        if not path.startswith(("andel/lab", "andel/preview", "andel/chat", "andel/price", "andel/fleet")):
            assert touched([path], stacks(ROOT)), path
    programs = [*ROOT.glob("components/**/*.py"), *ROOT.glob("andel/release/*.py"), *ROOT.glob("andel/economy/*.py")]
    for file in (*programs, ROOT / "__main__.py", ROOT / "municipalities/__main__.py", *ROOT.glob("config/**/*.py")):
        text = file.read_text(encoding="utf-8")
        assert not any(f"andel.{room}" in text for room in ("lab", "preview", "chat.", "price", "fleet")), file


def test_a_municipality_is_built_with_the_platform_that_it_reads(folder: Path) -> None:
    every = stacks(folder)
    one = [stack for stack in every if stack.name == "dev-aarhus"]
    assert [(stack.name, stack.only_read) for stack in with_platforms(one, every)] == [
        ("dev", True),
        ("dev-aarhus", False),
    ]
    assert not any(stack.only_read for stack in with_platforms(every, every))


def test_files_that_differ_are_found_committed_or_not(folder: Path) -> None:
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "base")
    branch(folder, "other", {"Pulumi.dev.yaml": {"": "config: {a: b}\n"}, "æ ø.md": {"": "x"}})
    assert changed(folder, "main", "other") == ["Pulumi.dev.yaml", "æ ø.md"]
    assert changed(folder, "main", WORKING_TREE) == []
    change(folder, {"new.yaml": {"": "x"}, "Pulumi.prod.yaml": {"": "x"}})
    assert changed(folder, "main", WORKING_TREE) == ["Pulumi.prod.yaml", "new.yaml"]
    assert behind(folder, "other", "main") == 1
    assert behind(folder, "main", "other") == 0


def test_a_revision_is_all_of_its_files_and_leaves_the_checkout_alone(folder: Path, tmp_path_factory: Any) -> None:
    """Attributes of its own can hide nothing from the preview, and no index or worktree is left behind."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    change(folder, {".gitattributes": {"": "Pulumi.prod.yaml export-ignore\n"}})
    commit(folder, "hiding")
    change(folder, {"Pulumi.prod.yaml": {"": "not committed"}})
    state = [(folder / ".git/index").read_bytes(), sorted(folder.rglob("*"))]
    revision = laid_out(folder, "main", tmp_path_factory.mktemp("laid") / "out")
    assert [stack.name for stack in stacks(revision.folder)] == [stack.name for stack in stacks(folder)]
    assert (revision.folder / "Pulumi.prod.yaml").read_text() == "config: {}\n"
    assert [(folder / ".git/index").read_bytes(), sorted(folder.rglob("*"))] == state


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_platform_that_is_only_read_says_what_it_would_put_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It isn't built for that; its program has to say the same when it is."""
    monkeypatch.chdir(ROOT)  # and back again
    file = ROOT / f"Pulumi.{name}.yaml"
    outputs = inside.built(graph, ROOT, "andel", name, file, {})["outputs"]
    pulumi.runtime.set_all_config({})
    told = inside.promised(file)
    assert told is not None
    assert told["outputs"]["contract"] == outputs["contract"]
    assert outputs["prices"]
