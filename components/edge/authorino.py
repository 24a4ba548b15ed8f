# SPDX-License-Identifier: MPL-2.0
"""Authorino v0.27: says who calls, by keys and tokens. Its makers publish no chart, so its objects are written here.

It reads labelled Secrets of all namespaces: that is what lets a municipality make and revoke keys by itself. RBAC knows
no labels, so its account may read every Secret; nothing else runs under it, and nobody may start a pod beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from ..metadata import metadata
from .workload import container, deployment, labels, mount, pod, secret, service

AUTHORINO = "authorino"
"""Name of all its objects."""

CERTIFICATE = f"{AUTHORINO}-tls"
"""Secret with its certificate."""

USER = 1000
"""The image's own user: its program lies in a folder that nobody else may enter (source: Dockerfile at v0.27.0)."""

PORT = 50051
"""Port of ext_authz (gRPC over TLS)."""

METRICS = 8080
"""Port of its metrics."""

PROBES = 8081
"""Port of its probes."""

WATCHED = {"authorino.kuadrant.io/managed-by": AUTHORINO}
"""Label of the Secrets that it keeps."""

OURS = {"andel/edge": "identity"}
"""Label of the AuthConfig that it reads: nobody else's can add a way in."""


@dataclass(frozen=True, kw_only=True)
class AuthorinoArgs:
    """How many, of which image."""

    namespace: str
    """Its namespace."""

    replicas: int
    """Pods."""

    images: Mapping[str, str]
    """References of the release's images, by role."""


class Authorino(pulumi.ComponentResource):
    """Deployment, Service, account and its rights."""

    def __init__(self, name: str, args: AuthorinoArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:edge:Authorino", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        placed = metadata(AUTHORINO, args.namespace, labels=labels(AUTHORINO))
        account = kubernetes.core.v1.ServiceAccount(
            f"{name}-account", metadata=placed, automount_service_account_token=False, opts=child
        )
        role = kubernetes.rbac.v1.ClusterRole(
            f"{name}-role", metadata=metadata("andel-authorino"), rules=rights(), opts=child
        )
        binding = kubernetes.rbac.v1.ClusterRoleBinding(
            f"{name}-binding",
            metadata=metadata("andel-authorino"),
            role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "andel-authorino"},
            subjects=[{"kind": "ServiceAccount", "name": AUTHORINO, "namespace": args.namespace}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account, role]),
        )
        kubernetes.core.v1.Service(
            f"{name}-service", metadata=placed, spec=service(AUTHORINO, {"grpc": PORT}), opts=child
        )
        kubernetes.policy.v1.PodDisruptionBudget(
            f"{name}-disruption",
            metadata=placed,
            spec={"maxUnavailable": 1, "selector": {"matchLabels": labels(AUTHORINO)}},
            opts=child,
        )
        kubernetes.apps.v1.Deployment(
            f"{name}-deployment",
            metadata={**placed, "annotations": {**placed["annotations"], **NO_WAIT}},
            spec=deployment(AUTHORINO, args.replicas, template(args)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[binding]),
        )
        self.register_outputs({})


NO_WAIT = {"pulumi.com/skipAwait": "true"}
"""Its certificate may come later than its pods, from cert-manager or by hand."""


def rights() -> list[dict[str, Any]]:
    """What Authorino v0.27 needs for keys and tokens (source: install/rbac/role.yaml; no leases, no token reviews)."""
    return [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["authorino.kuadrant.io"], "resources": ["authconfigs"], "verbs": ["get", "list", "watch"]},
        {
            "apiGroups": ["authorino.kuadrant.io"],
            "resources": ["authconfigs/status"],
            "verbs": ["get", "patch", "update"],
        },
    ]


def arguments() -> list[str]:
    """Its command line (source: main.go at v0.27.0). Each request is on record at the proxies: it logs errors alone."""
    (key, value), (edge, identity) = *WATCHED.items(), *OURS.items()
    return [
        f"--secret-label-selector={key}={value}",
        f"--auth-config-label-selector={edge}={identity}",
        f"--ext-auth-grpc-port={PORT}",
        "--ext-auth-http-port=0",
        "--oidc-http-port=0",
        "--tls-cert=/certificate/tls.crt",
        "--tls-cert-key=/certificate/tls.key",
        "--tls-min-version=1.2",
        f"--metrics-addr=:{METRICS}",
        f"--health-probe-addr=:{PROBES}",
        "--pprof-bind-address=0",
        "--log-level=error",
    ]


def template(args: AuthorinoArgs) -> dict[str, Any]:
    """Its pods."""
    # It calls itself ready before it has read its AuthConfigs, and answers 404 until then.
    probe = {"httpGet": {"port": PROBES, "path": "/readyz"}, "periodSeconds": 5, "initialDelaySeconds": 5}
    alive = {"httpGet": {"port": PROBES, "path": "/healthz"}, "periodSeconds": 10}
    one = container(
        AUTHORINO,
        args.images["authorino"],
        "256Mi",
        "100m",
        args=arguments(),
        # The budget's certificate is signed by the platform's authority, issuers' by those of the system.
        env=[{"name": "SSL_CERT_DIR", "value": "/etc/ssl/certs:/etc/pki/tls/certs:/certificate"}],
        ports=[{"name": "grpc", "containerPort": PORT}, {"name": "metrics", "containerPort": METRICS}],
        readinessProbe=probe,
        livenessProbe=alive,
        volumeMounts=[mount("certificate", "/certificate")],
    )
    token = {"automountServiceAccountToken": True, "serviceAccountName": AUTHORINO}
    return pod(AUTHORINO, [one], [secret("certificate", CERTIFICATE)], user=USER, **token)
