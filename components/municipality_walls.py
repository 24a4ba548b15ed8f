# SPDX-License-Identifier: MPL-2.0
"""The walls of a member on one cluster, which the platform builds and its own stack furnishes.

A namespace that denies by default both ways and is *restricted*; a quota and limits; the account as which the
municipality's stack runs, whose rights end here; and the route of its chat, so that its host is nobody else's to name.
What it can't write is as much a part of that: NetworkPolicies, quotas, routes, service accounts, anything of a cluster.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.chats import Chats
from config.names import ACCOUNT, CHAT, CHAT_PORT, MEMBER, MUNICIPALITY, SYSTEM
from config.walls import Egress, Walls

from .chat_gateway import CHATS
from .metadata import metadata
from .namespace import Namespace, NamespaceArgs, ports
from .proxies import HTTPS, edge_proxies, proxies_of

WRITE = ["get", "list", "watch", "create", "update", "patch", "delete"]
READ = ["get", "list", "watch"]

RIGHTS: tuple[tuple[str, tuple[str, ...], list[str]], ...] = (
    ("", ("configmaps", "secrets", "services", "persistentvolumeclaims"), WRITE),
    ("apps", ("deployments",), WRITE),
    ("policy", ("poddisruptionbudgets",), WRITE),
    # Rights of its own staff. The API server lets nobody give more than they have.
    ("rbac.authorization.k8s.io", ("roles", "rolebindings"), WRITE),
    ("", ("pods", "pods/log", "events", "endpoints", "resourcequotas", "limitranges"), READ),
    ("apps", ("replicasets",), READ),
    ("discovery.k8s.io", ("endpointslices",), READ),
    ("networking.k8s.io", ("networkpolicies",), READ),
    ("gateway.networking.k8s.io", ("httproutes",), READ),
)
"""What the account may do in its namespace, by API group: what its stack writes, and what the engine waits for."""


@dataclass(frozen=True, kw_only=True)
class MunicipalityWallsArgs:
    """A member on a cluster."""

    slug: str
    """Its slug."""

    walls: Walls
    """Its room."""

    egress: tuple[Egress, ...]
    """Places outside that its pods may reach."""

    gpu_resources: tuple[str, ...]
    """Extended resources of the pools: none is for its pods."""

    proxies: str | None
    """Namespace of the edge's proxies, where they stand on this cluster."""

    chats: Chats | None
    """Where its chat is reached, if it is on this cluster."""


