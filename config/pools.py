# SPDX-License-Identifier: MPL-2.0
"""Section `pools`: sets of GPU nodes of one product, and how their GPUs are shared."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .scalars import Cores, HostPath, LabelKey, LabelValue, Memory, MigProfile, ObjectName, gibibytes
from .section import Mistake, Section, again, refuse_if_any

SLICES = 7
"""Compute slices of a GPU that can be divided (source: NVIDIA MIG guide)."""


class Gpu(Section):
    """The GPUs of a node, as the node's owner bought them."""

    product: LabelValue
    """Product as GPU feature discovery labels it (`nvidia.com/gpu.product`), as `GRID-A100D-80C` for a vGPU."""

    memory: Memory
    """Memory of one GPU, as `80Gi`."""

    per_node: Annotated[int, Field(ge=1, le=16, strict=True)]
    """GPUs in one node."""


class Host(Section):
    """What a node of the pool has besides GPUs and may give to pods."""

    cpu: Cores
    """Cores, as `64`."""

    memory: Memory
    """Main memory, as `512Gi`."""


class Whole(Section):
    """A pod gets GPUs as they are. A vGPU counts as a GPU: its host has divided it already."""

    kind: Literal["whole"] = "whole"


class Mig(Section):
    """Each GPU is divided into instances of one profile, with memory of their own."""

    kind: Literal["mig"]

    profile: MigProfile
    """Profile of every instance, as `1g.10gb`."""

    per_gpu: Annotated[int, Field(ge=1, le=7, strict=True)]
    """Instances on one GPU."""

    @property
    def slices(self) -> int:
        """Compute slices of one instance; a GPU has seven."""
        return int(self.profile.split("g", 1)[0])

    @property
    def memory(self) -> Decimal:
        """Memory of one instance in GB (10**9 bytes), by the profile's name."""
        return Decimal(self.profile.split(".")[1].removesuffix("gb"))


class TimeSlicing(Section):
    """Several pods take turns on each GPU. Nothing holds their memory apart: for models that trust each other."""

    kind: Literal["timeSlicing"]

    replicas: Annotated[int, Field(ge=2, le=16, strict=True)]
    """Pods that share one GPU."""


Sharing = Annotated[Whole | Mig | TimeSlicing, Field(discriminator="kind")]


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

    count: Annotated[int, Field(ge=1, le=5000, strict=True)]
    """How many nodes that is. The platform plans with this number. Kubernetes is built for 5,000 (source: its docs)."""


Nodes = Annotated[NamedNodes | LabelledNodes, Field(discriminator="kind")]


class Taint(Section):
    """A taint that the pool's nodes carry. Models of the pool tolerate it; the nodes' owner sets it."""

    key: LabelKey
    """Key of the taint."""

    value: LabelValue = ""
    """Value of the taint; empty for none."""

    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"
    """What happens to pods that don't tolerate it."""


class ModelCache(Section):
    """Disks of the nodes that keep weights, so that a replica that starts again doesn't fetch them (KServe)."""

    path: HostPath
    """Folder on every node of the pool, as `/var/lib/andel/models`. Its owner makes it."""

    storage: Memory
    """Room in it, as `500Gi`."""


class Pool(Section):
    """A set of equal GPU nodes."""

    gpu: Gpu
    """The GPUs of each node."""

    host: Host
    """What each node has besides."""

    nodes: Nodes
    """Which nodes these are."""

    sharing: Sharing = Whole()
    """How one GPU serves several models."""

    taints: tuple[Taint, ...] = ()
    """Taints that the nodes carry."""

    model_cache: ModelCache | None = None
    """Disks that keep the weights of models that are `cached`."""

    @property
    def shares_per_gpu(self) -> int:
        """Pods that one GPU serves."""
        match self.sharing:
            case Mig(per_gpu=count) | TimeSlicing(replicas=count):
                return count
            case _:
                return 1

    @property
    def shares_per_node(self) -> int:
        """What a node offers: whole GPUs, MIG instances or time slices."""
        return self.gpu.per_node * self.shares_per_gpu

    @property
    def shares(self) -> int:
        """What the whole pool offers."""
        return self.shares_per_node * self.nodes.count

    @property
    def share_memory(self) -> Decimal:
        """GPU memory behind one share, in GiB. Time slices divide by agreement, MIG instances by hardware."""
        match self.sharing:
            case Mig() as mig:
                return mig.memory * 10**9 / 2**30
            case TimeSlicing(replicas=count):
                return gibibytes(self.gpu.memory) / count
            case _:
                return gibibytes(self.gpu.memory)

    @property
    def resource(self) -> str:
        """The extended resource that pods ask for (NVIDIA device plugin: MIG strategy `mixed`, slices renamed)."""
        match self.sharing:
            case Mig(profile=profile):
                return f"nvidia.com/mig-{profile}"
            case TimeSlicing():
                return "nvidia.com/gpu.shared"
            case _:
                return "nvidia.com/gpu"

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self


def more_slices_than_a_gpu(pool: Pool) -> Iterator[Mistake]:
    """A GPU has seven compute slices."""
    if isinstance(pool.sharing, Mig) and (slices := pool.sharing.slices * pool.sharing.per_gpu) > SLICES:
        wrong = f"{pool.sharing.per_gpu} x {pool.sharing.profile} need {slices} compute slices, a GPU has {SLICES}"
        yield Mistake(("sharing", "perGpu"), wrong, f"write {SLICES // pool.sharing.slices} or less")


def more_memory_than_a_gpu(pool: Pool) -> Iterator[Mistake]:
    """Instances share the memory of their GPU."""
    if isinstance(pool.sharing, Mig) and pool.share_memory * pool.sharing.per_gpu > gibibytes(pool.gpu.memory):
        wrong = f"{pool.sharing.per_gpu} x {pool.sharing.profile} need more than the {pool.gpu.memory} of a GPU"
        yield Mistake(("sharing", "profile"), wrong, "write fewer instances (perGpu) or a smaller profile")


def instances_of_a_virtual_gpu(pool: Pool) -> Iterator[Mistake]:
    """A vGPU is a part of a GPU already; its host alone divides it."""
    if not isinstance(pool.sharing, Whole) and pool.gpu.product.startswith("GRID-"):
        wrong = f"{pool.gpu.product} is a vGPU, which its host has divided already"
        yield Mistake(("sharing", "kind"), wrong, "write whole, and have the host divide it further")


def nodes_named_twice(pool: Pool) -> Iterator[Mistake]:
    """A node counts once."""
    if isinstance(pool.nodes, NamedNodes):
        for index, name in again(pool.nodes.names):
            yield Mistake(("nodes", "names", index), f"node {name} stands here twice", "take one away")


def taints_named_twice(pool: Pool) -> Iterator[Mistake]:
    """Key and effect name a taint."""
    for index, (key, effect) in again((taint.key, taint.effect) for taint in pool.taints):
        yield Mistake(("taints", index), f"taint {key} ({effect}) stands here twice", "take one away")


RULES: tuple[Callable[[Pool], Iterator[Mistake]], ...] = (
    more_slices_than_a_gpu,
    more_memory_than_a_gpu,
    instances_of_a_virtual_gpu,
    nodes_named_twice,
    taints_named_twice,
)
"""Rules within a pool."""
