# SPDX-License-Identifier: MPL-2.0
"""The platform's own ClusterServingRuntimes of KServe's Hugging Face server (serving.kserve.io/v1alpha1, v0.20.0).

KServe's own runtime of that server stays as it is: it has no probes, and writes prompts into its log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from .metadata import metadata
from .pod_security import CONTAINER_SECURITY, POD_SECURITY

RUNTIME = "andel-huggingface"
"""The ClusterServingRuntime. Cluster-wide, so its name says whose it is."""

RUNTIME_CPU = "andel-huggingface-cpu"
"""The same on the server's image for processors."""

FORMAT = "huggingface"
"""Model format under which KServe finds it."""

PORT = 8080
"""Port of the server; KServe's Service puts port 80 in front."""


@dataclass(frozen=True, kw_only=True)
class HuggingFaceRuntimeArgs:
    """Images of the release, by role."""

    images: Mapping[str, str]
    """References of `huggingface` and `huggingface-cpu`."""


class HuggingFaceRuntime(pulumi.ComponentResource):
    """ClusterServingRuntimes for GPUs and processors."""

    def __init__(self, name: str, args: HuggingFaceRuntimeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:HuggingFaceRuntime", name, None, opts)
        for role, runtime in (("huggingface", RUNTIME), ("huggingface-cpu", RUNTIME_CPU)):
            kubernetes.apiextensions.CustomResource(
                f"{name}-{role}",
                api_version="serving.kserve.io/v1alpha1",
                kind="ClusterServingRuntime",
                metadata=metadata(runtime),
                spec=spec(args.images[role]),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def spec(image: str) -> dict[str, Any]:
    """The server under the model's public name. It writes no prompt into its log."""
    return {
        "supportedModelFormats": [{"name": FORMAT, "version": "1", "autoSelect": False}],
        "protocolVersions": ["v2", "v1"],
        "containers": [
            {
                "name": "kserve-container",
                "image": image,
                "args": [
                    "--model_name={{.Name}}",
                    f"--http_port={PORT}",
                    "--enable_grpc=false",
                    "--disable_log_requests",
                ],
                "env": [
                    {"name": "VLLM_NO_USAGE_STATS", "value": "1"},
                    {"name": "HF_HOME", "value": "/tmp/huggingface"},
                    {"name": "HOME", "value": "/tmp"},
                ],
                "ports": [{"containerPort": PORT, "protocol": "TCP"}],
                "securityContext": {**POD_SECURITY, **CONTAINER_SECURITY},
                # Each model says how long its own weights load.
                "startupProbe": probe("/v2/health/ready", period=10, failures=180),
                "readinessProbe": probe("/v2/health/ready", period=5, failures=3),
                "livenessProbe": probe("/v2/health/live", period=10, failures=10),
                "volumeMounts": [{"name": "shared-memory", "mountPath": "/dev/shm"}],
            }
        ],
        "volumes": [{"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}],
    }


def probe(path: str, period: int, failures: int) -> dict[str, Any]:
    """A route of KServe's own protocol, asked every `period` seconds, given up after `failures`."""
    return {
        "httpGet": {"path": path, "port": PORT},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }
