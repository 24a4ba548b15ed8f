# SPDX-License-Identifier: MPL-2.0
"""Section `guardrail`: a service of one's own that sees each request before it is forwarded, and may refuse it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from .scalars import Count, DnsLabel, Hostname, ObjectName
from .section import Mistake, Section

if TYPE_CHECKING:
    from .environment import Environment


class GuardrailTls(Section):
    """How the service proves who it is."""

    authorities: ObjectName
    """ConfigMap in the gateway's namespace whose key `ca.crt` holds the authorities of its certificate."""

    host: Hostname
    """Name that stands in the certificate, as `guardrail.safety.svc`."""


class _Guardrail(Section):
    """What both kinds of service say."""

    service: DnsLabel
    """Its Service."""

    namespace: DnsLabel
    """Namespace of the Service. Its own walls must let the proxies' namespace in."""

    port: Annotated[int, Field(ge=1, le=65535, strict=True)]
    """Port of the Service; it speaks gRPC."""

    failure: Literal["closed", "open"] = "closed"
    """What happens to a request when it does not answer: `closed` refuses it, `open` lets it pass unseen."""

    timeout_seconds: Annotated[Decimal, Field(gt=0, le=60, decimal_places=3)] = Decimal(1)
    """Longest wait for an answer of it."""

    tls: GuardrailTls | None
    """Certificate that it must show. `null` speaks in the clear, within the cluster: an exception to be reasoned."""


class Processor(_Guardrail):
    """An external processor (Envoy's ext_proc) at the edge: sees requests, may change or refuse them."""

    kind: Literal["processor"]

    sees: Literal["headers", "body"] = "headers"
    """`headers`: who asks for what. `body`: the prompt too, kept whole in memory until the service has answered."""


class Authorization(_Guardrail):
    """An external authorization (Envoy's ext_authz) at the inner gateway: a plain yes or no. The edge's own is taken by
    identity, and a listener has one."""

    kind: Literal["authorization"]

    body_bytes: Annotated[Count, Field(le=10 * 2**20)] | None = None
    """Bytes of the largest body that it is shown; larger requests are refused with 413. Left out, it sees headers."""


Guardrail = Annotated[Processor | Authorization, Field(discriminator="kind")]


def guardrails_without_a_gateway(environment: Environment) -> Iterator[Mistake]:
    """What stands before forwarding needs something that forwards."""
    if environment.guardrail is not None and environment.gateway is None:
        yield Mistake(("guardrail",), "there is no gateway that forwards anything", "declare gateway, or take it away")


def guardrails_that_overflow_passes_by(environment: Environment) -> Iterator[Mistake]:
    """What overflows leaves from the edge: a service at the inner gateway would not be asked when that one is down."""
    if isinstance(environment.guardrail, Authorization) and environment.overflow:
        wrong = "authorization stands at the inner gateway, and what overflows does not always pass there"
        yield Mistake(("guardrail", "kind"), wrong, "write processor, or take overflow away")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    guardrails_without_a_gateway,
    guardrails_that_overflow_passes_by,
)
"""Rules of guardrails."""
