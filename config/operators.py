# SPDX-License-Identifier: MPL-2.0
"""Section `operators`: controllers that the platform needs, and who brings them."""

from typing import Annotated, Literal

from pydantic import Field

from .scalars import ObjectName, form
from .section import Section

ChartSource = Annotated[
    str, form(r"^(oci://[^\s@]+|/[^\s]*)$", "write oci:// and a registry, or the absolute path of a folder", 1000)
]
"""Where charts come from: a registry (`oci://…`) or a folder that holds one folder a chart (an absolute path)."""


ImagePrefix = Annotated[
    str,
    form(
        r"^[a-z0-9][-a-z0-9.:/_]*[a-z0-9]$",
        "write registry and path without a scheme, as registry.example.dk/mirror",
        255,
    ),
]
"""Registry and path before an image's own name."""


class Existing(Section):
    """The cluster has it already, and someone else cares for it. The platform never writes on it."""

    kind: Literal["existing"] = "existing"


class Managed(Section):
    """The platform installs it from the release's chart, and removes it with itself."""

    kind: Literal["managed"]


Operator = Annotated[Existing | Managed, Field(discriminator="kind")]


class ManagedGpuOperator(Managed):
    """NVIDIA's GPU Operator from the release's chart, with one ClusterPolicy for all pools."""

    driver: Literal["host", "container"] = "host"
    """Who brings the driver: the nodes' owner, or the operator in a container."""

    license: ObjectName | None = None
    """Secret in `gpu-operator` with the token of the licence server (`client_configuration_token.tok`). Drivers of
    vGPUs in containers need one."""


GpuOperator = Annotated[Existing | ManagedGpuOperator, Field(discriminator="kind")]


class Operators(Section):
    """One setting an operator. `existing` is the default of all but one: use what is paid for already."""

    crds: Operator = Existing()
    """Custom resource definitions of all managed operators. Managed ones are kept when the platform goes."""

    cert_manager: Operator = Existing()
    """cert-manager: certificates of the gateway and of webhooks."""

    prometheus: Operator = Existing()
    """kube-prometheus-stack: Prometheus, its operator and Grafana, in the namespace `monitoring`."""

    gpu_operator: GpuOperator = Existing()
    """NVIDIA's GPU Operator: drivers, device plugin, MIG layouts and GPU metrics of all GPU nodes. It changes nodes:
    managed, it sets up MIG as `pools` say, and drains nothing by itself."""

    kueue: Operator = Existing()
    """Kueue: queues for GPUs, where `pooling` is declared."""

    ai_gateway: Operator = Existing()
    """Envoy AI Gateway: routes by model, counts tokens. It comes before Envoy Gateway, which its chart lets read
    InferencePools: without that Envoy Gateway never gets ready."""

    envoy_gateway: Operator = Existing()
    """Envoy Gateway: the data plane of the gateways."""

    authorino: Operator = Managed(kind="managed")
    """Authorino: keys and tokens of callers. Managed, which few clusters have done yet, it stands in the gateways'
    namespace and reads Secrets of all."""

    kserve: Operator = Existing()
    """KServe's controllers for InferenceService and LLMInferenceService, and its presets."""

    keda: Operator = Existing()
    """KEDA: replicas by load and by the clock."""

    leader_worker_set: Operator = Existing()
    """LeaderWorkerSet: models over several nodes."""

    kubeai: Operator = Existing()
    """KubeAI, for models of serving kind `kubeai`. It stands in the models' namespace, since it sees no other. Where
    `crds` are managed its definition comes with its chart, and alone of them goes with it."""

    modelmesh: Operator = Existing()
    """ModelMesh's controller, for models of serving kind `modelmesh`. Managed, it stands in the models' namespace and
    watches no other; an existing one watches it from elsewhere, by its own etcd and settings."""


class Mirror(Section):
    """Where charts and images come from, if not from where their makers publish them."""

    charts: ChartSource | None = None
    """Charts of the release by their own names, below this address."""

    images: ImagePrefix | None = None
    """Registry and path put before every image's name, as `registry.example.dk/mirror`."""
