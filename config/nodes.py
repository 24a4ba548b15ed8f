# SPDX-License-Identifier: MPL-2.0
"""Section `pools.<name>.nodes`: nodes that exist, or that a controller makes on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .scalars import (
    ApiGroup,
    DnsLabel,
    InstanceType,
    KindName,
    KubernetesVersion,
    LabelKey,
    LabelValue,
    ObjectName,
)
from .section import Mistake, Section, again, refuse_if_any

NodeCount = Annotated[int, Field(ge=1, le=5000, strict=True)]
"""Kubernetes is built for 5,000 nodes (source: its docs)."""


class NamedNodes(Section):
    """Nodes that exist, by name. The platform labels them as the pool's (`andel/pool`)."""

    kind: Literal["named"]

    names: Annotated[tuple[ObjectName, ...], Field(min_length=1)]
    """Names of the nodes."""

    @property
    def count(self) -> int:
        """Nodes in the pool."""
        return len(self.names)


class LabelledNodes(Section):
    """Nodes that exist and carry a label already. The platform writes nothing on them."""

    kind: Literal["labelled"]

    labels: Annotated[dict[LabelKey, LabelValue], Field(min_length=1)]
    """Labels that all nodes of the pool carry, and no others do."""

    count: NodeCount
    """How many nodes that is. The platform plans with this number. Kubernetes is built for 5,000 (source: its docs)."""


class NodeClass(Section):
    """What a cloud's part of Karpenter makes nodes of: an object of its own kind, which its owner keeps."""

    group: ApiGroup
    """API group, as `karpenter.k8s.aws`."""

    kind: KindName
    """Kind, as `EC2NodeClass`."""

    name: ObjectName
    """Name of the object."""


class KarpenterNodes(Section):
    """Nodes that Karpenter makes when pods wait for them, and removes when they are empty (`karpenter.sh/v1`)."""

    kind: Literal["karpenter"]

    node_class: NodeClass
    """What nodes are made of."""

    instance_types: Annotated[tuple[InstanceType, ...], Field(min_length=1)]
    """Machines that have the pool's GPUs, as the cloud names them. All have what `gpu` and `host` say."""

    capacity_types: Annotated[tuple[Literal["reserved", "on-demand", "spot"], ...], Field(min_length=1)] = (
        "on-demand",
    )
    """How they are bought. A `spot` node is taken away at any time: for models with replicas elsewhere."""

    zones: tuple[LabelValue, ...] = ()
    """Zones of the cloud; none means all."""

    most: NodeCount
    """Nodes at most. Karpenter makes no more GPUs than these have."""

    empty_seconds: Annotated[int, Field(ge=30, le=86_400, strict=True)] = 600
    """Seconds without a pod of a model, after which a node goes. A model that comes back waits for a new one."""

    renewal_days: Annotated[int, Field(ge=1, le=365, strict=True)] | None = None
    """Days after which a node is replaced, for patches of its system. Left out, it stays: replicas never move."""

    weight: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None
    """Rank among NodePools that could serve a pod; the highest is asked first."""

    @property
    def count(self) -> int:
        """Nodes that the platform plans with."""
        return self.most

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self


class Template(Section):
    """A template of an infrastructure or bootstrap provider, which its owner keeps."""

    group: ApiGroup
    """API group, as `infrastructure.cluster.x-k8s.io`."""

    kind: KindName
    """Kind, as `OpenStackMachineTemplate`."""

    name: ObjectName
    """Name of the object, in the MachineDeployment's namespace."""


class ClusterApiNodes(Section):
    """Machines of Cluster API (`cluster.x-k8s.io/v1beta2`), managed from the GPU cluster itself."""

    kind: Literal["clusterApi"]

    namespace: DnsLabel
    """Namespace of the Cluster object."""

    cluster: DnsLabel
    """Its name."""

    version: KubernetesVersion
    """Kubernetes on the machines, as `v1.34.2`."""

    machine: Template
    """What a machine is made of."""

    bootstrap: Template
    """What makes it a node. Taints of the pool stand there: Cluster API sets them behind a feature gate alone."""

    failure_domain: LabelValue | None = None
    """Where machines stand, if the provider knows several places."""

    least: Annotated[int, Field(ge=0, le=5000, strict=True)]
    """Machines that always stand."""

    most: NodeCount
    """Machines at most. More than `least`, the cluster autoscaler decides between the two."""

    drain_seconds: Annotated[int, Field(ge=0, le=86_400, strict=True)] = 900
    """Seconds that pods have to leave a machine before it goes. 0 waits for ever."""

    @property
    def count(self) -> int:
        """Machines that the platform plans with."""
        return self.most

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self


Nodes = Annotated[NamedNodes | LabelledNodes | KarpenterNodes | ClusterApiNodes, Field(discriminator="kind")]

OnDemand = KarpenterNodes | ClusterApiNodes
"""Nodes that come and go."""


def machines_named_twice(nodes: OnDemand) -> Iterator[Mistake]:
    """An instance type stands once."""
    for index, name in again(nodes.instance_types if isinstance(nodes, KarpenterNodes) else ()):
        yield Mistake(("instanceTypes", index), f"{name} stands here twice", "take one away")


def bought_twice(nodes: OnDemand) -> Iterator[Mistake]:
    """A way to buy stands once."""
    for index, name in again(nodes.capacity_types if isinstance(nodes, KarpenterNodes) else ()):
        yield Mistake(("capacityTypes", index), f"{name} stands here twice", "take one away")


def zones_named_twice(nodes: OnDemand) -> Iterator[Mistake]:
    """A zone stands once."""
    for index, name in again(nodes.zones if isinstance(nodes, KarpenterNodes) else ()):
        yield Mistake(("zones", index), f"zone {name} stands here twice", "take one away")


def machines_the_wrong_way_round(nodes: OnDemand) -> Iterator[Mistake]:
    """The least is no more than the most."""
    if isinstance(nodes, ClusterApiNodes) and nodes.least > nodes.most:
        wrong = f"{nodes.least} machines at least are above {nodes.most} at most"
        yield Mistake(("least",), wrong, f"write {nodes.most} or less, or raise most")


RULES: tuple[Callable[[OnDemand], Iterator[Mistake]], ...] = (
    machines_named_twice,
    bought_twice,
    zones_named_twice,
    machines_the_wrong_way_round,
)
"""Rules within nodes on demand."""
