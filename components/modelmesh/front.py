# SPDX-License-Identifier: MPL-2.0
"""The front: a Deployment of `modelmesh_vllm front`, the one Service that the gateway knows of ModelMesh."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.modelmesh import Mesh
from config.scalars import Memory, amount

from ..edge.workload import container, deployment, labels, mount, pod, secret, service
from ..kserve_settings import VLLM_PORT
from ..metadata import metadata
from ..serving.disruption import Disruption, DisruptionArgs
from .names import FRONT, GRPC_PORT, POD_NAME, PODS_TLS, SERVICE, STATUS_PORT

SETTINGS = "/etc/modelmesh-vllm"
CERTIFICATES = "/certificate"
LABEL = "app.kubernetes.io/name"


@dataclass(frozen=True, kw_only=True)
class FrontArgs:
    """Where, and for which models."""

    namespace: str
    mesh: Mesh
    models: tuple[str, ...]
    """Names that it lists."""

    load_seconds: int
    """Longest load of any of them."""

    request_seconds: int
    """Longest answer that the gateway waits for."""

    largest_request: Memory
    """Largest request that the gateway lets through."""


class Front(pulumi.ComponentResource):
    """Settings, Deployment, Service, and a budget of disruptions where there are several."""

    def __init__(self, name: str, args: FrontArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:modelmesh:Front", name, None, opts)
        below = pulumi.ResourceOptions(parent=self)
        unawaited = metadata(FRONT, args.namespace, labels=labels(FRONT), annotations={"pulumi.com/skipAwait": "true"})
        told = kubernetes.core.v1.ConfigMap(
            f"{name}-settings",
            metadata=metadata(FRONT, args.namespace),
            data={"settings.json": written(args)},
            opts=below,
        )
        kubernetes.core.v1.Service(
            f"{name}-service", metadata=unawaited, spec=service(FRONT, {"http": VLLM_PORT}), opts=below
        )
        kubernetes.apps.v1.Deployment(
            name,
            metadata=unawaited,
            spec=deployment(FRONT, args.mesh.fronts, template(args)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[told]),
        )
        if args.mesh.fronts > 1:
            pods = DisruptionArgs(name=FRONT, namespace=args.namespace, pods={LABEL: FRONT})
            Disruption(f"{name}-disruption", pods, below)
        self.register_outputs({})


def written(args: FrontArgs) -> str:
    """The settings as they lie in the ConfigMap."""
    return json.dumps(settings(args), indent=1, sort_keys=True)


def settings(args: FrontArgs) -> dict[str, Any]:
    """What the front is told (`modelmesh_vllm.settings.FrontSettings`)."""
    tls = {"certificate": "tls.crt", "key": "tls.key", "authority": "ca.crt"}
    return {
        "modelmesh": f"dns:///{SERVICE}.{args.namespace}.svc.cluster.local:{GRPC_PORT}",
        "models": sorted(args.models),
        "alias": True,
        "port": VLLM_PORT,
        "plain": True,  # the gateway's hop to models of every kind is
        "statusPort": STATUS_PORT,
        "podName": POD_NAME,
        "locateSeconds": args.load_seconds,
        "limits": {"requestSeconds": args.request_seconds, "bodyBytes": int(amount(args.largest_request))},
        "tls": {part: f"{CERTIFICATES}/{file}" for part, file in tls.items()},
    }


def template(args: FrontArgs) -> dict[str, Any]:
    """Its pod. Other settings are other pods."""
    one = container(
        "front",
        args.mesh.image,
        "512Mi",
        "100m",
        args=["front", f"{SETTINGS}/settings.json"],
        env=[{"name": "SETTINGS", "value": hashlib.sha256(written(args).encode()).hexdigest()[:16]}],
        ports=[{"name": "http", "containerPort": VLLM_PORT}, {"name": "status", "containerPort": STATUS_PORT}],
        readinessProbe={"httpGet": {"path": "/ready", "port": STATUS_PORT}, "periodSeconds": 5},
        livenessProbe={"httpGet": {"path": "/live", "port": STATUS_PORT}, "periodSeconds": 10, "failureThreshold": 6},
        volumeMounts=[
            mount("settings", SETTINGS),
            mount("certificate", CERTIFICATES),
            {"name": "scratch", "mountPath": "/tmp"},  # large uploads
        ],
    )
    volumes = [
        {"name": "settings", "configMap": {"name": FRONT}},
        secret("certificate", PODS_TLS),
        {"name": "scratch", "emptyDir": {}},
    ]
    return pod(FRONT, [one], volumes)
