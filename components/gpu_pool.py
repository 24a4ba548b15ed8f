# SPDX-License-Identifier: MPL-2.0
"""GPU pools: which nodes belong to one, and how a pod asks for a place on it.

Nodes of a `named` pool are labelled `andel/pool`; on `labelled` nodes nothing is written. Taints are the owner's:
the list is atomic in the API server, so a second writer would fight the node lifecycle controller over it. Nodes that
Karpenter makes get labels and taints from it.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.gpu_rules import LAYOUT_LABEL
from config.nodes import ClusterApiNodes, KarpenterNodes, LabelledNodes, NamedNodes, Nodes
from config.pools import Pool

from .metadata import FIELD_MANAGER, POOL, metadata
from .node_pool import SYNCED, machine_deployment, node_pool, sizes


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

    own_layouts: bool = False
    """Whether the GPU operator knows the pool's layout by the pool's name: the platform manages it."""


class GpuPool(pulumi.ComponentResource):
    """The labels of a pool's named nodes, or what makes its nodes on demand."""

    def __init__(self, name: str, args: GpuPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gpu:GpuPool", name, None, opts)
        match args.pool.nodes:
            case NamedNodes(names=names):
                for node in names:
                    self._label(f"{name}-{node}", node, {POOL: args.name, **layout(args)})
            case KarpenterNodes() as nodes:
                spec = node_pool(nodes, args.pool, {POOL: args.name})
                self._make(name, "karpenter.sh/v1", "NodePool", metadata(args.name), spec)
            case ClusterApiNodes() as nodes:
                about = metadata(
                    args.name,
                    nodes.namespace,
                    {"cluster.x-k8s.io/cluster-name": nodes.cluster},
                    sizes(nodes),
                )
                spec = machine_deployment(nodes, args.name)
                self._make(name, "cluster.x-k8s.io/v1beta2", "MachineDeployment", about, spec)
        self.register_outputs({"shares": args.pool.shares, "resource": args.pool.resource})

    def _label(self, name: str, node: str, labels: dict[str, str]) -> None:
        kubernetes.core.v1.NodePatch(
            name,
            metadata={"name": node, "labels": labels, "annotations": FIELD_MANAGER},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _make(self, name: str, version: str, kind: str, about: dict[str, Any], spec: dict[str, Any]) -> None:
        kubernetes.apiextensions.CustomResource(
            name, api_version=version, kind=kind, metadata=about, spec=spec, opts=pulumi.ResourceOptions(parent=self)
        )


def layout(args: GpuPoolArgs) -> dict[str, str]:
    """Labels by which a managed GPU operator divides GPUs of named nodes; an existing one is its owner's to tell."""
    label = LAYOUT_LABEL.get(args.pool.sharing.kind)
    return {label: args.name} if label and args.own_layouts else {}


def placement(name: str, pool: Pool) -> Placement:
    """How a pod asks for a place on the pool."""
    return Placement(
        node_selector=node_selector(name, pool.nodes),
        tolerations=[toleration(**taint.model_dump()) for taint in pool.taints],
        resource=pool.resource,
    )


def node_selector(name: str, nodes: Nodes) -> dict[str, str]:
    """Labels that were declared, the label that Cluster API hands on, or the pool's own."""
    match nodes:
        case LabelledNodes(labels=labels):
            return dict(labels)
        case ClusterApiNodes():
            return {SYNCED: name}
        case _:
            return {POOL: name}


def toleration(key: str, value: str, effect: str) -> dict[str, Any]:
    """The toleration of a taint."""
    return {
        "key": key,
        "effect": effect,
        **({"operator": "Equal", "value": value} if value else {"operator": "Exists"}),
    }
