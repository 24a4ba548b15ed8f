# SPDX-License-Identifier: MPL-2.0
"""What a soft month has left, told over HTTPS: the limiter's own program reading the limiter's own counters.

Envoy Gateway's limiter can be asked by JSON too, but only over plain HTTP, and it belongs to whoever runs Envoy
Gateway. So a second one (envoyproxy/ratelimit at 3fb702589d36) stands here on the same store, with the soft months'
counters in a file; it listens on the pod's loopback alone, and an Envoy beside it brings TLS. Nobody counts through it:
Authorino asks with a cost of nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.tiers import Tier

from ..metadata import metadata
from .rules import DOMAIN, month_entries, month_rule
from .tls_front import PORT, SETTINGS, bootstrap, front
from .workload import container, deployment, labels, mount, pod, secret, service

BUDGET = "budget"
"""Name of all its objects."""

CERTIFICATE = f"{BUDGET}-tls"
"""Secret with its certificate."""


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """Which counters, on which store."""

    namespace: str
    """Its namespace."""

    tiers: Mapping[str, Tier]
    """The plans."""

    store: str
    """Host and port of the store."""

    store_secret: str
    """Secret with the certificate to show it."""

    images: Mapping[str, str]
    """References of the release's images, by role."""


class Budget(pulumi.ComponentResource):
    """Deployment, Service and settings."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:edge:Budget", name, None, opts)
        placed = metadata(BUDGET, args.namespace, labels=labels(BUDGET))
        unawaited = {**placed, "annotations": {**placed["annotations"], "pulumi.com/skipAwait": "true"}}
        kubernetes.core.v1.ConfigMap(
            f"{name}-settings",
            metadata=placed,
            data={"budget.yaml": counters(args.tiers), SETTINGS: json.dumps(envoy())},
            opts=pulumi.ResourceOptions(parent=self),
        )
        kubernetes.core.v1.Service(
            f"{name}-service",
            metadata=unawaited,
            spec=service(BUDGET, {"https": PORT}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        kubernetes.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=unawaited,
            spec=deployment(BUDGET, 2, template(args)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def url(namespace: str) -> str:
    """Where it is asked."""
    return f"https://{hosts(namespace)[0]}:{PORT}/json"


def hosts(namespace: str) -> tuple[str, ...]:
    """Names that its certificate is valid for."""
    return (f"{BUDGET}.{namespace}.svc.cluster.local", f"{BUDGET}.{namespace}.svc")


def counters(tiers: Mapping[str, Tier]) -> str:
    """The limiter's configuration: soft months alone, as Envoy Gateway names them. JSON is YAML."""
    descriptors = [descriptor(tiers, name) for name in sorted(tiers) if tiers[name].month.beyond == "soft"]
    return json.dumps({"domain": DOMAIN, "descriptors": descriptors})


def descriptor(tiers: Mapping[str, Tier], tier: str) -> dict[str, Any]:
    """A tier's month, from the innermost entry outwards. Entries without a value take any."""
    below: dict[str, Any] = {
        "rate_limit": {"unit": "year", "requests_per_unit": tiers[tier].month.tokens},
        "shadow_mode": True,
    }
    for key, value in reversed(month_entries(month_rule(tiers, tier), "", "")):
        below = {"key": key, **({"value": value} if value else {}), **below}
        below = {"descriptors": [below]}
    (outermost,) = below["descriptors"]
    found: dict[str, Any] = outermost
    return found


def variables(store: str) -> dict[str, str]:
    """Settings of the limiter (source: src/settings/settings.go). All of it listens on the loopback."""
    return {
        "LOG_LEVEL": "error",
        "USE_STATSD": "false",
        "CONFIG_TYPE": "FILE",
        "RUNTIME_ROOT": "/settings",
        "RUNTIME_SUBDIRECTORY": "limits",
        "RUNTIME_WATCH_ROOT": "false",
        "RUNTIME_IGNOREDOTFILES": "true",
        "HOST": "127.0.0.1",
        "GRPC_HOST": "127.0.0.1",
        "DEBUG_HOST": "127.0.0.1",
        "REDIS_SOCKET_TYPE": "tcp",
        "REDIS_URL": store,
        "REDIS_TLS": "true",
        "REDIS_TLS_CLIENT_CERT": "/store/tls.crt",
        "REDIS_TLS_CLIENT_KEY": "/store/tls.key",
        "REDIS_TLS_CACERT": "/store/ca.crt",
        "REDIS_TIMEOUT": "1s",
    }


def template(args: BudgetArgs) -> dict[str, Any]:
    """The limiter, and the Envoy that brings TLS."""
    reader = container(
        "limiter",
        args.images["ratelimit"],
        "128Mi",
        "20m",
        command=["/bin/ratelimit"],
        env=[{"name": name, "value": value} for name, value in variables(args.store).items()],
        volumeMounts=[mount("store", "/store"), mount("counters", "/settings/limits/config")],
    )
    volumes = [
        secret("store", args.store_secret),
        secret("certificate", CERTIFICATE),
        _settings("counters", "budget.yaml"),
        _settings("settings", SETTINGS),
    ]
    made_of = {"annotations": {"andel/counters": counters(args.tiers)}}  # a changed file is read by new pods
    written = pod(BUDGET, [reader, front(args.images["envoy"])], volumes)
    return {**written, "metadata": {**written["metadata"], **made_of}}


def _settings(name: str, file: str) -> dict[str, Any]:
    return {"name": name, "configMap": {"name": BUDGET, "items": [{"key": file, "path": file}]}}


def envoy() -> dict[str, Any]:
    """HTTPS in, plain HTTP to the loopback, and one path.

    Ready once the limiter has read its counters, and without its store too: who asks then learns that nobody knows.
    """
    return bootstrap("limiter", {"path": "/json"}, "/healthcheck", "1s")
