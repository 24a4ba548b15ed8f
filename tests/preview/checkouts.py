# SPDX-License-Identifier: MPL-2.0
"""Small repositories with two revisions of this checkout: as it lies there, and with a change."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import ROOT

PROGRAM = ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "__main__.py", "requirements.txt", "pyproject.toml")
FOLDERS = ("andel", "components", "config", "municipalities")

Edits = Mapping[str, Mapping[str, str]]
"""By file: what is written, in place of what. An empty text is in place of a whole file."""


def repository(folder: Path) -> Path:
    """A repository whose branch `main` is this checkout's programs."""
    folder.mkdir(parents=True)
    for name in PROGRAM:
        shutil.copy(ROOT / name, folder / name)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "lab", ".*"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "as it lies there")
    return folder


def branch(folder: Path, name: str, edits: Edits) -> None:
    """A branch of `main` with a change."""
    git(folder, "checkout", "--quiet", "-b", name, "main")
    change(folder, edits)
    commit(folder, name)
    git(folder, "checkout", "--quiet", "main")


def change(folder: Path, edits: Edits) -> None:
    """Write a change into a folder. What is to be replaced stands there once."""
    for file, texts in edits.items():
        at = folder / file
        for old, new in texts.items():
            before = at.read_text(encoding="utf-8") if old else ""
            assert not old or before.count(old) == 1, f"{file}: {before.count(old)} times {old!r}"
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_text(before.replace(old, new) if old else new, encoding="utf-8")


def commit(folder: Path, message: str) -> None:
    """All of a folder, as a commit."""
    git(folder, "add", "--all")
    author = ("-c", "user.name=andel", "-c", "user.email=andel@example.invalid", "-c", "commit.gpgsign=false")
    git(folder, *author, "commit", "--quiet", "--message", message)


def git(folder: Path, *arguments: str) -> None:
    """Run git without the settings of whoever runs the tests."""
    settings = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)}
    subprocess.run([shutil.which("git") or "git", "-C", folder, *arguments], check=True, env=settings)
