# SPDX-License-Identifier: MPL-2.0
"""A namespace with its walls: Pod Security *restricted*, and no traffic but what is named."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from .metadata import metadata

POD_SECURITY = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}


@dataclass(frozen=True, kw_only=True)
class NamespaceArgs:
    """What a namespace is called and what may pass its walls."""

    name: str
    """Name of the namespace."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels beside those of every object and of Pod Security."""

    traffic: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """NetworkPolicy specs by name, beside the one that denies all and the one that lets names be resolved."""


class Namespace(pulumi.ComponentResource):
    """Namespace, default deny both ways, DNS, and the traffic that is named."""

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:platform:Namespace", name, None, opts)
        namespace = kubernetes.core.v1.Namespace(
            name,
            metadata=metadata(args.name, labels={**args.labels, **POD_SECURITY}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = namespace.metadata.name
        for policy, spec in {"default-deny": deny_all(), "allow-dns": resolve_names(), **args.traffic}.items():
            kubernetes.networking.v1.NetworkPolicy(
                f"{name}-{policy}",
                metadata=metadata(policy, args.name),
                spec=spec,
                opts=pulumi.ResourceOptions(parent=namespace),
            )
        self.register_outputs({"name": self.name})


def deny_all() -> dict[str, Any]:
    """No traffic in or out for any pod."""
    return {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def resolve_names() -> dict[str, Any]:
    """Every pod may ask the cluster's DNS."""
    return {
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [{"to": [from_namespace("kube-system")], "ports": ports(53, "UDP") + ports(53)}],
    }


def from_namespace(name: str) -> dict[str, Any]:
    """A peer: all pods of a namespace (the label is the API server's own)."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def ports(port: int, protocol: str = "TCP") -> list[dict[str, Any]]:
    """One port, as NetworkPolicy writes it."""
    return [{"port": port, "protocol": protocol}]
