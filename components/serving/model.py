# SPDX-License-Identifier: MPL-2.0
"""What every serving kind is given, and the parts of a pod that are the same in all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from andel.release.pins import EppDialect
from config.models import Model
from config.monitoring import Monitoring
from config.pools import Pool
from config.resources import RunProfile

from ..gpu_pool import Placement
from ..metadata import MODEL

PROBE_SECONDS = 10
"""Seconds between two looks at a model that is loading."""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Pods that a model shares with others."""

    pool: Pool
    """Pool that they stand on."""

    strategy: str
    """What becomes of engines that make room."""


@dataclass(frozen=True, kw_only=True)
class ModelArgs:
    """A model of the catalogue and its place."""

    name: str
    """Its public name."""

    model: Model
    """Its section."""

    namespace: str
    """Namespace of all models."""

    placement: Placement
    """How its pods ask for a place on their pool."""

    profile: RunProfile | None = None
    """Its run profile, for kinds that give places by their names."""

    shared: Shared | None = None
    """The pods that it shares, for kinds whose models do."""

    epp: EppDialect
    """The release's endpoint picker, for kinds that have one."""

    bands: Mapping[str, int] = field(default_factory=dict)
    """Priority of each tier that may use it."""

    vllm: Mapping[str, str] = field(default_factory=dict)
    """Version of vLLM in each image that has one, by the image's role."""

    images: Mapping[str, str] = field(default_factory=dict)
    """References of the release's images, by role."""

    wait: bool = False
    """Whether what depends on it waits until it answers."""

    monitoring: Monitoring | None = None
    """Where it is measured and traced."""

    queue: str | None = None
    """Kueue's LocalQueue that its pods wait in."""


def resources(args: ModelArgs) -> dict[str, dict[str, str]]:
    """Requests and limits of a pod's container. Extended resources must be equal in both."""
    model = args.model
    return requests(args.placement, model.gpus, model.resources.cpu, model.resources.memory)


def requests(
    placement: Placement, gpus: int, cpu: str, memory: str, more: Mapping[str, int] | None = None
) -> dict[str, dict[str, str]]:
    """Requests and limits: cores are asked for, all else is the limit too."""
    extended = {resource: str(count) for resource, count in {placement.resource: gpus, **(more or {})}.items() if count}
    fixed = {"memory": memory, **extended}
    return {"requests": {"cpu": cpu, **fixed}, "limits": fixed}


def pod_placement(args: ModelArgs) -> dict[str, Any]:
    """Fields of a PodSpec that put it on the model's pool, at its rank."""
    ranked = {"priorityClassName": args.model.priority_class} if args.model.priority_class else {}
    return {"nodeSelector": args.placement.node_selector, "tolerations": args.placement.tolerations, **ranked}


def pod_labels(args: ModelArgs) -> dict[str, str]:
    """Labels of the model's pods: monitors, policies and Kueue find them by these, whatever the kind."""
    queued = {"kueue.x-k8s.io/queue-name": args.queue} if args.queue else {}
    return {MODEL: args.name, **queued}


def stop_switch(args: ModelArgs) -> dict[str, str]:
    """The annotation by which KServe takes a model's pods away and keeps its object (KServe v0.20)."""
    return {"serving.kserve.io/stop": "true"} if args.model.stopped else {}


def startup_probe(args: ModelArgs) -> dict[str, int]:
    """How long a pod may load before it is started anew."""
    return {"periodSeconds": PROBE_SECONDS, "failureThreshold": -(-args.model.load_seconds // PROBE_SECONDS)}


def variables(args: ModelArgs) -> list[dict[str, Any]]:
    """Environment variables of the engine: the model's own, and those whose values stand in Secrets."""
    return [
        *({"name": name, "value": value} for name, value in sorted(args.model.variables.items())),
        *(
            {"name": name, "valueFrom": {"secretKeyRef": {"name": secret.name, "key": secret.key}}}
            for name, secret in sorted(args.model.secrets.items())
        ),
    ]


def source(model: Model) -> str:
    """Where KServe takes the weights from.

    An image is mounted as a volume (Kubernetes 1.33 and newer). KServe's other way, a container beside vLLM whose files
    are reached through a shared process namespace, is none that *restricted* admits.
    """
    return model.source.replace("oci://", "oci+native://", 1) if model.source.startswith("oci://") else model.source


def storage_account(args: ModelArgs) -> str | None:
    """Service account by which KServe finds the Secret that opens the model's source, if there is one."""
    return storage_account_name(args.name) if args.model.credentials else None


def storage_account_name(model: str) -> str:
    """Name of a model's service account."""
    return f"{model}-storage"
