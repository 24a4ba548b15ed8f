# SPDX-License-Identifier: MPL-2.0
"""Serving kind `llm-d`: an LLMInferenceService (serving.kserve.io/v1alpha2, KServe v0.20).

KServe's llmisvc controller makes the Deployments of vLLM and of the picker, the InferencePool and its own route. That
route goes to the inner gateway alone; clients come through the edge.
"""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.serving import LlmD

from ..kserve_settings import LLM_D_CONFIG
from ..metadata import metadata
from .endpoint import Endpoint
from .epp import picker_config
from .model import ModelArgs, engine_arguments, pod_labels, pod_placement, resources

PORT = 8000
"""Port of vLLM in KServe's preset, and of the pool."""


class LlmDModel(pulumi.ComponentResource):
    """An LLMInferenceService."""

    def __init__(self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:LlmDModel", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="serving.kserve.io/v1alpha2",
            kind="LLMInferenceService",
            metadata=metadata(args.name, args.namespace, labels=pod_labels(args)),
            spec=spec(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.endpoint = Endpoint(
            kind="InferencePool",
            name=f"{args.name}-inference-pool",
            namespace=args.namespace,
            port=PORT,
            model=args.name,
            metrics_port=PORT,
        )
        self.register_outputs({"endpoint": self.endpoint.name})


def spec(args: ModelArgs) -> dict[str, Any]:
    """Spec of the LLMInferenceService; images and security come from the platform's base (`LLM_D_CONFIG`)."""
    return {
        "baseRefs": [{"name": LLM_D_CONFIG}],
        "model": {"uri": args.model.source, "name": args.name},
        "replicas": args.model.scaling.replicas,
        "labels": pod_labels(args),
        **({"parallelism": {"tensor": args.model.gpus}} if args.model.gpus > 1 else {}),
        "template": {
            **pod_placement(args),
            "containers": [{"name": "main", "args": engine_arguments(args.model), "resources": resources(args)}],
        },
        "router": router(args),
    }


def router(args: ModelArgs) -> dict[str, Any]:
    """Picker and route. A managed route is always asked for: without one the object never gets ready (kserve#5986)."""
    serving = args.model.serving
    if not isinstance(serving, LlmD):
        raise TypeError(f"{args.name} is served by {serving.kind}, not by llm-d")
    scheduler = {
        "replicas": serving.picker_replicas,
        "config": {"inline": picker_config(serving.strategy, args.epp)},
    }
    if args.gateway is None:
        return {"scheduler": scheduler}
    namespace, gateway = args.gateway
    return {"scheduler": scheduler, "route": {}, "gateway": {"refs": [{"name": gateway, "namespace": namespace}]}}
