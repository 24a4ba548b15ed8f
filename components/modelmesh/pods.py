# SPDX-License-Identifier: MPL-2.0
"""Pods on which models take turns: a ServingRuntime (serving.kserve.io/v1alpha1, KServe's definition) a run profile.

ModelMesh's controller makes a Deployment of each, with ModelMesh beside our runtime (`runtimes/modelmesh_vllm`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.modelmesh import Mesh, MeshRuntime, Sleep
from config.models import Model
from config.pools import Pool
from config.resources import RunProfile
from config.scalars import gibibytes
from config.serving.modelmesh import ModelMesh
from config.serving.modelmesh_rules import engine_memory

from ..edge.workload import mount, secret
from ..gpu_pool import placement
from ..metadata import metadata
from ..pod_security import CONTAINER_SECURITY
from ..serving.model import requests
from ..serving.modelmesh_sizes import CLAIMS, arguments, cache_bytes, claims, path, whole
from .names import DATA_PORT, MANAGEMENT_PORT, PODS_TLS, SHARED, STATUS_PORT, runtime_name
from .template import authority_volume

SETTINGS = "/etc/modelmesh-vllm"
CERTIFICATES = "/certificate"
USER = 1000
SMALL_PART = 50
"""A pod counts as full when less than this part of its memory is free (source: ModelMesh.java, `defaultModelSize`)."""


@dataclass(frozen=True, kw_only=True)
class PodsArgs:
    """Pods of a run profile, and the models that take turns on them."""

    profile: str
    place: RunProfile
    pool: Pool
    namespace: str
    mesh: Mesh
    runtime: MeshRuntime
    models: Mapping[str, Model]
    """Models of the profile."""

    version: str
    """Of vLLM in the image."""


class Pods(pulumi.ComponentResource):
    """A ServingRuntime and what its runtime is told."""

    def __init__(self, name: str, args: PodsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:modelmesh:Pods", name, None, opts)
        told = kubernetes.core.v1.ConfigMap(
            f"{name}-settings",
            metadata=metadata(runtime_name(args.profile), args.namespace),
            data={"settings.json": written(args)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="serving.kserve.io/v1alpha1",
            kind="ServingRuntime",
            metadata=metadata(runtime_name(args.profile), args.namespace),
            spec=spec(args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[told]),
        )
        self.register_outputs({})


def spec(args: PodsArgs) -> dict[str, Any]:
    """The ServingRuntime. A Predictor names it; no format is chosen by itself."""
    place = placement(args.place.pool, args.pool)
    return {
        "supportedModelFormats": [{"name": "vllm", "version": "1", "autoSelect": False}],
        "multiModel": True,
        "grpcEndpoint": f"port:{MANAGEMENT_PORT}",
        "grpcDataEndpoint": f"port:{MANAGEMENT_PORT}",
        "storageHelper": {"disabled": True},  # ModelMesh's own fetcher; engines read files and the hub themselves
        "replicas": args.runtime.replicas,
        "labels": {SHARED: args.profile},
        "nodeSelector": place.node_selector,
        "tolerations": place.tolerations,
        "containers": [container(args)],
        "volumes": volumes(args),
    }


def container(args: PodsArgs) -> dict[str, Any]:
    """The runtime, with vLLM in the same image. ModelMesh's controller says when it is ready and how it ends."""
    place = placement(args.place.pool, args.pool)
    values = {
        "HOME": "/tmp",
        "HF_HOME": "/tmp/huggingface",
        "VLLM_NO_USAGE_STATS": "1",
        "SETTINGS": hashlib.sha256(written(args).encode()).hexdigest()[:16],  # other settings are other pods
    }
    return {
        "name": "vllm",
        "image": args.mesh.image,
        "args": ["runtime", f"{SETTINGS}/settings.json"],
        "env": [
            *({"name": key, "value": value} for key, value in values.items()),
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ],
        "ports": [{"name": "data", "containerPort": DATA_PORT}, {"name": "status", "containerPort": STATUS_PORT}],
        "resources": requests(place, args.place.gpus, args.place.resources.cpu, args.place.resources.memory),
        "securityContext": {
            **CONTAINER_SECURITY,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "readOnlyRootFilesystem": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "livenessProbe": {
            "httpGet": {"path": "/live", "port": STATUS_PORT},
            "periodSeconds": 10,
            "failureThreshold": 6,
        },
        "volumeMounts": [
            mount("settings", SETTINGS),
            mount("certificate", CERTIFICATES),
            {"name": "scratch", "mountPath": "/tmp"},
            {"name": "shared-memory", "mountPath": "/dev/shm"},
            *(mount(f"weights-{claim}", f"{CLAIMS}/{claim}") for claim in claims(args.models)),
        ],
    }


def volumes(args: PodsArgs) -> list[dict[str, Any]]:
    """Settings, certificate, scratch space and claims with weights; the cluster's authority is for ModelMesh."""
    return [
        {"name": "settings", "configMap": {"name": runtime_name(args.profile)}},
        secret("certificate", PODS_TLS),
        {"name": "scratch", "emptyDir": {}},
        {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}},
        *(
            {"name": f"weights-{claim}", "persistentVolumeClaim": {"claimName": claim, "readOnly": True}}
            for claim in claims(args.models)
        ),
        authority_volume(),
    ]


