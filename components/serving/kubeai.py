# SPDX-License-Identifier: MPL-2.0
"""Serving kind `kubeai`: a Model (kubeai.org/v1, KubeAI 0.22.1), reached through KubeAI's own proxy.

Where load decides, KubeAI's controller alone writes `replicas`; where their number is fixed, we do.
"""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.models import Model, Task
from config.scaling import Load
from config.serving.kubeai import Engine, FasterWhisper, Infinity, KubeAi, LoadBalancing, Ollama, PrefixHash, Vllm
from config.serving.kubeai_rules import cache_profile, times

from ..kserve_settings import QUIET
from ..metadata import MODEL, metadata
from .endpoint import Endpoint
from .engine import engine_arguments, engine_variables, number_formats
from .llm_d_pods import tensor
from .model import ModelArgs
from .readiness import patience, readiness

SERVICE = "kubeai"
"""Service of KubeAI's proxy, in the models' namespace (source: its chart, `fullnameOverride`)."""

PREFIX = "/openai/v1"
"""Below this path the proxy answers OpenAI's routes (source: KubeAI v0.22.1, openaiserver/handler.go)."""

PORT = 8000
"""Port of the proxy behind its Service, and of the engine in every pod."""

POD_LABEL = "model"
"""Label that KubeAI gives a model's pods; those of the Model itself are not handed on."""

ENGINES = {Vllm: "VLLM", Ollama: "OLlama", Infinity: "Infinity", FasterWhisper: "FasterWhisper"}

FEATURES = {
    Task.CHAT: "TextGeneration",
    Task.EMBEDDING: "TextEmbedding",
    Task.RERANK: "Reranking",
    Task.TRANSCRIPTION: "SpeechToText",
}
"""Features by what a model is for; KubeAI has none for classification."""

ROLES = {Vllm: ("vllm", "vllm-cpu"), Ollama: ("ollama", "ollama"), Infinity: ("infinity", "infinity-cpu")}
"""Images of the release for GPUs and for processors; of faster-whisper there is none."""

WRITABLE = {"HOME": "/tmp", "USER": "model", "HF_HOME": "/tmp/huggingface"}
"""Pods run as a user without a home of its own."""


class KubeAiModel(pulumi.ComponentResource):
    """A Model. What KubeAI can't change in place is made anew."""

    def __init__(self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:KubeAiModel", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="kubeai.org/v1",
            kind="Model",
            metadata=metadata(
                args.name,
                args.namespace,
                labels={MODEL: args.name},
                annotations=annotations(args),
            ),
            spec=spec(args),
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=patience(args),
                replace_on_changes=immutable(args.model),
                delete_before_replace=True,
            ),
        )
        self.endpoint = Endpoint(
            kind="Service",
            name=SERVICE,
            namespace=args.namespace,
            port=80,
            path_prefix=PREFIX,
            model=args.name,
            aliases={adapter: f"{args.name}_{adapter}" for adapter in args.model.names},
            metrics_port=PORT if isinstance(section(args).engine, Vllm) else None,
            pod_label=POD_LABEL,
        )
        self.register_outputs({"endpoint": self.endpoint.name})


def section(args: ModelArgs) -> KubeAi:
    """The model's serving section.

    Raises:
        TypeError: another kind carries it.
    """
    if not isinstance(args.model.serving, KubeAi):
        raise TypeError(f"{args.name} is served by {args.model.serving.kind}")
    return args.model.serving


def annotations(args: ModelArgs) -> dict[str, str]:
    """When it counts as standing, and whose its replicas are.

    KubeAI has no condition to wait for, and a number that load changes tells nothing about an update. A model whose
    number is fixed from now on is taken over from the autoscaler, which `autoscalingDisabled` stops in the same breath.
    """
    if isinstance(args.model.scaling, Load) and not args.model.stopped:
        return {}
    ready = f"jsonpath={{.status.replicas.ready}}={args.model.scaling.least}"
    return {"pulumi.com/patchForce": "true", **readiness(args, ready)}


def immutable(model: Model) -> list[str]:
    """Fields that KubeAI refuses to change (source: rules in its definition)."""
    cached = isinstance(model.serving, KubeAi) and cache_profile(model.serving.engine)
    fields = ["spec.cacheProfile", "spec.loadBalancing.prefixHash.replication"]
    return [*fields, *(["spec.url"] if cached else [])]


