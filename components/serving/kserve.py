# SPDX-License-Identifier: MPL-2.0
"""Serving kind `kserve`: an InferenceService (serving.kserve.io/v1beta1) on the platform's vLLM runtime.

Deployment mode *Standard*: a Deployment and a Service, no Knative. The autoscaler class says who writes the replicas:
`none` makes KServe keep those that are asked for here, `external` leaves them to KEDA.
"""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.models import Model
from config.scaling import Fixed, Load
from config.serving.kserve import KServe
from config.serving.kv_offload import Native

from ..kserve_settings import VLLM_FORMAT, VLLM_PORT, VLLM_RUNTIME, VLLM_RUNTIME_CPU
from ..metadata import metadata
from .endpoint import Endpoint
from .engine import ADAPTERS, CACHE_DISK, engine_arguments, engine_variables, transfer
from .llm_d_pods import tensor, volumes
from .model import (
    ModelArgs,
    pod_labels,
    pod_placement,
    resources,
    startup_probe,
    stop_switch,
    storage_account,
    variables,
)
from .readiness import patience, readiness
from .scaled_object import ScaledObject, ScaledObjectArgs, requests_in_flight, turned_away

WITHOUT_ROUTE = {"networking.kserve.io/visibility": "cluster-local"}
"""Label by which KServe makes no route of its own: callers come through the edge."""

POLLING_SECONDS = 5
"""Seconds between two looks at the load."""


class KServeModel(pulumi.ComponentResource):
    """An InferenceService and, where load decides, its ScaledObject."""

    def __init__(self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:KServeModel", name, None, opts)
        below = pulumi.ResourceOptions(parent=self)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="serving.kserve.io/v1beta1",
            kind="InferenceService",
            metadata=metadata(
                args.name,
                args.namespace,
                labels={**pod_labels(args), **WITHOUT_ROUTE},
                annotations={**annotations(args), **readiness(args, "condition=Ready")},
            ),
            spec={"predictor": predictor(args)},
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=patience(args)),
        )
        if (scaled := scaling(args)) is not None:
            ScaledObject(f"{name}-scaling", scaled, below)
        self.endpoint = Endpoint(
            kind="Service",
            name=f"{args.name}-predictor",
            namespace=args.namespace,
            port=80,
            model=args.name,
            aliases={adapter: adapter for adapter in args.model.names},
            metrics_port=VLLM_PORT,
        )
        self.register_outputs({"endpoint": self.endpoint.name})


def annotations(args: ModelArgs) -> dict[str, str]:
    """Deployment mode, who writes the replicas, and the stop switch."""
    return {
        "serving.kserve.io/deploymentMode": "Standard",
        "serving.kserve.io/autoscalerClass": "none" if isinstance(args.model.scaling, Fixed) else "external",
        **stop_switch(args),
    }


def scaling(args: ModelArgs) -> ScaledObjectArgs | None:
    """The ScaledObject of the predictor's Deployment, where load decides."""
    section = args.model.scaling
    if not isinstance(section, Load) or args.model.stopped or args.monitoring is None:
        return None
    target = f"{args.name}-predictor"
    return ScaledObjectArgs(
        name=target,
        namespace=args.namespace,
        target=("apps/v1", "Deployment", target),
        scaling=section,
        prometheus=args.monitoring.prometheus or "",
        requests=[
            requests_in_flight(args.name, args.namespace, f"{target}-.*"),
            *([] if section.least else [turned_away(args.name, args.namespace)]),
        ],
        polling_seconds=POLLING_SECONDS,
    )


def predictor(args: ModelArgs) -> dict[str, Any]:
    """The predictor: which runtime, which weights, how many."""
    model = args.model
    fixed = {"minReplicas": model.scaling.least, "maxReplicas": model.scaling.most}
    account = storage_account(args)
    offload = model.serving.kv_offload if isinstance(model.serving, KServe) else None
    disk = isinstance(offload, Native) and offload.disk
    return {
        **(fixed if isinstance(model.scaling, Fixed) else {}),
        "labels": pod_labels(args),
        "automountServiceAccountToken": False,
        **({"serviceAccountName": account} if account else {}),
        **pod_placement(args),
        **volumes(offload),
        **weights(model),
        "model": {
            "modelFormat": {"name": VLLM_FORMAT},
            "runtime": VLLM_RUNTIME if model.gpus else VLLM_RUNTIME_CPU,
            **({} if model.names else {"storageUri": model.source}),
            "args": [
                *engine_arguments(model, args.monitoring),
                *tensor(model.gpus),
                *transfer(offload, split=False),
            ],
            "env": [*engine_variables(model, offload, args.monitoring), *variables(args)],
            "resources": resources(args),
            "startupProbe": startup_probe(args),
            **({"image": model.image} if model.image else {}),
            **({"volumeMounts": [{"name": "kv-cache", "mountPath": CACHE_DISK}]} if disk else {}),
        },
    }


def weights(model: Model) -> dict[str, Any]:
    """Where the model and its adapters come from, and where they go, if there are several."""
    if model.lora is None or not model.lora.adapters:
        return {}
    adapters = [
        {"uri": one.source, "mountPath": f"{ADAPTERS}/{name}"} for name, one in sorted(model.lora.adapters.items())
    ]
    return {"storageUris": [{"uri": model.source, "mountPath": "/mnt/models"}, *adapters]}
