# SPDX-License-Identifier: MPL-2.0
"""The platform's own settings of KServe v0.20: its vLLM runtime, and the base of all LLMInferenceServices.

KServe's own runtimes and presets stay as they are; ours stand beside them under names of our own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from .metadata import metadata
from .pod_security import CONTAINER_SECURITY, POD_SECURITY

VLLM_RUNTIME = "andel-vllm"
"""The ClusterServingRuntime. Cluster-wide, so its name says whose it is."""

VLLM_RUNTIME_CPU = "andel-vllm-cpu"
"""The same on vLLM's image for processors."""

PRESETS = {
    "pipeline": "kserve-config-llm-worker-pipeline-parallel",
    "data": "kserve-config-llm-worker-data-parallel",
}
"""Names by which KServe v0.20 asks for its presets of replicas over nodes. It ships none for pipelines, and its own for
data asks for capabilities that *restricted* refuses; those in the models' namespace go before its own."""

VLLM_FORMAT = "vLLM"
"""Model format under which KServe finds it."""

VLLM_PORT = 8080
"""Port of vLLM in the runtime; KServe's Service puts port 80 in front."""

LLM_D_CONFIG = "andel-llm-d"
"""The LLMInferenceServiceConfig that every `llm-d` model starts from."""


QUIET = [
    {"name": "VLLM_NO_USAGE_STATS", "value": "1"},  # vLLM tells nobody that it runs
    {"name": "VLLM_LOGGING_LEVEL", "value": "INFO"},  # prompts are logged below it
]
"""Environment variables of every engine."""


@dataclass(frozen=True, kw_only=True)
class KServeSettingsArgs:
    """Images of the release, by role."""

    namespace: str
    """Namespace of the models."""

    images: Mapping[str, str]
    """References of `vllm`, `vllm-cpu`, `vllm-llm-d`, `epp`, `epp-tokenizer` and `routing-sidecar`."""

    epp_version: str
    """Version that KServe must take the picker for (it gates KServe's own migrations of the configuration)."""


class KServeSettings(pulumi.ComponentResource):
    """ClusterServingRuntimes of vLLM for GPUs and processors, and the bases of LLMInferenceServices."""

    def __init__(self, name: str, args: KServeSettingsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:KServeSettings", name, None, opts)
        for role, runtime in (("vllm", VLLM_RUNTIME), ("vllm-cpu", VLLM_RUNTIME_CPU)):
            kubernetes.apiextensions.CustomResource(
                f"{name}-{role}",
                api_version="serving.kserve.io/v1alpha1",
                kind="ClusterServingRuntime",
                metadata=metadata(runtime),
                spec=vllm_runtime(args.images[role]),
                opts=pulumi.ResourceOptions(parent=self),
            )
        bases = {
            "llm-d": (LLM_D_CONFIG, llm_d_base(args.images, args.epp_version)),
            **{role: (config, preset_over_nodes(args.images["vllm-llm-d"])) for role, config in PRESETS.items()},
        }
        for role, (config, spec) in bases.items():
            kubernetes.apiextensions.CustomResource(
                f"{name}-{role}",
                api_version="serving.kserve.io/v1alpha2",
                kind="LLMInferenceServiceConfig",
                metadata=metadata(config, args.namespace),
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def vllm_runtime(image: str) -> dict[str, Any]:
    """vLLM's OpenAI server on the weights that KServe's storage initializer has put into /mnt/models."""
    return {
        "supportedModelFormats": [{"name": VLLM_FORMAT, "version": "1", "autoSelect": False}],
        "containers": [
            {
                "name": "kserve-container",
                "image": image,
                "command": ["vllm", "serve", "/mnt/models"],
                "args": [f"--port={VLLM_PORT}", "--served-model-name={{.Name}}"],
                "env": [*QUIET, {"name": "HF_HOME", "value": "/tmp"}, {"name": "HOME", "value": "/tmp"}],
                "ports": [{"containerPort": VLLM_PORT, "protocol": "TCP"}],
                "securityContext": {**POD_SECURITY, **CONTAINER_SECURITY},
                "startupProbe": probe(period=10, failures=180),  # each model says how long its own weights load
                "readinessProbe": probe(period=5, failures=3),
                "livenessProbe": probe(period=10, failures=10),
                "volumeMounts": [{"name": "shared-memory", "mountPath": "/dev/shm"}],
            }
        ],
        "volumes": [{"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}],
    }


def probe(period: int, failures: int) -> dict[str, Any]:
    """vLLM's health route, asked every `period` seconds, given up after `failures`."""
    return {
        "httpGet": {"path": "/health", "port": VLLM_PORT},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def llm_d_base(images: Mapping[str, str], epp_version: str) -> dict[str, Any]:
    """What the pickers of all `llm-d` models share; KServe merges it over its presets by container name."""
    return {
        "router": {
            "scheduler": {
                "annotations": {"app.kubernetes.io/version": epp_version},
                "template": {
                    "securityContext": POD_SECURITY,
                    "containers": [
                        {"name": "main", "image": images["epp"], "args": PICKER_ARGUMENTS},
                        {"name": "tokenizer", "image": images["epp-tokenizer"]},
                    ],
                },
            }
        },
    }


PICKER_ARGUMENTS = [
    "--metrics-endpoint-auth=false",  # network policy lets Prometheus alone reach it
    "--disable-endpoint-subset-filter",  # Envoy names no pods while there are none, and none would ever be asked for
]
"""Arguments of every picker, before the configuration that KServe adds."""


def preset_over_nodes(image: str) -> dict[str, Any]:
    """Pods of a replica over nodes: what KServe's presets give to those of one node, for leader and workers."""
    container = {
        "name": "main",
        "image": image,
        "env": [{"name": "HOME", "value": "/home"}, {"name": "HF_HUB_CACHE", "value": "/models"}],
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in FOLDERS.items()],
    }
    folders: list[dict[str, Any]] = [
        {"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"} if name == "shared-memory" else {}}
        for name in FOLDERS
    ]
    pod: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "securityContext": POD_SECURITY,
        "terminationGracePeriodSeconds": 60,
        "volumes": folders,
    }
    answering: dict[str, Any] = {
        "ports": [{"containerPort": 8000, "protocol": "TCP"}],
        **{
            kind: {**probe(period, failures), "httpGet": {"path": "/health", "port": 8000}}
            for kind, period, failures in (
                ("startupProbe", 10, 180),
                ("readinessProbe", 5, 3),
                ("livenessProbe", 10, 10),
            )
        },
    }
    return {
        "template": {**pod, "containers": [{**container, **answering}]},
        "worker": {**pod, "containers": [container]},
    }


FOLDERS = {"home": "/home", "temporary": "/tmp", "shared-memory": "/dev/shm", "models": "/models"}
"""Folders that vLLM writes to."""
