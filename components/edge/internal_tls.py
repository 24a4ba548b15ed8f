# SPDX-License-Identifier: MPL-2.0
"""Certificates of hops inside the cluster (cert-manager.io/v1, cert-manager 1.17).

An authority of the platform's own: a ClusterIssuer that signs itself, the authority's certificate, and the
ClusterIssuer that signs with it. Processes read their certificates when they start, so these last for years.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.gateway import Authority, OwnAuthority

from ..metadata import metadata

INTERNAL = "andel-internal"
"""Name of the platform's own authority."""

LIFETIME = "43800h"
"""Five years: neither Valkey nor Authorino reads a renewed certificate before it starts anew."""

AUTHORITY_LIFETIME = "87600h"
"""Ten years."""


@dataclass(frozen=True, kw_only=True)
class InternalCertificate:
    """A certificate of one process."""

    name: str
    """Of the Certificate and of its Secret, with `tls.crt`, `tls.key` and `ca.crt`."""

    namespace: str
    """Namespace of both."""

    hosts: Sequence[str]
    """Names that it is valid for."""

    client: bool = False
    """Whether its holder also calls others with it."""


@dataclass(frozen=True, kw_only=True)
class InternalTlsArgs:
    """Who signs, and what for."""

    authority: Authority
    """The section of the gateway."""

    certificates: Sequence[InternalCertificate]
    """All certificates."""


class InternalTls(pulumi.ComponentResource):
    """The authority, where it is the platform's own, and all certificates."""

    def __init__(self, name: str, args: InternalTlsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:edge:InternalTls", name, None, opts)
        if isinstance(args.authority, OwnAuthority):
            for role, kind, placed, spec in authority(args.authority):
                _object(f"{name}-{role}", kind, placed, spec, self)
        for one in args.certificates:
            _object(
                f"{name}-{one.name}-in-{one.namespace}",
                "Certificate",
                metadata(one.name, one.namespace),
                certificate(one, issuer(args.authority)),
                self,
            )
        self.register_outputs({})


def _object(name: str, kind: str, placed: dict[str, Any], spec: dict[str, Any], parent: pulumi.Resource) -> None:
    kubernetes.apiextensions.CustomResource(
        name,
        api_version="cert-manager.io/v1",
        kind=kind,
        metadata=placed,
        spec=spec,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def issuer(authority: Authority) -> str:
    """ClusterIssuer that signs."""
    return INTERNAL if isinstance(authority, OwnAuthority) else authority.name


def authority(section: OwnAuthority) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """An authority of one's own, as (role, kind, metadata, spec)."""
    root = f"{INTERNAL}-root"
    spec = {
        "isCA": True,
        "commonName": INTERNAL,
        "secretName": INTERNAL,
        "duration": AUTHORITY_LIFETIME,
        "privateKey": {"algorithm": "ECDSA", "size": 256},
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": root},
    }
    return [
        ("root", "ClusterIssuer", metadata(root), {"selfSigned": {}}),
        ("authority", "Certificate", metadata(INTERNAL, section.namespace), spec),
        ("issuer", "ClusterIssuer", metadata(INTERNAL), {"ca": {"secretName": INTERNAL}}),
    ]


def certificate(one: InternalCertificate, signed_by: str) -> dict[str, Any]:
    """A Certificate."""
    return {
        "secretName": one.name,
        "dnsNames": list(one.hosts),
        "duration": LIFETIME,
        "usages": ["digital signature", "server auth", *(["client auth"] if one.client else [])],
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": signed_by},
    }
