# SPDX-License-Identifier: MPL-2.0
"""Where pods find a place on a pool: one way to place them all, and whether every way does.

The scheduler takes pods as they come and spreads them, so a sum that fits may leave gaps that no pod fits in. What is
*certain* fits in whatever order they come; what is *packed* fits with the largest first on the fullest node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from math import gcd
from typing import TYPE_CHECKING

from .scalars import amount

if TYPE_CHECKING:
    from .environment import Environment
    from .pools import Pool


@dataclass(frozen=True, kw_only=True)
class Pod:
    """What a pod of a model takes of a node."""

    model: str
    """The model's public name; of pods that models share, the name of their run profile."""

    shares: int
    """Shares of the pool; 0 on cores alone."""

    cpu: Decimal
    """Cores."""

    memory: Decimal
    """Bytes of main memory."""


@dataclass
class Node:
    """What is left of a node, and who stands on it."""

    shares: int
    cpu: Decimal
    memory: Decimal
    pods: list[Pod] = field(default_factory=list)

    def takes(self, pod: Pod) -> bool:
        """Whether a pod fits in what is left."""
        return pod.shares <= self.shares and pod.cpu <= self.cpu and pod.memory <= self.memory

    def put(self, pod: Pod) -> None:
        """Place a pod that fits."""
        self.pods.append(pod)
        self.shares -= pod.shares
        self.cpu -= pod.cpu
        self.memory -= pod.memory


class Fit(StrEnum):
    """How well pods fit on a pool."""

    CERTAIN = "certain"
    """Each finds a place, in whatever order they come."""

    PACKED = "packed"
    """Each finds a place if they come in a good order; spread in a bad one, some wait."""

    SHORT = "short"
    """Some wait until there is more."""


@dataclass(frozen=True)
class Placing:
    """Pods on nodes, and those that found none."""

    nodes: Sequence[Node]
    homeless: Sequence[Pod]
    fit: Fit


def pods_of(environment: Environment, pool: str, *, most: bool = False) -> list[Pod]:
    """Pods on a pool that always stand, or those of the highest load: of models, and those that models share."""
    own = [
        Pod(model=name, shares=workload.gpus, cpu=amount(workload.cpu), memory=amount(workload.memory))
        for name, model in environment.models.items()
        if model.pool == pool and not model.stopped and not model.shared
        for workload in model.workloads
        for _ in range((workload.most if most else workload.least) * workload.pods)
    ]
    return [*own, *_shared_pods(environment, pool)]


def _shared_pods(environment: Environment, pool: str) -> Iterator[Pod]:
    """Pods of ModelMesh's runtimes: as many at any load, each with all that its profile has."""
    for name, runtime in (environment.modelmesh.runtimes if environment.modelmesh else {}).items():
        profile = environment.profiles.get(name)
        if profile is not None and profile.pool == pool:
            cpu, memory = amount(profile.resources.cpu), amount(profile.resources.memory)
            for _ in range(runtime.replicas):
                yield Pod(model=name, shares=profile.gpus, cpu=cpu, memory=memory)


def place(pods: Iterable[Pod], pool: Pool, nodes: int) -> Placing:
    """Place pods on a number of the pool's nodes.

    They are spread as the scheduler would (the largest first, the emptiest node first) where that places all of them,
    else packed.
    """
    ordered = sorted(pods, key=lambda pod: (-pod.shares, -pod.cpu, -pod.memory, pod.model))
    spread, packed = _placed(ordered, pool, nodes, fullest=False), _placed(ordered, pool, nodes, fullest=True)
    placed, homeless = packed if len(packed[1]) < len(spread[1]) else spread
    fit = Fit.SHORT if homeless else Fit.CERTAIN if certain(ordered, pool, nodes) else Fit.PACKED
    return Placing(placed, homeless, fit)


def _placed(pods: Iterable[Pod], pool: Pool, count: int, *, fullest: bool) -> tuple[list[Node], list[Pod]]:
    cpu, memory = amount(pool.host.cpu), amount(pool.host.memory)
    nodes = [Node(pool.shares_per_node, cpu, memory) for _ in range(count)]
    homeless = []
    for pod in pods:
        taking = [node for node in nodes if node.takes(pod)]
        if not taking:
            homeless.append(pod)
            continue
        (min if fullest else max)(taking, key=lambda node: (node.shares, node.cpu)).put(pod)
    return nodes, homeless


def certain(pods: Sequence[Pod], pool: Pool, nodes: int) -> bool:
    """Whether each pod finds a place wherever the scheduler has put all others.

    A node is closed to a pod where others leave less than it asks for. They can close no more nodes than their sum
    allows, by shares, cores or memory: if all that is fewer than there are, one is open.
    """
    resources = (
        ([pod.shares for pod in pods], pool.shares_per_node),
        ([int(pod.cpu * 1000) for pod in pods], int(amount(pool.host.cpu) * 1000)),
        ([int(pod.memory) for pod in pods], int(amount(pool.host.memory))),
    )
    kinds = {(pod.shares, pod.cpu, pod.memory): index for index, pod in enumerate(pods)}
    return all(sum(_closed(asked, asked[index], has) for asked, has in resources) < nodes for index in kinds.values())


def _closed(asked: Sequence[int], own: int, has: int) -> int:
    """How many nodes all other pods can close to one, by one resource: as many as hold more than it leaves to them.

    Sums of pods are multiples of what divides all of them, so a node that is closed holds the next multiple at least.
    """
    if not own:
        return 0
    unit = gcd(*asked)
    return (sum(asked) - own) // (((has - own) // unit + 1) * unit)
