# SPDX-License-Identifier: MPL-2.0
"""Valkey 8.1, where all counts are kept: each is on disk within a second, and outlives pod and node.

Who speaks to it shows a certificate of the platform's authority, and so does it; there is no password to keep. It is
one: while its pod moves, `limits.whenDown` says what happens. A replicated one can be named in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.limits import ExternalStore, Store, Valkey

from ..metadata import metadata
from .workload import container, labels, mount, pod, secret, service

STORE = "limits-store"
"""Name of all its objects, and of the Secret with its certificate."""

CLIENT = "limits-client"
"""Secret with the certificate of those who speak to it."""

PORT = 6379
"""Its port."""


@dataclass(frozen=True, kw_only=True)
class CountsArgs:
    """Where and how large."""

    namespace: str
    """Its namespace."""

    store: Valkey
    """Its section."""

    images: Mapping[str, str]
    """References of the release's images, by role."""


class Counts(pulumi.ComponentResource):
    """A StatefulSet of one Valkey with its disk, and its Service."""

    def __init__(self, name: str, args: CountsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:edge:Counts", name, None, opts)
        placed = metadata(STORE, args.namespace, labels=labels(STORE))
        kubernetes.core.v1.Service(
            f"{name}-service",
            metadata={**placed, "annotations": {**placed["annotations"], "pulumi.com/skipAwait": "true"}},
            spec=service(STORE, {"valkey": PORT}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        kubernetes.apps.v1.StatefulSet(
            name,
            metadata={**placed, "annotations": {**placed["annotations"], "pulumi.com/skipAwait": "true"}},
            spec=stateful_set(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def address(store: Store, namespace: str) -> str:
    """Host and port."""
    if isinstance(store, ExternalStore):
        return f"{store.host}:{store.port}"
    return f"{STORE}.{namespace}.svc.cluster.local:{PORT}"


def client_secret(store: Store) -> str:
    """Secret with the certificate that its clients show."""
    return store.certificate if isinstance(store, ExternalStore) else CLIENT


def hosts(namespace: str) -> tuple[str, ...]:
    """Names that its certificate is valid for."""
    return (f"{STORE}.{namespace}.svc.cluster.local", f"{STORE}.{namespace}.svc", "localhost")


def connection(tls: str) -> list[str]:
    """How Valkey's own tools reach it in its pod."""
    return [
        "-p",
        str(PORT),
        "--tls",
        "--cert",
        f"{tls}/tls.crt",
        "--key",
        f"{tls}/tls.key",
        "--cacert",
        f"{tls}/ca.crt",
    ]


def arguments() -> list[str]:
    """Its command line (source: valkey.conf of 8.1). Nothing is ever evicted: a count that is forgotten is a gift."""
    settings = {
        "port": "0",
        # Without a password Valkey answers nobody but its own pod, unless told; whoever calls has a certificate.
        "protected-mode": "no",
        "tls-port": str(PORT),
        "tls-cert-file": "/certificate/tls.crt",
        "tls-key-file": "/certificate/tls.key",
        "tls-ca-cert-file": "/certificate/ca.crt",
        "tls-auth-clients": "yes",
        "dir": "/data",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "200mb",
        "maxmemory-policy": "noeviction",
    }
    return [word for key, value in settings.items() for word in (f"--{key}", value)]


def stateful_set(args: CountsArgs) -> dict[str, Any]:
    """One pod and its disk."""
    ping = {"exec": {"command": ["valkey-cli", *connection("/certificate"), "ping"]}, "timeoutSeconds": 5}
    one = container(
        STORE,
        args.images["valkey"],
        "256Mi",
        "50m",
        command=["valkey-server"],
        args=arguments(),
        ports=[{"name": "valkey", "containerPort": PORT}],
        readinessProbe={**ping, "periodSeconds": 5},
        livenessProbe={**ping, "periodSeconds": 20, "failureThreshold": 6},
        volumeMounts=[mount("certificate", "/certificate"), {"name": "data", "mountPath": "/data"}],
    )
    by_class = {"storageClassName": args.store.storage_class} if args.store.storage_class else {}
    return {
        "serviceName": STORE,
        "replicas": 1,
        "selector": {"matchLabels": labels(STORE)},
        "template": pod(STORE, [one], [secret("certificate", STORE)]),
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": args.store.storage}},
                    **by_class,
                },
            }
        ],
    }
