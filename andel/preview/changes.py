# SPDX-License-Identifier: MPL-2.0
"""What becomes of each resource of a stack between two graphs: created, updated, replaced, deleted, or let go.

Desired is compared with desired. What somebody has changed on the cluster, and what the API server fills in, is not
known here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from .losses import loss
from .pairing import Graph, pairs, place
from .properties import Property, below, differences, under
from .replacing import another_cluster, force_new

Action = Literal["create", "update", "replace", "delete", "let go"]
ACTIONS: tuple[Action, ...] = ("delete", "replace", "create", "update", "let go")
"""In the order in which they are shown: what hurts first."""


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
    for at, was in pairs(before, after).items():
        change = _changed(old.pop(was), new.pop(at), before, after)
        if change is not None:
            found.append(change)
    gone = {_identity(one): at for at, one in old.items() if _identity(one)}
    for one in new.values():
        twin = gone.pop(_identity(one), None)
        if twin is not None and _shown(one):
            found.append(_moved(old.pop(twin), one))
        elif _shown(one):
            found.append(_change("create", one))
    found += [_change("let go" if one["kept"] else "delete", one) for one in old.values() if _shown(one)]
    return sorted(found, key=lambda one: (ACTIONS.index(one.action), one.kind, one.name))


def _changed(was: dict[str, Any], one: dict[str, Any], before: Graph, after: Graph) -> Change | None:
    if not _shown(one):
        return None
    ours, theirs = _provider(one, after), _provider(was, before)
    found = [each for each in differences(was["inputs"], one["inputs"]) if not below(each.path, one["ignored"])]
    elsewhere = another_cluster(theirs, ours) if _kubernetes(one) else False
    if one["type"] == "pulumi:providers:kubernetes":
        elsewhere = another_cluster(was["inputs"], one["inputs"])
    fixed = (*(force_new(one, ours) if _kubernetes(one) else ()), *one["replaced_by"])
    every = one["type"].startswith("random:")
    found = [replace(each, replaces=every or under(each.path, fixed)) for each in found]
    if elsewhere or any(each.replaces for each in found):
        return _replaced(was, one, found, "it stands on another cluster" if elsewhere else "")
    return _change("update", one, found) if found else None


STAYS = "the former one is let go, and stays"
"""What becomes of a replaced object that its program keeps."""


def _replaced(was: dict[str, Any], one: dict[str, Any], found: list[Property], why: str) -> Change:
    """It goes by its former name, with what it held. The engine refuses where it was protected and still is."""
    kept, change = was["kept"], _change("replace", one, found, why)
    return replace(
        change,
        name=_name(was),
        why="; ".join(filter(None, (why, STAYS if kept else ""))),
        loss=loss("update" if kept else "replace", was),
        protected=was["protected"] and one["protected"],
    )


def _moved(was: dict[str, Any], one: dict[str, Any]) -> Change:
    """One object under two names of the program: the new one is written, then the old one deleted, and it is gone.

    One that is kept stays, as it is written then. One that is protected can't leave the state.
    """
    found, why = list(differences(was["inputs"], one["inputs"])), "the program names it otherwise, without an alias"
    if was["kept"]:
        change = _change("update", one, found, f"{why}: the object stays, and is written over")
    else:
        change = _change("replace", one, found, f"{why}: what is written as new is deleted as old")
        change = replace(change, loss=loss("replace", was))
    return replace(change, protected=was["protected"])


def _change(action: Action, one: dict[str, Any], found: Iterable[Property] = (), why: str = "") -> Change:
    return Change(
        action=action,
        urn=place(one["urn"]),
        kind=_kind(one),
        name=_name(one),
        properties=tuple(found),
        why=why,
        loss=loss(action, one),
        protected=one["protected"] and action in ("delete", "let go"),
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


def standing_objects(graph: Graph) -> int:
    """Objects on clusters that a stack leaves behind. Providers and made-up values are none."""
    return sum(_kubernetes(one) and not one["type"].endswith("Patch") for one in graph.values())


def _provider(one: dict[str, Any], graph: Graph) -> dict[str, Any]:
    """Inputs of a resource's provider."""
    inputs: dict[str, Any] = graph.get(_provider_place(one), {}).get("inputs", {})
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
    return place(one["provider"].rpartition("::")[0])