def written(args: PodsArgs) -> str:
    """The settings as they lie in the ConfigMap."""
    return json.dumps(settings(args), indent=1, sort_keys=True)


def settings(args: PodsArgs) -> dict[str, Any]:
    """What the runtime is told (`modelmesh_vllm.settings.RuntimeSettings`)."""
    runtime = args.runtime
    memory = args.pool.share_memory * args.place.gpus * runtime.gpu_memory_utilization
    loading = max((model.load_seconds for model in args.models.values()), default=1800)
    tls = {"certificate": "tls.crt", "key": "tls.key", "authority": "ca.crt"}
    return {
        "gpuBytes": int(memory * 2**30),
        "defaultBytes": int(memory * 2**30) // SMALL_PART,
        "defaultStrategy": runtime.strategy.kind,
        **asleep(runtime),
        "command": ["vllm", "serve", "{path}", "--host=127.0.0.1", "--port={port}", "--served-model-name={name}"],
        "bases": {
            name: base(model, args)
            for name, model in args.models.items()
            if model.lora is not None and not model.stopped
        },
        "loadSeconds": loading,
        "drainSeconds": runtime.drain_seconds,
        "management": f"127.0.0.1:{MANAGEMENT_PORT}",
        "dataPort": DATA_PORT,
        "statusPort": STATUS_PORT,
        "tls": {part: f"{CERTIFICATES}/{file}" for part, file in tls.items()},
    }


def asleep(runtime: MeshRuntime) -> dict[str, int]:
    """Budgets of sleepers."""
    strategy = runtime.strategy
    if not isinstance(strategy, Sleep):
        return {"mostSleepers": 0}
    return {
        "hostBytes": whole(gibibytes(strategy.memory)),
        "engineHostBytes": whole(gibibytes(strategy.engine_memory)),
        "sleeperGpuBytes": whole(gibibytes(strategy.gpu_memory)),
        "mostSleepers": strategy.most,
        "sleeperSeconds": strategy.idle_seconds,
    }


def base(model: Model, args: PodsArgs) -> dict[str, Any]:
    """An engine that stays for the adapters on it."""
    concurrency = model.serving.concurrency if isinstance(model.serving, ModelMesh) else 1
    return {
        "path": path(model.source),
        "gpuBytes": whole(engine_memory(model)),
        "kvBytes": cache_bytes(model),
        "arguments": arguments(model, args.pool, args.version),
        "concurrency": concurrency,
    }