def spec(args: ModelArgs) -> dict[str, Any]:
    """The Model's spec; nothing stands in it that was not asked for."""
    model, serving = args.model, section(args)
    engine = serving.engine
    optional = {
        "image": image(model, engine, args.images),
        "cacheProfile": cache_profile(engine),
        "args": arguments(args, engine),
        "env": variables(args, engine),
        "envFrom": [{"secretRef": {"name": name}} for name in secrets(model)],
        "priorityClassName": model.priority_class,
        "files": [{"path": path, "content": content} for path, content in sorted(serving.files.items())],
        "adapters": [
            {"name": name, "url": one.source} for name, one in sorted(model.lora.adapters.items() if model.lora else ())
        ],
    }
    return {
        "engine": ENGINES[type(engine)],
        "features": [FEATURES[model.task]],
        "url": model.source,
        "resourceProfile": resource_profile(args),
        "loadBalancing": load_balancing(serving.load_balancing),
        **replicas(model),
        **{field: value for field, value in optional.items() if value},
    }


def resource_profile(args: ModelArgs) -> str:
    """The run profile and how many times a pod gets it.

    Raises:
        ValueError: the model has none that fits it; the config's rules refuse that.
    """
    count = times(args.profile, args.model.gpus) if args.profile else None
    if args.model.profile is None or count is None:
        raise ValueError(f"{args.name} has no profile of its own size")
    return f"{args.model.profile}:{count}"


def replicas(model: Model) -> dict[str, Any]:
    """How many pods there are, and who decides it. A stopped model has none, and its proxy wakes none."""
    if model.stopped:
        return {"autoscalingDisabled": True, "replicas": 0}
    if isinstance(model.scaling, Load):
        return {
            "minReplicas": model.scaling.min_replicas,
            "maxReplicas": model.scaling.max_replicas,
            "targetRequests": model.scaling.target_requests,
            "scaleDownDelaySeconds": model.scaling.scale_down_delay_seconds,
        }
    return {"autoscalingDisabled": True, "replicas": model.scaling.least}


def load_balancing(section: LoadBalancing) -> dict[str, Any]:
    """How the proxy chooses a pod. The ring's size is always written: a change of it must be seen as one of its own."""
    if not isinstance(section, PrefixHash):
        return {"strategy": "LeastLoad", "prefixHash": {"replication": PrefixHash.model_fields["replication"].default}}
    ring = {
        "meanLoadFactor": section.mean_load_factor,
        "replication": section.replication,
        "prefixCharLength": section.prefix_char_length,
    }
    return {"strategy": "PrefixHash", "prefixHash": ring}


def image(model: Model, engine: Engine, images: Mapping[str, str]) -> str | None:
    """The model's own image, or the release's: KubeAI's own vLLM is more than a year older."""
    if model.image is not None or isinstance(engine, FasterWhisper):
        return model.image
    gpu, processor = ROLES[type(engine)]
    return images[gpu if model.gpus else processor]


def arguments(args: ModelArgs, engine: Engine) -> list[str]:
    """Arguments after KubeAI's own. It loads adapters by itself, so they are not named here."""
    model = args.model
    if isinstance(engine, Infinity):
        return [f"--{name}" if value is True else f"--{name}={value}" for name, value in engine.arguments.items()]
    if not isinstance(engine, Vllm):
        return []
    if model.lora is not None:
        model = model.model_copy(update={"lora": model.lora.model_copy(update={"adapters": {}})})
    version = args.vllm["vllm" if model.gpus else "vllm-cpu"]
    return [*engine_arguments(model, version, args.monitoring), *number_formats(model.size), *tensor(model.gpus)]


def variables(args: ModelArgs, engine: Engine) -> dict[str, str]:
    """Environment of the engine."""
    model = args.model
    vllm = [*QUIET, *engine_variables(model, None, args.monitoring)]
    own: dict[type, dict[str, str]] = {
        Vllm: {one["name"]: one["value"] for one in vllm if "value" in one},
        # Weights and the longest request (source: Ollama, envconfig).
        Ollama: {"OLLAMA_MODELS": "/tmp/ollama", "OLLAMA_CONTEXT_LENGTH": str(model.context_tokens)},
        Infinity: {"DO_NOT_TRACK": "1"},
    }
    return {**WRITABLE, **own.get(type(engine), {}), **model.variables}


def secrets(model: Model) -> list[str]:
    """Secrets whose keys become variables: the source's, and those of the engine's variables."""
    named = {secret.name for secret in model.secrets.values()}
    return sorted(named | ({model.credentials} if model.credentials else set()))
