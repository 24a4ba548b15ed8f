# SPDX-License-Identifier: MPL-2.0
"""Section `gateway`: the one address of all models."""

from typing import Annotated, Literal

from pydantic import Field

from .scalars import DnsLabel, Hostname, ObjectName
from .section import Section


class Issuer(Section):
    """cert-manager makes the certificate and renews it."""

    kind: Literal["issuer"]

    name: ObjectName
    """The issuer."""

    scope: Literal["ClusterIssuer", "Issuer"] = "ClusterIssuer"
    """Its kind; an `Issuer` stands in the gateway's namespace."""


class Certificate(Section):
    """Somebody else puts the certificate into a Secret of the gateway's namespace."""

    kind: Literal["secret"]

    name: ObjectName
    """The Secret, of type `kubernetes.io/tls`."""


Tls = Annotated[Issuer | Certificate, Field(discriminator="kind")]


class Gateway(Section):
    """The edge, which clients call, and the inner gateway, to which KServe attaches its own routes."""

    host: Hostname
    """Host name of the API: clients use `https://<host>/v1`."""

    class_name: ObjectName = "envoy"
    """GatewayClass of Envoy Gateway."""

    proxy_namespace: DnsLabel = "envoy-gateway-system"
    """Namespace in which Envoy Gateway runs its proxies; only they may reach the models."""

    tls: Tls
    """The certificate of the host. There is no listener without TLS."""

    request_timeout_seconds: Annotated[int, Field(ge=1, le=3600, strict=True)] = 300
    """Longest time for a whole answer. Streams of long answers need minutes; Envoy AI Gateway's own default is 60 s."""

    stream_idle_seconds: Annotated[int, Field(ge=1, le=3600, strict=True)] = 300
    """Longest silence of an answer, the wait for its first token included: queues and loading count. A stream that is
    silent longer is cut off."""
