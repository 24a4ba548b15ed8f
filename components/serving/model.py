# SPDX-License-Identifier: MPL-2.0
"""What every serving kind is given, and the parts of a pod that are the same in all of them."""

from dataclasses import dataclass
from typing import Any

from andel.release.pins import EppDialect
from config.models import Model, Task

from ..gpu_pool import Placement
from ..metadata import MODEL


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

    gateway: tuple[str, str] | None
    """Namespace and name of the inner gateway, for kinds that attach a route of their own to one."""

    epp: EppDialect
    """The release's endpoint picker, for kinds that have one."""


def engine_arguments(model: Model) -> list[str]:
    """Arguments of `vllm serve` that follow from the model's section.

    Usage is always counted, in streams too: quotas are charged from it (vLLM: `--enable-force-include-usage`).
    """
    return [
        f"--max-model-len={model.context_tokens}",
        f"--gpu-memory-utilization={model.gpu_memory_utilization}",
        "--enable-force-include-usage",
        *(["--runner=pooling", "--convert=embed"] if model.task is Task.EMBEDDING else []),
    ]


def resources(args: ModelArgs) -> dict[str, dict[str, str]]:
    """Requests and limits of a replica's container. Extended resources must be equal in both."""
    shares = {args.placement.resource: str(args.model.gpus)}
    memory = {"memory": args.model.resources.memory}
    return {"requests": {"cpu": args.model.resources.cpu, **memory, **shares}, "limits": {**memory, **shares}}


def pod_placement(args: ModelArgs) -> dict[str, Any]:
    """Fields of a PodSpec that put it on the model's pool."""
    return {"nodeSelector": args.placement.node_selector, "tolerations": args.placement.tolerations}


def pod_labels(args: ModelArgs) -> dict[str, str]:
    """Labels of the model's pods: monitors and policies find them by these, whatever the kind."""
    return {MODEL: args.name}
