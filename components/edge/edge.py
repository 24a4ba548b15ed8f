# SPDX-License-Identifier: MPL-2.0
"""All that stands between callers and models on the Gateway `edge`, part by part."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from andel.release.pins import EppDialect
from config.gateway import Gateway
from config.limits import Valkey
from config.monitoring import MemberFigures, Monitoring
from config.municipalities import Member
from config.names import GATEWAY
from config.tiers import Tier

from ..proxies import InnerWall, InnerWallArgs
from . import authorino, budget, figures, store
from .auth_config import AuthConfigArgs, soft_tiers
from .authorino import Authorino, AuthorinoArgs
from .budget import Budget, BudgetArgs
from .client_traffic import ClientTraffic, ClientTrafficArgs
from .figures import Figures, FiguresArgs
from .identity import EdgeIdentity, IdentityArgs
from .internal_tls import InternalCertificate, InternalTls, InternalTlsArgs
from .limits import EdgeLimits, EdgeLimitsArgs
from .script import EdgeScript, EdgeScriptArgs
from .store import Counts, CountsArgs
from .turn_of_year import TurnOfYear, TurnOfYearArgs


@dataclass(frozen=True, kw_only=True)
class EdgeArgs:
    """What the edge is made of."""

    name: str
    """Name of the Gateway."""

    gateway: Gateway
    """Its section."""

    inner_tls: str
    """Secret with the certificate of the inner gateway."""

    inner_host: str
    """Host for which that one is valid."""

    members: Mapping[str, Member]
    """The register."""

    tiers: Mapping[str, Tier]
    """The plans."""

    dialect: EppDialect
    """The release's picker."""

    monitoring: Monitoring | None
    """Whether municipalities see figures and whose, and where Prometheus stands."""

    images: Mapping[str, str]
    """References of the release's images, by role."""


class Edge(pulumi.ComponentResource):
    """Certificates, identity, store and limits, what is let in, the script, and the wall around the inner gateway."""

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:edge:Edge", name, None, opts)
        self._name, self._args = name, args
        self._certify()
        self._identify()
        if args.tiers:
            self._count()
        limits = EdgeLimitsArgs(gateway=args.name, tiers=args.tiers, limits=args.gateway.limits)
        EdgeLimits(f"{name}-limits", limits, self._child())
        clients = ClientTrafficArgs(name=args.name, gateway=args.gateway)
        ClientTraffic(f"{name}-clients", clients, self._child())
        script = EdgeScriptArgs(gateway=args.name, tiers=args.tiers)
        EdgeScript(f"{name}-script", script, self._child())
        wall = InnerWallArgs(gateway=args.gateway, monitoring=args.monitoring)
        InnerWall(f"{name}-inner-wall", wall, self._child())
        if args.monitoring is not None and args.monitoring.members is not None:
            self._show(args.monitoring, args.monitoring.members)
        self.register_outputs({})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _certify(self) -> None:
        args = InternalTlsArgs(authority=self._args.gateway.authority, certificates=certificates(self._args))
        InternalTls(f"{self._name}-tls", args, self._child())

    def _identify(self) -> None:
        args, section = self._args, self._args.gateway
        if section.identity.service is None:
            own = AuthorinoArgs(namespace=GATEWAY, replicas=section.identity.replicas, images=args.images)
            Authorino(f"{self._name}-authorino", own, self._child())
        decided = AuthConfigArgs(
            gateway=section,
            members=args.members,
            tiers=args.tiers,
            dialect=args.dialect,
            budget_url=budget.url(GATEWAY),
        )
        identity = IdentityArgs(gateway=args.name, auth_config=decided, service=section.identity.service)
        EdgeIdentity(f"{self._name}-identity", identity, self._child())

    def _count(self) -> None:
        args, section = self._args, self._args.gateway.limits.store
        place = {"store": store.address(section, GATEWAY), "store_secret": store.client_secret(section)}
        if isinstance(section, Valkey):
            counts = CountsArgs(namespace=GATEWAY, store=section, images=args.images)
            Counts(f"{self._name}-store", counts, self._child())
        if soft_tiers(args.tiers):
            asked = BudgetArgs(namespace=GATEWAY, tiers=args.tiers, images=args.images, **place)
            Budget(f"{self._name}-budget", asked, self._child())
        carried = TurnOfYearArgs(namespace=GATEWAY, images=args.images, **place)
        TurnOfYear(f"{self._name}-turn-of-year", carried, self._child())

    def _show(self, monitoring: Monitoring, section: MemberFigures) -> None:
        shown = FiguresArgs(
            namespace=GATEWAY,
            gateway=self._args.name,
            section=section,
            prometheus=monitoring.prometheus or "",
            images=self._args.images,
        )
        Figures(f"{self._name}-figures", shown, self._child())


def certificates(args: EdgeArgs) -> list[InternalCertificate]:
    """Certificates of the parts that the platform brings."""
    service = f"{authorino.AUTHORINO}.{GATEWAY}.svc"
    made = [InternalCertificate(name=args.inner_tls, namespace=GATEWAY, hosts=(args.inner_host,))]
    hosts: tuple[str, ...]
    if args.gateway.identity.service is None:
        hosts = (f"{service}.cluster.local", service)
        made.append(InternalCertificate(name=authorino.CERTIFICATE, namespace=GATEWAY, hosts=hosts))
    if soft_tiers(args.tiers):
        hosts = budget.hosts(GATEWAY)
        made.append(InternalCertificate(name=budget.CERTIFICATE, namespace=GATEWAY, hosts=hosts))
    if args.monitoring is not None and args.monitoring.members is not None:
        made.append(InternalCertificate(name=figures.CERTIFICATE, namespace=GATEWAY, hosts=figures.hosts(GATEWAY)))
    if args.tiers and isinstance(args.gateway.limits.store, Valkey):
        hosts = store.hosts(GATEWAY)
        # As a client of itself too: its probes are.
        made.append(InternalCertificate(name=store.STORE, namespace=GATEWAY, hosts=hosts, client=True))
        made += [
            InternalCertificate(name=store.CLIENT, namespace=namespace, hosts=(store.CLIENT,), client=True)
            for namespace in (GATEWAY, args.gateway.proxy_namespace)
        ]
    return made
