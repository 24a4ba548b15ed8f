# SPDX-License-Identifier: MPL-2.0
"""Serving kind `modelmesh`: a Predictor (serving.kserve.io/v1alpha1) for the model and one for each adapter on it.

KServe's InferenceService could say the same, but KServe 0.20 would judge it by rules that ModelMesh never had.
"""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.serving.modelmesh import ModelMesh

from ..kserve_settings import VLLM_PORT
from ..metadata import MODEL, metadata
from ..modelmesh.names import FRONT, runtime_name
from .endpoint import Endpoint
from .model import ModelArgs
from .modelmesh_sizes import adapter_parameters, parameters, path
from .readiness import patience, readiness


class ModelMeshModel(pulumi.ComponentResource):
    """Predictors of a model. A stopped one has none: its name answers 404 until it is back."""

    def __init__(self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:ModelMeshModel", name, None, opts)
        for public, spec in predictors(args).items():
            kubernetes.apiextensions.CustomResource(
                name if public == args.name else f"{name}-{public}",
                api_version="serving.kserve.io/v1alpha1",
                kind="Predictor",
                metadata=metadata(
                    public,
                    args.namespace,
                    labels={MODEL: args.name},
                    annotations=readiness(args, "jsonpath={.status.available}=true"),
                ),
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self, custom_timeouts=patience(args)),
            )
        self.endpoint = Endpoint(
            kind="Service",
            name=FRONT,
            namespace=args.namespace,
            port=VLLM_PORT,
            model=args.name,
            aliases={adapter: adapter for adapter in args.model.names},
            metrics_port=None,
        )
        self.register_outputs({"endpoint": self.endpoint.name})


def predictors(args: ModelArgs) -> dict[str, dict[str, Any]]:
    """Specs by public name.

    Raises:
        TypeError: another kind carries the model.
    """
    model, serving = args.model, args.model.serving
    if not isinstance(serving, ModelMesh):
        raise TypeError(f"{args.name} is served by {serving.kind}")
    if model.stopped:
        return {}
    if model.lora is not None:
        adapted = {name: path(one.source) for name, one in model.lora.adapters.items()}
        return {
            public: predictor(
                args, folder, adapter_parameters(args.name, serving.concurrency, adapter=public != args.name)
            )
            for public, folder in {args.name: path(model.source), **adapted}.items()
        }
    if args.shared is None:
        raise TypeError(f"{args.name} has no pods to share")
    strategy = serving.strategy or args.shared.strategy
    given = parameters(model, args.shared.pool, args.vllm["vllm"], strategy)
    return {args.name: predictor(args, path(model.source), given)}


def predictor(args: ModelArgs, folder: str, given: dict[str, str]) -> dict[str, Any]:
    """A Predictor on the runtime of its profile. With other parameters it is another model to ModelMesh."""
    return {
        "modelType": {"name": "vllm", "version": "1"},
        "runtime": {"name": runtime_name(args.model.profile or "")},
        "storage": {"path": folder, "parameters": given},
    }
