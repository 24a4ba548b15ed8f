# SPDX-License-Identifier: MPL-2.0
"""Municipalities ask Prometheus for their own figures at the edge, with the keys and tokens that they have.

prom-label-proxy (0.12.1) adds `municipality="<slug>"` to every selector of a query and refuses one that asks for
another's. The slug is the header that the edge sets from the identity, over whatever a caller sends. It listens on the
pod's loopback; an Envoy beside it brings TLS.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.monitoring import MemberFigures
from config.names import FIGURES_PATH

from ..metadata import metadata
from .headers import MUNICIPALITY, TIER
from .identity import trust
from .tls_front import INSIDE, PORT, SETTINGS, bootstrap, front
from .workload import container, deployment, labels, pod, secret, service

FIGURES = "figures"
"""Name of all its objects."""

CERTIFICATE = f"{FIGURES}-tls"
"""Secret with its certificate."""

LABEL = "municipality"
"""Label of the series that are somebody's."""


@dataclass(frozen=True, kw_only=True)
class FiguresArgs:
    """Before which Prometheus, behind which Gateway."""

    namespace: str
    """Namespace of the Gateway."""

    gateway: str
    """Name of the Gateway."""

    section: MemberFigures
    """Its section."""

    prometheus: str
    """Address of Prometheus."""

    images: Mapping[str, str]
    """References of the release's images, by role."""


class Figures(pulumi.ComponentResource):
    """Deployment, Service, route and the trust between edge and proxy."""

    def __init__(self, name: str, args: FiguresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:edge:Figures", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        placed = metadata(FIGURES, args.namespace, labels=labels(FIGURES))
        unawaited = {**placed, "annotations": {**placed["annotations"], "pulumi.com/skipAwait": "true"}}
        settings = {SETTINGS: json.dumps(envoy())}
        kubernetes.core.v1.ConfigMap(f"{name}-settings", metadata=placed, data=settings, opts=child)
        kubernetes.core.v1.Service(
            f"{name}-service", metadata=unawaited, spec=service(FIGURES, {"https": PORT}), opts=child
        )
        kubernetes.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=unawaited,
            spec=deployment(FIGURES, args.section.replicas, template(args)),
            opts=child,
        )
        for role, (version, kind, spec) in objects(args).items():
            kubernetes.apiextensions.CustomResource(
                f"{name}-{role}",
                api_version=version,
                kind=kind,
                metadata=metadata(FIGURES, args.namespace),
                spec=spec,
                opts=child,
            )
        self.register_outputs({})


def objects(args: FiguresArgs) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """What the gateway reads, by role: API version, kind and spec."""
    return {
        "trust": ("gateway.networking.k8s.io/v1", "BackendTLSPolicy", trust(FIGURES)),
        "route": ("gateway.networking.k8s.io/v1", "HTTPRoute", route(args)),
        "limit": ("gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy", limit(args.section)),
    }


def arguments(prometheus: str) -> list[str]:
    """Its command line (source: main.go at v0.12.1). A query that asks for another's label is an error, no silence."""
    return [
        f"--insecure-listen-address=127.0.0.1:{INSIDE}",
        f"--upstream={prometheus}",
        *enforcing(),
    ]


def enforcing() -> list[str]:
    """What it holds everybody to."""
    return [
        f"--label={LABEL}",
        f"--header-name={MUNICIPALITY}",
        "--enable-label-apis",
        "--error-on-replace",
    ]


def template(args: FiguresArgs) -> dict[str, Any]:
    """The proxy, and the Envoy that brings TLS."""
    proxy = container("proxy", args.images["label-proxy"], "64Mi", "20m", args=arguments(args.prometheus))
    volumes = [secret("certificate", CERTIFICATE), {"name": "settings", "configMap": {"name": FIGURES}}]
    return pod(FIGURES, [proxy, front(args.images["envoy"])], volumes)


def envoy() -> dict[str, Any]:
    """Envoy's settings: of Prometheus' API it asks the proxy alone, which knows what may be asked."""
    return bootstrap("proxy", {"prefix": "/api/v1/"}, "/healthz", "60s")


def hosts(namespace: str) -> tuple[str, ...]:
    """Names that its certificate is valid for."""
    return (f"{FIGURES}.{namespace}.svc.cluster.local", f"{FIGURES}.{namespace}.svc")


def route(args: FiguresArgs) -> dict[str, Any]:
    """Who has a tier, below the path; models' routes lie below another."""
    match = {
        "path": {"type": "PathPrefix", "value": FIGURES_PATH},
        "headers": [{"type": "RegularExpression", "name": TIER, "value": ".+"}],
    }
    rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}
    rule = {
        "matches": [match],
        "filters": [{"type": "URLRewrite", "urlRewrite": rewrite}],
        "backendRefs": [{"name": FIGURES, "port": PORT}],
    }
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": args.gateway}
    return {"parentRefs": [parent], "rules": [rule]}


def limit(section: MemberFigures) -> dict[str, Any]:
    """Boards ask often and cost no tokens: they have a limit of their own, in place of the plans'."""
    counted = {
        "clientSelectors": [{"headers": [{"name": MUNICIPALITY, "type": "Distinct"}]}],
        "limit": {"requests": section.requests_per_minute, "unit": "Minute"},
    }
    return {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": FIGURES}],
        "rateLimit": {"global": {"rules": [counted]}},
    }
