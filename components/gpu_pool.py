# SPDX-License-Identifier: MPL-2.0
"""GPU pools: which nodes belong to one, and how a pod asks for a place on it.

Nodes of a `named` pool are labelled `andel/pool`; on `labelled` nodes nothing is written. Taints are the owner's:
the list is atomic in the API server, so a second writer would fight the node lifecycle controller over it.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.pools import LabelledNodes, NamedNodes, Pool

from .metadata import FIELD_MANAGER, POOL


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What a pod writes to run on a pool."""

    node_selector: dict[str, str]
    """Labels of the pool's nodes."""

    tolerations: list[dict[str, str]]
    """One for each taint of the pool's nodes."""

    resource: str
    """Extended resource that stands for one share."""


@dataclass(frozen=True, kw_only=True)
class GpuPoolArgs:
    """A pool, and its name in the environment."""

    name: str
    """Key in the environment's `pools`."""

    pool: Pool
    """Its section."""


class GpuPool(pulumi.ComponentResource):
    """The labels of a pool's named nodes."""

    def __init__(self, name: str, args: GpuPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gpu:GpuPool", name, None, opts)
        for node in getattr(args.pool.nodes, "names", ()):
            kubernetes.core.v1.NodePatch(
                f"{name}-{node}",
                metadata={"name": node, "labels": {POOL: args.name}, "annotations": FIELD_MANAGER},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"shares": args.pool.shares, "resource": args.pool.resource})


def placement(name: str, pool: Pool) -> Placement:
    """How a pod asks for a place on the pool."""
    return Placement(
        node_selector=node_selector(name, pool.nodes),
        tolerations=[toleration(**taint.model_dump()) for taint in pool.taints],
        resource=pool.resource,
    )


def node_selector(name: str, nodes: NamedNodes | LabelledNodes) -> dict[str, str]:
    """The pool's own label on named nodes, the declared labels else."""
    return dict(nodes.labels) if isinstance(nodes, LabelledNodes) else {POOL: name}


def toleration(key: str, value: str, effect: str) -> dict[str, Any]:
    """The toleration of a taint."""
    return {
        "key": key,
        "effect": effect,
        **({"operator": "Equal", "value": value} if value else {"operator": "Exists"}),
    }
