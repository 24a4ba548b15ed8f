# SPDX-License-Identifier: MPL-2.0
"""What a change between two revisions does, as one object: for people and for scripts."""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from .alike import shape
from .building import Built, Told, build
from .changes import Change, changes, standing_objects
from .effects import Effect, effect
from .masking import shown
from .revisions import WORKING_TREE, Revision, behind, changed, laid_out
from .stacks import Stack, stacks, touched, with_platforms

State = Literal["changed", "unchanged", "new", "gone", "refused", "unknown before"]
"""What became of a stack. `gone` is its file; `unknown before` is one that the base refuses."""


@dataclass(frozen=True, kw_only=True)
class StackReport:
    """What a change does to one stack."""

    name: str
    file: str
    state: State
    slug: str = ""
    """A municipality's; empty for a platform."""

    titles: tuple[str, ...] = ()
    """A municipality's name for people at both revisions."""

    changes: tuple[Change, ...] = ()
    standing: int = 0
    """Objects that a stack whose file is gone leaves behind."""

    refusals: tuple[str, ...] = ()
    """Why it is refused, a line a mistake: `file:line: path: what is wrong; how to mend it`."""

    @property
    def counts(self) -> Counter[str]:
        """Resources by action."""
        return Counter(one.action for one in self.changes)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a change does."""

    base: str
    head: str
    files: int
    """Files that differ."""

    stacks: tuple[StackReport, ...]
    """Every stack that the change can touch."""

    untouched: int
    """Stacks that it can't."""

    effects: Mapping[str, Effect]
    """What it does to municipalities, by the platform's stack."""

    notes: tuple[str, ...]
    """What a reader has to know to trust it."""

    @property
    def alike(self) -> list[list[StackReport]]:
        """Stacks that change, those together that change in the same way."""
        found: dict[str, list[StackReport]] = defaultdict(list)
        for stack in self.stacks:
            if stack.changes:
                own = (stack.slug, *stack.titles) if stack.slug else ()
                found[shape(stack.changes, own)].append(stack)
        return list(found.values())

    @property
    def refused(self) -> bool:
        """Whether a stack is refused."""
        return any(stack.state == "refused" for stack in self.stacks)

    def told(self) -> dict[str, Any]:
        """All of it as plain data; amounts are texts, and None is what nobody knows."""
        return {**_plain(asdict(self)), "refused": self.refused}


def report(checkout: Path, base: str, head: str, told: Told) -> Report:
    """Build what a change can touch at both revisions, and compare.

    Raises:
        click.ClickException: there is no such revision.
    """
    files = changed(checkout, base, head)
    with tempfile.TemporaryDirectory(prefix="andel-preview-") as folder:
        told(f"{len(files)} {'file differs' if len(files) == 1 else 'files differ'} between {base} and {head}")
        sides = [laid_out(checkout, base, Path(folder) / "base"), laid_out(checkout, head, Path(folder) / "head")]
        every = [stacks(side.folder) for side in sides]
        # What one revision calls touched is built at both: a stack may stand on another platform in each.
        listed = {stack.file: stack for side in every for stack in touched(files, side)}
        chosen = [[stack for stack in side if stack.file in listed] for side in every]
        wanted = [with_platforms(some, side) for some, side in zip(chosen, every, strict=True)]
        before, after = build(list(zip(sides, wanted, strict=True)), told)
        notes = tuple(_notes(checkout, sides, files))
    listed |= {stack.file: stack for side in chosen for stack in side}
    reports = tuple(_stack(stack, before, after) for stack in listed.values())
    return Report(
        base=base,
        head=head,
        files=len(files),
        stacks=reports,
        untouched=len({stack.file for stack in every[1]} - listed.keys()),
        effects=dict(_effects(reports, listed, before, after)),
        notes=notes,
    )


Builds = Mapping[str, Built]
"""Stacks of a revision, by their files."""


def _effects(
    reports: Iterable[StackReport], listed: Mapping[str, Stack], before: Builds, after: Builds
) -> Iterator[tuple[str, Effect]]:
    """Effects of platforms whose files stand, where there are any."""
    for one in reports:
        if listed[one.file].platform is None and one.state != "gone":
            found = effect(before.get(one.file, Built()), after[one.file])
            if one.changes or not found.nothing:
                yield one.name, found


def _stack(stack: Stack, befores: Builds, afters: Builds) -> StackReport:
    before, after = befores.get(stack.file), afters.get(stack.file)
    state: State
    found: tuple[Change, ...] = ()
    told: tuple[str, ...] = ()
    standing = 0
    if after is None:
        state, standing = "gone", standing_objects(before.resources) if before else 0
    elif after.refused:
        state, told = "refused", refusals(stack, after)
    elif before is not None and before.refused:
        state, told = "unknown before", refusals(stack, before)
    else:
        found = tuple(changes(before.resources if before else {}, after.resources))
        state = "new" if before is None else "changed" if found else "unchanged"
    return StackReport(
        name=stack.name,
        file=stack.file,
        state=state,
        slug=stack.slug,
        titles=tuple(_titles(stack, afters, befores)),
        changes=found,
        refusals=told,
        standing=standing,
    )


def _titles(stack: Stack, *sides: Builds) -> Iterator[str]:
    """Names for people of a municipality, as its platform's register has them."""
    for side in sides:
        members = side.get(stack.platform or "", Built()).contract.get("municipalities", {})
        yield str(members.get(stack.slug, {}).get("displayName", ""))


def refusals(stack: Stack, built: Built) -> tuple[str, ...]:
    """Why a stack is refused, a line a mistake."""
    lines = [f"{one['file']}:{one['line']}: {one['path']}: {one['wrong']}; {one['mend']}" for one in built.mistakes]
    lines += [f"{stack.file}: {line.strip()}" for line in built.error.splitlines() if line.strip()]
    return tuple(map(shown, lines))


def _notes(checkout: Path, sides: list[Revision], files: list[str]) -> list[str]:
    base, head = sides
    notes = []
    if (count := behind(checkout, base.name, head.name)) > 0:
        commits = "a commit that the head has not" if count == 1 else f"{count} commits that the head has not"
        notes.append(f"the base has {commits}; what they brought is shown as taken away")
    if {"requirements.txt", "pyproject.toml"} & set(files):
        notes.append("libraries differ between the revisions; both were built with those of this environment")
    if head.name == WORKING_TREE:
        notes.append("the head is the working tree, committed or not")
    return notes


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {shown(str(key)): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case Decimal():
            return str(value)
        case str():
            return shown(value)
        case _:
            return value
