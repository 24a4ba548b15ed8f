# SPDX-License-Identifier: MPL-2.0
"""Which municipalities a change concerns: by their files, the program, and what each sees of the contract."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import yaml

from andel.release.admission import judged
from config.contract import PlatformContract, contract
from config.section import Refusal
from config.stackfile import KEY

from .stacks import Found

PROGRAM = ("municipalities/__main__.py", "components/", "config/", "andel/release/", "requirements.txt")
"""Paths of the checkout of which every stack is made."""


def affected(base: str, checkout: Path, settings: Path, stacks: Sequence[Found]) -> list[Found]:
    """Those stacks that may come out otherwise than at another revision.

    Args:
        base: revision to compare with what lies in the working tree.
        checkout: of the repository in which settings and stack files lie.
        settings: the environment's stack file.
        stacks: of whom.

    Raises:
        click.ClickException: git doesn't know the revision, or what stood there is no environment.
    """
    changed = changed_paths(base, checkout)
    if any(path.startswith(PROGRAM) for path in changed):
        return list(stacks)
    files = {(checkout / path).resolve() for path in changed}
    seen = _seen_otherwise(base, checkout, settings, stacks) if settings.resolve() in files else set()
    return [stack for stack in stacks if stack.file.resolve() in files or stack.slug in seen]


def changed_paths(base: str, checkout: Path) -> set[str]:
    """Paths below a checkout that differ from a revision, seen from there.

    Both places of what was moved are among them, and files that git doesn't know yet.
    """
    listed = (
        _git(checkout, "diff", "--name-only", "--no-renames", "--relative", "-z", base, "--"),
        _git(checkout, "ls-files", "-zo", "--exclude-standard"),
    )
    return {path for text in listed for path in text.split("\0") if path}


def _seen_otherwise(base: str, checkout: Path, settings: Path, stacks: Sequence[Found]) -> set[str]:
    path = settings.resolve().relative_to(checkout.resolve()).as_posix()
    if not settings.is_file():
        raise click.ClickException(f"{settings} is not there any more: nobody knows what each saw of it")
    if not _git(checkout, "ls-tree", "--name-only", base, "--", path):
        return {stack.slug for stack in stacks}  # a new environment
    before = _contract(_git(checkout, "show", f"{base}:./{path}"), f"{base}:{path}")
    after = _contract(settings.read_text(encoding="utf-8"), str(settings))
    return {stack.slug for stack in stacks if view(before, stack.slug) != view(after, stack.slug)}


def view(given: PlatformContract, slug: str) -> dict[str, Any]:
    """What a municipality's program reads of a contract: all but the other members, and the other members' plans."""
    own = given.municipalities.get(slug)
    tiers = {name: tier for name, tier in given.tiers.items() if own is not None and name == own.tier}
    return given.model_copy(update={"municipalities": {slug: own} if own else {}, "tiers": tiers}).model_dump()


def _contract(text: str, source: str) -> PlatformContract:
    try:
        return contract(judged(yaml.safe_load(text)["config"][KEY]))
    except (Refusal, KeyError, TypeError, yaml.YAMLError) as error:
        raise click.ClickException(f"{source} is no environment: {error}") from None


def _git(checkout: Path, *words: str) -> str:
    command = [shutil.which("git") or "git", "-C", str(checkout), *words]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        raise click.ClickException(f"git {' '.join(words[:2])}: {ran.stderr.strip()}")
    return ran.stdout
