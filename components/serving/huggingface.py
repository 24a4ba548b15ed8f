# SPDX-License-Identifier: MPL-2.0
"""Serving kind `huggingface`: an InferenceService (serving.kserve.io/v1beta1) on KServe's Hugging Face server.

Its arguments are those of KServe v0.20.0 (python/huggingfaceserver/__main__.py). What it doesn't know it ignores in
silence, so the task, which back end vllm has not, is never given to it.
"""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.scaling import Fixed
from config.serving.huggingface import DEPRECATED, HuggingFace, TransformersBackend

from ..huggingface_runtime import FORMAT, PORT, RUNTIME, RUNTIME_CPU
from ..metadata import metadata
from ..pod_security import POD_SECURITY
from .endpoint import Endpoint
from .engine import engine_arguments, engine_variables
from .kserve import WITHOUT_ROUTE, annotations, scaling, weights
from .llm_d_pods import tensor
from .model import (
    ModelArgs,
    pod_labels,
    pod_placement,
    resources,
    source,
    startup_probe,
    storage_account,
    variables,
)
from .readiness import patience, readiness
from .scaled_object import ScaledObject

PREFIX = "/openai/v1"
"""Below this path the server answers OpenAI's routes (source: KServe v0.20.0, KSERVE_OPENAI_ROUTE_PREFIX)."""


class HuggingFaceModel(pulumi.ComponentResource):
    """An InferenceService and, where load decides, its ScaledObject. Every run says that its kind is on its way out."""

    def __init__(self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:HuggingFaceModel", name, None, opts)
        pulumi.warn(f"model {args.name}: {DEPRECATED}", self)
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
            ScaledObject(f"{name}-scaling", scaled, pulumi.ResourceOptions(parent=self))
        self.endpoint = Endpoint(
            kind="Service",
            name=f"{args.name}-predictor",
            namespace=args.namespace,
            port=80,
            path_prefix=PREFIX,
            model=args.name,
            aliases={adapter: adapter for adapter in args.model.names},
            metrics_port=PORT,
        )
        self.register_outputs({"endpoint": self.endpoint.name})


def predictor(args: ModelArgs) -> dict[str, Any]:
    """The predictor: which runtime, which weights, how many.

    Raises:
        TypeError: another kind carries the model.
    """
    model, serving = args.model, args.model.serving
    if not isinstance(serving, HuggingFace):
        raise TypeError(f"{args.name} is served by {serving.kind}")
    fixed = {"minReplicas": model.scaling.least, "maxReplicas": model.scaling.most}
    account = None if serving.fetches else storage_account(args)
    stored = {} if serving.fetches or model.names else {"storageUri": source(model)}
    return {
        **(fixed if isinstance(model.scaling, Fixed) else {}),
        "labels": pod_labels(args),
        "automountServiceAccountToken": False,
        "securityContext": POD_SECURITY,
        **({"serviceAccountName": account} if account else {}),
        **pod_placement(args),
        **weights(model),
        "model": {
            "modelFormat": {"name": FORMAT},
            "runtime": RUNTIME if model.gpus else RUNTIME_CPU,
            **stored,
            "args": [*told(args, serving), *backend(args, serving)],
            "env": environment(args, serving),
            "resources": resources(args),
            "startupProbe": startup_probe(args),
            **({"image": model.image} if model.image else {}),
        },
    }


def told(args: ModelArgs, serving: HuggingFace) -> list[str]:
    """A revision means something on the hub alone: then the server fetches the weights itself."""
    revisions = {"model_revision": serving.model_revision, "tokenizer_revision": serving.tokenizer_revision}
    hub = [f"--model_id={args.model.source.removeprefix('hf://')}"] if serving.fetches else []
    return [*hub, *(f"--{name}={revision}" for name, revision in revisions.items() if revision)]


def backend(args: ModelArgs, serving: HuggingFace) -> list[str]:
    """What computes, and what it is told. vLLM hears what it hears in every other kind."""
    model = args.model
    if isinstance(serving.backend, TransformersBackend):
        return [
            "--backend=huggingface",
            f"--task={serving.backend.task}",
            f"--max_model_len={model.context_tokens}",
            f"--dtype={serving.dtype}",
        ]
    return [
        "--backend=vllm",
        f"--dtype={serving.dtype}",
        *engine_arguments(model, args.vllm["huggingface" if model.gpus else "huggingface-cpu"], args.monitoring),
        *tensor(model.gpus),
    ]


def environment(args: ModelArgs, serving: HuggingFace) -> list[dict[str, Any]]:
    """Variables of the back end, and the token of a server that fetches weights itself."""
    engine = (
        [] if isinstance(serving.backend, TransformersBackend) else engine_variables(args.model, None, args.monitoring)
    )
    secret = args.model.credentials if serving.fetches else None
    token = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": secret, "key": "HF_TOKEN"}}}
    return [*engine, *([token] if secret else []), *variables(args)]
