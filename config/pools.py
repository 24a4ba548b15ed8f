# SPDX-License-Identifier: MPL-2.0
"""Section `pools`: sets of GPU nodes of one product, and how their GPUs are shared."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from . import pool_rules
from .names import SERVING
from .nodes import Nodes
from .scalars import Cores, DnsLabel, Hostname, HostPath, LabelKey, LabelValue, Memory, MigProfile, gibibytes
from .section import Section, refuse_if_any


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
    def memory(self) -> Decimal:
        """Memory of one instance in GB (10**9 bytes), by the profile's name."""
        return Decimal(self.profile.split(".")[1].removesuffix("gb"))


class TimeSlicing(Section):
    """Several pods take turns on each GPU. Nothing holds their memory apart: for trials, never in production."""

    kind: Literal["timeSlicing"]

    replicas: Annotated[int, Field(ge=2, le=16, strict=True)]
    """Pods that share one GPU."""


Sharing = Annotated[Whole | Mig | TimeSlicing, Field(discriminator="kind")]


class Plugin(Section):
    """The device plugin: nodes tell how many there are, pods ask for a number."""

    kind: Literal["plugin"] = "plugin"


class Claims(Section):
    """Dynamic resource allocation (`resource.k8s.io/v1`): a driver tells of every device, and pods claim some.

    Models go on asking for a number: Kubernetes 1.36 makes claims of it. The driver is its owner's to bring.
    """

    kind: Literal["claims"]

    driver: Hostname = "gpu.nvidia.com"
    """Driver of the devices, whose attributes say what they are."""

    sizes: Annotated[tuple[Annotated[int, Field(ge=1, le=16, strict=True)], ...], Field(min_length=1)] = (1,)
    """Numbers of shares that there is a template of, `<pool>-<number>`, for pods that claim by themselves."""

    namespaces: Annotated[tuple[DnsLabel, ...], Field(min_length=1)] = (SERVING,)
    """Namespaces that have these templates: that of the models, or of uses of `pooling`."""


Handout = Annotated[Plugin | Claims, Field(discriminator="kind")]


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


Watts = Annotated[Decimal, Field(gt=0, le=3000)]


class Power(Section):
    """What a GPU draws. Where DCGM measures it, the measure counts; models that share a GPU are told apart by these."""

    idle: Watts
    """Watts of a GPU that waits, as `60`."""

    most: Watts
    """Watts of a GPU at its limit, as `400`."""


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

    handout: Handout = Plugin()
    """How pods get them."""

    taints: tuple[Taint, ...] = ()
    """Taints that the nodes carry."""

    cards: dict[LabelKey, Annotated[int, Field(ge=1, le=64, strict=True)]] = {}
    """Network cards for RDMA of each node, by their extended resource, as `rdma/roce_gdr: 8`."""

    model_cache: ModelCache | None = None
    """Disks that keep the weights of models that are `cached`."""

    topology: LabelKey | None = None
    """Label of the nodes that says which rack or switch they hang on, as `topology.kubernetes.io/rack`. Queues place
    the pods of one workload below one value of it."""

    power: Power | None = None
    """What a GPU draws, for reports on energy."""

    price_per_gpu_hour: Annotated[Decimal, Field(gt=0, le=10_000)] | None = None
    """What an hour of one whole GPU costs, in DKK, for reports on what idle GPUs cost."""

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
    def gpus(self) -> int:
        """GPUs of the whole pool."""
        return self.gpu.per_node * self.nodes.count

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
        refuse_if_any(mistake for rule in pool_rules.RULES for mistake in rule(self))
        return self
