# SPDX-License-Identifier: MPL-2.0
"""etcd 3.5, in which ModelMesh's pods know of each other and of models. It holds no weights and no prompts.

One is enough: while its pod moves, what is loaded goes on answering, and nothing new is loaded. It and who speaks to it
show certificates of the platform's authority.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.modelmesh import Mesh

from ..edge.workload import container, labels, mount, pod, secret, service
from ..metadata import metadata
from .names import CONNECTION, REGISTRY, REGISTRY_PORT, SERVICE

PROBE_PORT = 2381


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """Where, how large, and of which image."""

    namespace: str
    mesh: Mesh
    images: Mapping[str, str]


class Registry(pulumi.ComponentResource):
    """A StatefulSet of one etcd with its disk, its Service, and the Secret that says how it is reached."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:modelmesh:Registry", name, None, opts)
        below = pulumi.ResourceOptions(parent=self)
        unawaited = metadata(
            REGISTRY, args.namespace, labels=labels(REGISTRY), annotations={"pulumi.com/skipAwait": "true"}
        )
        kubernetes.core.v1.Service(
            f"{name}-service", metadata=unawaited, spec=service(REGISTRY, {"client": REGISTRY_PORT}), opts=below
        )
        # cert-manager adds its keys to this Secret: each writes its own, and neither the other's.
        kubernetes.core.v1.Secret(
            f"{name}-connection",
            metadata=metadata(CONNECTION, args.namespace),
            string_data={"etcd_connection": json.dumps(connection(args.namespace))},
            opts=below,
        )
        kubernetes.apps.v1.StatefulSet(name, metadata=unawaited, spec=stateful_set(args), opts=below)
        self.register_outputs({})


def connection(namespace: str) -> dict[str, str]:
    """How it is reached (source: etcd-java; modelmesh-serving 0.12.0, pkg/mmesh): files are keys of the Secret."""
    return {
        "endpoints": f"https://{REGISTRY}.{namespace}.svc.cluster.local:{REGISTRY_PORT}",
        "root_prefix": SERVICE,
        "certificate_file": "ca.crt",
        "client_certificate_file": "tls.crt",
        "client_key_file": "tls.key",
    }


def arguments(namespace: str) -> list[str]:
    """Its command line."""
    client = f"https://{REGISTRY}.{namespace}.svc.cluster.local:{REGISTRY_PORT}"
    return [
        "--name=registry",
        "--data-dir=/data/etcd",
        f"--listen-client-urls=https://0.0.0.0:{REGISTRY_PORT}",
        f"--advertise-client-urls={client}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--initial-advertise-peer-urls=http://127.0.0.1:2380",
        "--initial-cluster=registry=http://127.0.0.1:2380",
        f"--listen-metrics-urls=http://0.0.0.0:{PROBE_PORT}",
        "--cert-file=/certificate/tls.crt",
        "--key-file=/certificate/tls.key",
        "--trusted-ca-file=/certificate/ca.crt",
        "--client-cert-auth=true",
        "--auto-compaction-retention=1h",
        "--log-level=warn",
    ]


def stateful_set(args: RegistryArgs) -> dict[str, Any]:
    """One pod and its disk."""
    healthy = {"httpGet": {"path": "/health", "port": PROBE_PORT}, "timeoutSeconds": 5}
    one = container(
        "etcd",
        args.images["etcd"],
        "512Mi",
        "100m",
        command=["etcd"],
        args=arguments(args.namespace),
        ports=[{"name": "client", "containerPort": REGISTRY_PORT}],
        readinessProbe={**healthy, "periodSeconds": 5},
        livenessProbe={**healthy, "periodSeconds": 20, "failureThreshold": 6},
        volumeMounts=[mount("certificate", "/certificate"), {"name": "data", "mountPath": "/data"}],
    )
    by_class = {"storageClassName": args.mesh.storage_class} if args.mesh.storage_class else {}
    return {
        "serviceName": REGISTRY,
        "replicas": 1,
        "selector": {"matchLabels": labels(REGISTRY)},
        "template": pod(REGISTRY, [one], [secret("certificate", REGISTRY)]),
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": args.mesh.storage}},
                    **by_class,
                },
            }
        ],
    }
