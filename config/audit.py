# SPDX-License-Identifier: MPL-2.0
"""Section `gateway.audit`: a record of every request, and what it may hold."""

from typing import Annotated

from pydantic import Field

from .scalars import Hostname, ObjectName
from .section import Section


class Collector(Section):
    """A collector of OpenTelemetry (OTLP over gRPC), over TLS."""

    host: Hostname
    """Its host name, which its certificate names too."""

    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = 4317
    """Its port."""

    ca: ObjectName | None = None
    """Secret of the gateways' namespace with `ca.crt`; the authorities of the system, if left out."""


class Content(Section):
    """Prompts and answers are written down. Personal data: decide it with the municipalities, not for them."""

    collector: Collector
    """Where they go: a collector of their own, as spans of OpenInference."""

    retention_days: Annotated[int, Field(ge=1, le=365, strict=True)]
    """Days after which they are deleted. Every span carries it (`andel.retention_days`); the collector's store holds
    it."""


class Audit(Section):
    """Who, when, which model, how many tokens, how long, what came of it. To the proxies' standard output, always."""

    collector: Collector | None = None
    """Where records go beside standard output."""

    content: Content | None = None
    """Prompts and answers. Left out, nobody sees them."""
