# SPDX-License-Identifier: MPL-2.0
"""Section `gateway`: the one address of all models."""

from typing import Annotated, Literal

from pydantic import Field

from .audit import Audit
from .identity import Identity
from .limits import Limits
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


class OwnAuthority(Section):
    """The platform makes an authority of its own (cert-manager, ClusterIssuer `andel-internal`)."""

    kind: Literal["own"] = "own"

    namespace: DnsLabel = "cert-manager"
    """Namespace in which cert-manager keeps the keys of ClusterIssuers (its `--cluster-resource-namespace`)."""


class ClusterAuthority(Section):
    """A ClusterIssuer of the cluster that issues for names inside it (`*.svc`)."""

    kind: Literal["cluster-issuer"]

    name: ObjectName
    """Its name. Its certificates carry `ca.crt`, as those of an ACME issuer don't."""


Authority = Annotated[OwnAuthority | ClusterAuthority, Field(discriminator="kind")]
"""Who makes the certificates of hops inside the cluster."""


class Gateway(Section):
    """The edge, which clients call, and the inner gateway, to which models' own routes attach."""

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

    replicas: Annotated[int, Field(ge=1, le=20, strict=True)] = 2
    """Proxies of the edge."""

    trusted_hops: Annotated[int, Field(ge=0, le=10, strict=True)] = 0
    """Load balancers in front that write `X-Forwarded-For`. 0: callers reach the edge itself, and what they write is
    thrown away."""

    authority: Authority = OwnAuthority()
    """Who makes the certificates of hops inside the cluster."""

    identity: Identity = Identity()
    """Who may call."""

    limits: Limits = Limits()
    """How tiers are held."""

    audit: Audit = Audit()
    """What is written down of every request."""
