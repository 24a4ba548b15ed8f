# SPDX-License-Identifier: MPL-2.0
"""Walls that break: every policy gone, and each of its rules wider. Who judges walls has to see every one of them."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from components.namespace import deny_all
from config.names import MEMBER

from .reach import Scene

Policy = dict[str, Any]


def without_ports(policy: Policy) -> Iterator[Policy]:
    """Every rule of a policy, open on all ports."""
    for direction in ("ingress", "egress"):
        for at, rule in enumerate(policy["spec"].get(direction, ())):
            if "ports" in rule:
                wider = copy.deepcopy(policy)
                del wider["spec"][direction][at]["ports"]
                yield wider


def without_peers(policy: Policy) -> Iterator[Policy]:
    """Every rule of a policy, open to everybody."""
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for at, rule in enumerate(policy["spec"].get(direction, ())):
            if side in rule:
                wider = copy.deepcopy(policy)
                del wider["spec"][direction][at][side]
                yield wider


def for_every_pod_of_a_namespace(policy: Policy) -> Iterator[Policy]:
    """Every peer that is some pods of a namespace, as all of them."""
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for at, rule in enumerate(policy["spec"].get(direction, ())):
            for place, peer in enumerate(rule.get(side, ())):
                if peer.get("podSelector") and "namespaceSelector" in peer:
                    wider = copy.deepcopy(policy)
                    del wider["spec"][direction][at][side][place]["podSelector"]
                    yield wider


def of_every_namespace(policy: Policy) -> Iterator[Policy]:
    """Every peer that is a namespace's, as of all namespaces: labels of pods are anybody's to choose."""
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for at, rule in enumerate(policy["spec"].get(direction, ())):
            for place, peer in enumerate(rule.get(side, ())):
                if "ipBlock" not in peer:
                    wider = copy.deepcopy(policy)
                    wider["spec"][direction][at][side][place]["namespaceSelector"] = {}
                    yield wider


CHANGES: tuple[Callable[[Policy], Iterator[Policy]], ...] = (
    without_ports,
    without_peers,
    for_every_pod_of_a_namespace,
    of_every_namespace,
)


def changed(whole: Scene, member: str) -> Iterator[tuple[str, Scene]]:
    """Scenes with one policy that is gone or wider, each with what was done.

    Args:
        whole: the scene as it is.
        member: namespace of the one member whose policies are changed: others' are the same.
    """
    for at, policy in enumerate(whole.policies):
        place = policy["metadata"]["namespace"]
        if place.startswith(MEMBER) and place != member:
            continue
        name = f"{place}/{policy['metadata']['name']}"
        rest = (*whole.policies[:at], *whole.policies[at + 1 :])
        if policy["spec"] != deny_all():
            yield f"{name} gone", replace(whole, policies=rest)
        for change in CHANGES:
            for number, wider in enumerate(change(policy)):
                yield f"{name} {change.__name__} {number}", replace(whole, policies=(*rest, wider))
