# SPDX-License-Identifier: MPL-2.0
"""Revisions of the checkout: what changed between two of them, and each as a folder of its own code."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import click

GIT = shutil.which("git") or "git"

WORKING_TREE = "working tree"
"""The checkout as it lies there, committed or not."""


@dataclass(frozen=True)
class Revision:
    """A revision, laid out."""

    name: str
    """As it was asked for."""

    folder: Path
    """Where its files are."""


def git(folder: Path, *args: str, index: Path | None = None) -> bytes:
    """What git answers.

    Args:
        folder: where it is asked.
        args: what it is asked.
        index: in place of the checkout's own.

    Raises:
        click.ClickException: it refuses; with its own words.
    """
    settings = {**os.environ, **({"GIT_INDEX_FILE": str(index)} if index else {})}
    done = subprocess.run([GIT, "-C", str(folder), *args], capture_output=True, check=False, env=settings)
    if done.returncode:
        raise click.ClickException(f"git {args[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def root(folder: Path) -> Path:
    """The checkout that a folder is in."""
    return Path(git(folder, "rev-parse", "--show-toplevel").decode().strip())


def commit(checkout: Path, name: str) -> str:
    """The commit of a name. A name that looks like an option is none."""
    return git(checkout, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}").decode().strip()


def laid_out(checkout: Path, name: str, into: Path) -> Revision:
    """A revision as files. Nothing is left in the repository by it, whatever happens.

    Args:
        checkout: the repository's folder.
        name: a commit, branch or tag; or the working tree, which is taken where it lies.
        into: a folder that there isn't yet.
    """
    if name == WORKING_TREE:
        return Revision(name, checkout)
    # Not by `git archive`, which leaves out what the revision's own attributes tell it to.
    into.mkdir()
    index = into.with_suffix(".index")
    git(checkout, "read-tree", commit(checkout, name), index=index)
    git(checkout, "checkout-index", "--all", f"--prefix={into}/", index=index)
    return Revision(name, into)


def changed(checkout: Path, base: str, head: str) -> list[str]:
    """Files that differ, sorted. A renamed one is two."""
    ends = [commit(checkout, base)] if head == WORKING_TREE else [commit(checkout, base), commit(checkout, head)]
    listed = git(checkout, "diff", "--name-only", "--no-renames", "-z", *ends, "--")
    if head == WORKING_TREE:
        listed += git(checkout, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted({name for name in listed.decode("utf-8", "surrogateescape").split("\0") if name})


def behind(checkout: Path, base: str, head: str) -> int:
    """Commits of the base that the head has not: what they brought, the preview shows as taken away."""
    end = "HEAD" if head == WORKING_TREE else commit(checkout, head)
    return int(git(checkout, "rev-list", "--count", f"{end}..{commit(checkout, base)}"))
