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

VLLM_FORMAT = "vLLM"
"""Model format under which KServe finds it."""

VLLM_PORT = 8080
"""Port of vLLM in the runtime; KServe's Service puts port 80 in front."""

LLM_D_CONFIG = "andel-llm-d"
"""The LLMInferenceServiceConfig that every `llm-d` model starts from."""

ENGINE_ENVIRONMENT = [
    {"name": "VLLM_NO_USAGE_STATS", "value": "1"},  # vLLM tells nobody that it runs
    {"name": "VLLM_LOGGING_LEVEL", "value": "INFO"},
]


@dataclass(frozen=True, kw_only=True)
class KServeSettingsArgs:
    """Images of the release, by role."""

    namespace: str
    """Namespace of the models."""

    images: Mapping[str, str]
    """References of `vllm`, `vllm-llm-d`, `epp` and `epp-tokenizer`."""

    epp_version: str
    """Version that KServe must take the picker for (it gates KServe's own migrations of the configuration)."""


class KServeSettings(pulumi.ComponentResource):
    """ClusterServingRuntime `andel-vllm`, LLMInferenceServiceConfig `andel-llm-d`."""

    def __init__(self, name: str, args: KServeSettingsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:KServeSettings", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            f"{name}-vllm",
            api_version="serving.kserve.io/v1alpha1",
            kind="ClusterServingRuntime",
            metadata=metadata(VLLM_RUNTIME),
            spec=vllm_runtime(args.images["vllm"]),
            opts=pulumi.ResourceOptions(parent=self),
        )
        kubernetes.apiextensions.CustomResource(
            f"{name}-llm-d",
            api_version="serving.kserve.io/v1alpha2",
            kind="LLMInferenceServiceConfig",
            metadata=metadata(LLM_D_CONFIG, args.namespace),
            spec=llm_d_base(args.images, args.epp_version),
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
                "command": ["python3", "-m", "vllm.entrypoints.openai.api_server"],
                "args": [f"--port={VLLM_PORT}", "--served-model-name={{.Name}}", "--model=/mnt/models"],
                "env": [*ENGINE_ENVIRONMENT, {"name": "HF_HOME", "value": "/tmp"}, {"name": "HOME", "value": "/tmp"}],
                "ports": [{"containerPort": VLLM_PORT, "protocol": "TCP"}],
                "securityContext": {**POD_SECURITY, **CONTAINER_SECURITY},
                "startupProbe": probe(period=10, failures=180),  # half an hour for weights to load
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
    """What all `llm-d` models share; KServe merges it over its presets by container name."""
    return {
        "template": {
            "automountServiceAccountToken": False,
            "securityContext": POD_SECURITY,
            "containers": [{"name": "main", "image": images["vllm-llm-d"], "env": ENGINE_ENVIRONMENT}],
        },
        "router": {
            "scheduler": {
                "annotations": {"app.kubernetes.io/version": epp_version},
                "template": {
                    "securityContext": POD_SECURITY,
                    "containers": [
                        {"name": "main", "image": images["epp"]},
                        {"name": "tokenizer", "image": images["epp-tokenizer"]},
                    ],
                },
            }
        },
    }