class MunicipalityWalls(pulumi.ComponentResource):
    """Namespace, quota, limits, account, and the route of the chat."""

    def __init__(self, name: str, args: MunicipalityWallsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:municipality:MunicipalityWalls", name, None, opts)
        inside = namespace(args.slug)
        walled = NamespaceArgs(name=inside, labels={MUNICIPALITY: args.slug}, traffic=traffic(args))
        home = Namespace(f"{name}-namespace", walled, pulumi.ResourceOptions(parent=self))
        child = pulumi.ResourceOptions(parent=self, depends_on=[home])
        kubernetes.core.v1.ResourceQuota(
            f"{name}-quota", metadata=metadata("room", inside), spec={"hard": hard(args)}, opts=child
        )
        kubernetes.core.v1.LimitRange(
            f"{name}-limits", metadata=metadata("containers", inside), spec=limits(args.walls), opts=child
        )
        self._admit_stack(name, inside, child)
        if args.chats is not None:
            kubernetes.apiextensions.CustomResource(
                f"{name}-route",
                api_version="gateway.networking.k8s.io/v1",
                kind="HTTPRoute",
                metadata=metadata(CHAT, inside),
                spec=route(args.slug, args.chats),
                opts=child,
            )
        self.register_outputs({})

    def _admit_stack(self, name: str, inside: str, child: pulumi.ResourceOptions) -> None:
        """The account of the municipality's own stack. Its tokens are asked for, for a while; no Secret holds one."""
        placed = metadata(ACCOUNT, inside)
        kubernetes.core.v1.ServiceAccount(
            f"{name}-account", metadata=placed, automount_service_account_token=False, opts=child
        )
        kubernetes.rbac.v1.Role(f"{name}-role", metadata=placed, rules=rights(), opts=child)
        kubernetes.rbac.v1.RoleBinding(
            f"{name}-binding",
            metadata=placed,
            role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ACCOUNT},
            subjects=[{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": inside}],
            opts=child,
        )


def namespace(slug: str) -> str:
    """A member's namespace."""
    return f"{MEMBER}{slug}"


def rights() -> list[dict[str, Any]]:
    """Rules of the account's Role."""
    return [{"apiGroups": [group], "resources": list(names), "verbs": verbs} for group, names, verbs in RIGHTS]


FURNITURE = ("services", "persistentvolumeclaims", "deployments.apps", "poddisruptionbudgets.policy")
"""Kinds that are counted, beside those that have a number of their own."""

REPLICA_SETS = 12
"""ReplicaSets of a Deployment while it changes: ten earlier ones (source: Kubernetes, `revisionHistoryLimit`), the one
before and the next."""


def hard(args: MunicipalityWallsArgs) -> dict[str, str]:
    """The quota: room, every kind that the account writes, no GPU, and no Service that reaches outside the cluster by
    itself."""
    walls = args.walls
    return {
        "requests.cpu": walls.cpu,
        "requests.memory": walls.memory,
        "limits.memory": walls.memory,
        "requests.storage": walls.storage,
        "pods": str(walls.pods),
        "count/secrets": str(walls.secrets),
        "count/configmaps": str(walls.objects),
        **{f"count/{kind}": str(walls.furniture) for kind in FURNITURE},
        "count/replicasets.apps": str(REPLICA_SETS * walls.furniture),
        # The account's own stand beside them.
        **{f"count/{kind}.rbac.authorization.k8s.io": str(walls.furniture + 1) for kind in ("roles", "rolebindings")},
        "services.loadbalancers": "0",
        "services.nodeports": "0",
        **{f"requests.{resource}": "0" for resource in args.gpu_resources},
    }


def limits(walls: Walls) -> dict[str, Any]:
    """What a container has that doesn't say, and the most that one may have."""
    return {
        "limits": [
            {
                "type": "Container",
                "default": {"memory": walls.container_memory},
                "defaultRequest": {"cpu": walls.container_cpu, "memory": walls.container_memory},
                "max": {"memory": walls.memory},
            }
        ]
    }


def traffic(args: MunicipalityWallsArgs) -> Mapping[str, Mapping[str, Any]]:
    """What passes the walls beside names: pods of the namespace among each other, the API, the chat, places by name."""
    among: dict[str, Any] = {"podSelector": {}}
    passed: dict[str, Mapping[str, Any]] = {
        "allow-same-namespace": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [among]}],
            "egress": [{"to": [among]}],
        }
    }
    if args.proxies is not None:
        # The edge's alone: beside them stands the inner gateway, which asks nobody who they are.
        to = {"to": [edge_proxies(args.proxies)], "ports": HTTPS}
        passed["allow-api"] = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [to]}
    if args.chats is not None:
        proxies = [proxies_of(CHATS, SYSTEM, args.chats.proxy_namespace)]
        passed["allow-chat"] = {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": CHAT}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": proxies, "ports": ports(CHAT_PORT)}],
        }
    if args.egress:
        rules = [{"to": [{"ipBlock": {"cidr": one.cidr}}], "ports": ports(one.port)} for one in args.egress]
        passed["allow-egress"] = {"podSelector": {}, "policyTypes": ["Egress"], "egress": rules}
    return passed


def route(slug: str, chats: Chats) -> dict[str, Any]:
    """The chat's host leads to the Service of that name here, whether the municipality has one yet or not."""
    return {
        "parentRefs": [{"name": CHATS, "namespace": SYSTEM}],
        "hostnames": [f"{slug}.{chats.domain}"],
        "rules": [{"backendRefs": [{"name": CHAT, "port": CHAT_PORT}]}],
    }
