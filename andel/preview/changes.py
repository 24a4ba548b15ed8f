# SPDX-License-Identifier: MPL-2.0
"""What becomes of each resource of a stack between two graphs: created, updated, replaced, deleted, or let go.

Desired is compared with desired. What somebody has changed on the cluster, and what the API server fills in, is not
known here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from .losses import loss
from .properties import Property, differences, under
from .replacing import another_cluster, force_new

Action = Literal["create", "update", "replace", "delete", "let go"]
ACTIONS: tuple[Action, ...] = ("delete", "replace", "create", "update", "let go")
"""In the order in which they are shown: what hurts first."""

Graph = Mapping[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Change:
    """What becomes of a resource."""

    action: Action
    """`let go` takes it out of the state, and leaves the object."""

    urn: str
    """Its URN, without stack and project."""

    kind: str
    """Kind of the object, as `Deployment`."""

    name: str
    """Namespace and name of the object; of what is none, its name in the program."""

    properties: tuple[Property, ...] = ()
    """What differs, of an update or a replacement."""

    why: str = ""
    """Why it is replaced, where no property says it."""

    loss: str = ""
    """What is lost with it, or has to be done by hand."""

    protected: bool = False
    """It is protected: `up` refuses."""

    unseen: bool = False
    """It is a chart, say: what its provider makes of it is not seen."""


def changes(before: Graph, after: Graph) -> list[Change]:
    """Every change between two graphs of a stack, worst first."""
    old, new, found = dict(before), dict(after), []
    for place, was in list(_pairs(old, new)):
        change = _changed(old[was], new[place], before, after)
        if change is not None:
            found.append(change)
        del old[was], new[place]
    gone = {_identity(one): one for one in old.values() if _identity(one)}
    for one in new.values():
        twin = gone.pop(_identity(one), None)
        if twin is not None and _shown(one):
            found.append(_moved(twin, one))
            old = {place: other for place, other in old.items() if other is not twin}
        elif _shown(one):
            found.append(_change("create", one))
    found += [_change("let go" if one["kept"] else "delete", one) for one in old.values() if _shown(one)]
    return sorted(found, key=lambda one: (ACTIONS.index(one.action), one.kind, one.name))


def _pairs(old: Graph, new: Graph) -> Iterator[tuple[str, str]]:
    """Resources that are the same: by their URN, by an alias, or by the alias of a component above them."""
    renamed: dict[str, str] = {}
    left = []
    for place, one in new.items():
        aliases = [alias.split("::", 2)[-1] for alias in one["aliases"]]
        was = place if place in old else next((alias for alias in aliases if alias in old), None)
        if was is None:
            left.append(place)
            continue
        if was != place:
            renamed[place.partition("::")[0]] = was.partition("::")[0]
        yield place, was
    for place in left:
        for above, was in renamed.items():
            earlier = was + place[len(above) :] if place.startswith(f"{above}$") else ""
            if earlier in old and earlier not in new:
                yield place, earlier
                break


def _changed(was: dict[str, Any], one: dict[str, Any], before: Graph, after: Graph) -> Change | None:
    if not _shown(one):
        return None
    ours, theirs = _provider(one, after), _provider(was, before)
    ignored = one["ignored"]
    found = [each for each in differences(was["inputs"], one["inputs"]) if not (ignored and under(each.path, ignored))]
    elsewhere = another_cluster(theirs, ours) if _kubernetes(one) else False
    if one["type"] == "pulumi:providers:kubernetes":
        elsewhere = another_cluster(was["inputs"], one["inputs"])
    fixed = (*(force_new(one, ours) if _kubernetes(one) else ()), *one["replaced_by"])
    every = one["type"].startswith("random:")
    found = [replace(each, replaces=every or under(each.path, fixed)) for each in found]
    if elsewhere or any(each.replaces for each in found):
        why = "it stands on another cluster" if elsewhere else ""
        return _change("replace", one, tuple(found), why)
    return _change("update", one, tuple(found)) if found else None


def _moved(was: dict[str, Any], one: dict[str, Any]) -> Change:
    """One object under two names of the program: the new one is written, then the old one deleted, and it is gone."""
    why = "the program names it otherwise, without an alias: what is written as new is deleted as old"
    return _change("replace", one, tuple(differences(was["inputs"], one["inputs"])), why)


def _change(action: Action, one: dict[str, Any], found: tuple[Property, ...] = (), why: str = "") -> Change:
    return Change(
        action=action,
        urn=one["urn"].split("::", 2)[2],
        kind=_kind(one),
        name=_name(one),
        properties=found,
        why=why,
        loss=loss(action, one),
        protected=one["protected"] and action in ("delete", "replace"),
        unseen=one["remote"],
    )


def _kind(one: dict[str, Any]) -> str:
    package, _, kind = one["type"].rpartition(":")
    return f"provider {kind}" if package == "pulumi:providers" else str(one["inputs"].get("kind") or kind)


def _shown(one: dict[str, Any]) -> bool:
    """Components are what they hold; a chart is one whose content only its provider knows."""
    return bool(one["custom"] or one["remote"])


def _kubernetes(one: dict[str, Any]) -> bool:
    return bool(one["custom"]) and one["type"].startswith("kubernetes:")


def _provider(one: dict[str, Any], graph: Graph) -> dict[str, Any]:
    """Inputs of a resource's provider."""
    place = one["provider"].rpartition("::")[0].split("::", 2)[-1]
    inputs: dict[str, Any] = graph.get(place, {}).get("inputs", {})
    return inputs


def _name(one: dict[str, Any]) -> str:
    metadata = one["inputs"].get("metadata")
    if not isinstance(metadata, dict) or "name" not in metadata:
        return str(one["name"])
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])


def _identity(one: dict[str, Any]) -> tuple[str, str, str, str] | None:
    """What the API server knows an object by, on the cluster of its provider."""
    if not _kubernetes(one) or one["type"].endswith("Patch") or "metadata" not in one["inputs"]:
        return None
    group = str(one["inputs"].get("apiVersion", "")).rpartition("/")[0]
    return _provider_place(one), group, str(one["inputs"].get("kind", "")), _name(one)


def _provider_place(one: dict[str, Any]) -> str:
    return str(one["provider"].rpartition("::")[0].split("::", 2)[-1])
