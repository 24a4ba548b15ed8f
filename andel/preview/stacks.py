# SPDX-License-Identifier: MPL-2.0
"""Which stacks a revision has, and which of them a change can touch."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

PLATFORM = re.compile(r"^Pulumi\.(?P<name>[\w-]+)\.yaml$")
MUNICIPALITY = re.compile(r"^municipalities/Pulumi\.(?P<name>[\w-]+)\.yaml$")

HARMLESS = re.compile(
    r"^(docs|tests|bench|schemas|\.github|\.ci)/|^runtimes/[^/]+/tests/|\.md$|^(LICENSE|Makefile|\.gitignore|\.pre-commit-config\.yaml)$"
    r"|^andel/(lab|preview|chat|price|fleet)/"
)
"""Files that no program reads. Whatever else changes may change every stack: a new folder is not overlooked."""


@dataclass(frozen=True, order=True)
class Stack:
    """A stack by its file."""

    file: str
    """Path of its stack file in the checkout."""

    name: str
    """Its name, as `prod` or `prod-aarhus`."""

    platform: str | None
    """A municipality's: the stack file of the platform that it stands on."""

    only_read: bool = False
    """No change touches it: it is here because a municipality reads what it puts out."""

    @property
    def project(self) -> str:
        """Its Pulumi project."""
        return "andel-municipality" if self.platform else "andel"

    @property
    def folder(self) -> str:
        """Folder of its program."""
        return "municipalities" if self.platform else "."

    @property
    def slug(self) -> str:
        """A municipality's; empty for a platform."""
        match = PLATFORM.match(self.platform) if self.platform else None
        return self.name.removeprefix(f"{match['name']}-") if match else ""

    def job(self) -> dict[str, str | bool | None]:
        """As the process inside a revision is told."""
        told = {"name": self.name, "file": self.file, "project": self.project, "folder": self.folder}
        return {**told, "platform": self.platform, "only_read": self.only_read}


def stacks(folder: Path) -> list[Stack]:
    """Every stack of a revision, platforms first."""
    found = [
        Stack(file.name, match["name"], None)
        for file in sorted(folder.glob("Pulumi.*.yaml"))
        if (match := PLATFORM.match(file.name))
    ]
    platforms = {stack.name: stack.file for stack in found}
    for file in sorted(folder.glob("municipalities/Pulumi.*.yaml")):
        if match := MUNICIPALITY.match(f"municipalities/{file.name}"):
            # The longest name wins: `prod-west-aarhus` is of `prod-west` where there is one.
            names = [name for name in platforms if match["name"].startswith(f"{name}-")]
            platform = platforms[max(names, key=len)] if names else f"Pulumi.{match['name'].partition('-')[0]}.yaml"
            found.append(Stack(f"municipalities/{file.name}", match["name"], platform))
    return found


def touched(files: Iterable[str], every: Iterable[Stack]) -> list[Stack]:
    """Stacks that a change of files can touch.

    A platform's file touches its municipalities too: they read what it puts out.
    """
    changed = [file for file in files if not HARMLESS.search(file)]
    settings = {file for file in changed if PLATFORM.match(file) or MUNICIPALITY.match(file)}
    if set(changed) - settings:
        return list(every)
    return [stack for stack in every if {stack.file, stack.platform} & settings]


def with_platforms(chosen: Iterable[Stack], every: Iterable[Stack]) -> list[Stack]:
    """Stacks and the platforms that they read, platforms first."""
    touched = set(chosen)
    read = {stack.platform for stack in touched}
    return [
        stack if stack in touched else replace(stack, only_read=True)
        for stack in every
        if stack in touched or stack.file in read
    ]
