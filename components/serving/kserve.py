# SPDX-License-Identifier: MPL-2.0
"""Serving kind `kserve`: an InferenceService (serving.kserve.io/v1beta1) on the platform's vLLM runtime.

Deployment mode *Standard*: a Deployment and a Service, no Knative. The autoscaler class `none` makes KServe keep the
replicas that are asked for here, so nobody else writes them.
"""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from ..kserve_settings import VLLM_FORMAT, VLLM_PORT, VLLM_RUNTIME
from ..metadata import metadata
from .endpoint import Endpoint
from .model import ModelArgs, engine_arguments, pod_labels, pod_placement, resources


class KServeModel(pulumi.ComponentResource):
    """An InferenceService."""

    def __init__(self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:KServeModel", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="serving.kserve.io/v1beta1",
            kind="InferenceService",
            metadata=metadata(
                args.name,
                args.namespace,
                labels=pod_labels(args),
                annotations={
                    "serving.kserve.io/deploymentMode": "Standard",
                    "serving.kserve.io/autoscalerClass": "none",
                },
            ),
            spec={"predictor": predictor(args)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.endpoint = Endpoint(
            kind="Service",
            name=f"{args.name}-predictor",
            namespace=args.namespace,
            port=80,
            model=args.name,
            metrics_port=VLLM_PORT,
        )
        self.register_outputs({"endpoint": self.endpoint.name})


def predictor(args: ModelArgs) -> dict[str, Any]:
    """The predictor: which runtime, which weights, how many."""
    replicas = args.model.scaling.replicas
    return {
        "minReplicas": replicas,
        "maxReplicas": replicas,
        "labels": pod_labels(args),
        "automountServiceAccountToken": False,
        **pod_placement(args),
        "model": {
            "modelFormat": {"name": VLLM_FORMAT},
            "runtime": VLLM_RUNTIME,
            "storageUri": args.model.source,
            "args": [*engine_arguments(args.model), *tensor_parallel(args.model.gpus)],
            "resources": resources(args),
        },
    }


def tensor_parallel(gpus: int) -> list[str]:
    """vLLM's argument that splits a model over several GPUs."""
    return [f"--tensor-parallel-size={gpus}"] if gpus > 1 else []
