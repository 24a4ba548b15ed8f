# SPDX-License-Identifier: MPL-2.0
"""Which resources of two graphs are the same: by their URN, by an alias, or by the alias of what they stand in.

As the engine finds them (source: pulumi, pkg/resource/deploy/step_generator.go at v3.216.0, `generateAliases` and
`inheritedChildAlias`). It refuses two resources that claim to have been the same one; here the first of them was.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Graph = Mapping[str, dict[str, Any]]
"""Resources by their place."""


def place(urn: str) -> str:
    """A URN without stack and project."""
    return urn.split("::", 2)[-1]


def pairs(old: Graph, new: Graph) -> dict[str, str]:
    """Places of resources in the new graph, each with its place in the old one; no old one stands there twice."""
    found = {at: at for at in new if at in old}
    taken = set(found)
    # What others stand in goes first: its alias is one of theirs.
    for at in sorted(new.keys() - taken, key=lambda at: at.partition("::")[0].count("$")):
        was = next((alias for alias in _aliases(at, new[at], found) if alias in old and alias not in taken), None)
        if was is not None:
            found[at] = was
            taken.add(was)
    return found


def _aliases(at: str, one: dict[str, Any], found: Mapping[str, str]) -> Iterator[str]:
    """Where a resource may have been: its own aliases, and each of them where its parent was."""
    own = [place(alias) for alias in one["aliases"]]
    yield from own
    above = place(one["parent"])
    was = found.get(above, above)
    if was != above:
        yield from (_inherited(each, above, was) for each in (at, *own))


def _inherited(at: str, above: str, was: str) -> str:
    """A place where its parent was: a name that begins with the parent's begins with the parent's former one."""
    types, _, name = at.partition("::")
    kind, now, former = types.rpartition("$")[2], above.partition("::")[2], was.partition("::")[2]
    if name.startswith(now):
        name = former + name.removeprefix(now)
    return f"{was.partition('::')[0]}${kind}::{name}"
