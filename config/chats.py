# SPDX-License-Identifier: MPL-2.0
"""Section `chats`: where the municipalities' chat interfaces are reached."""

from .gateway import Tls
from .scalars import DnsLabel, Hostname, ObjectName
from .section import Section


class Chats(Section):
    """A gateway for chat interfaces, on the cluster of applications. Its hosts are the platform's: nobody takes
    another's."""

    domain: Hostname
    """Each member's chat is at `<slug>.<domain>`."""

    tls: Tls
    """The certificate of `*.<domain>`, in the namespace `andel-system`. An issuer proves a wildcard by DNS alone."""

    class_name: ObjectName = "envoy"
    """GatewayClass of Envoy Gateway on that cluster."""

    proxy_namespace: DnsLabel = "envoy-gateway-system"
    """Namespace of its proxies there; only they reach the chats."""
