# SPDX-License-Identifier: MPL-2.0
"""Section `gateway.limits`: how tiers are counted, and what happens when nothing can be counted."""

from typing import Annotated, Literal

from pydantic import Field

from .scalars import Hostname, Memory, ObjectName
from .scaling import TimeZone
from .section import Section


class Valkey(Section):
    """A store of the platform's own: one Valkey that writes every count to its disk."""

    kind: Literal["valkey"] = "valkey"

    storage: Memory = "1Gi"
    """Its disk. A thousand members need a few megabytes a year."""

    storage_class: ObjectName | None = None
    """StorageClass of the disk; the cluster's default, if left out."""


class ExternalStore(Section):
    """A replicated Redis or Valkey that the cluster has already, over TLS."""

    kind: Literal["external"]

    host: Hostname
    """Its host name, which its certificate names too."""

    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = 6379
    """Its port."""

    certificate: ObjectName
    """Secret with `tls.crt`, `tls.key` and `ca.crt`, by which the limiter and the store know each other. It stands in
    the gateways' namespace and in that of the proxies."""


Store = Annotated[Valkey | ExternalStore, Field(discriminator="kind")]
"""Where counts are kept."""


class Limits(Section):
    """Counting of requests and tokens, the same for all tiers. The numbers stand in the tiers."""

    time_zone: TimeZone = "Europe/Copenhagen"
    """Zone in which months begin."""

    store: Store = Valkey()
    """Where counts are kept. They outlive restarts of every part."""

    when_down: Literal["allow", "refuse"] = "allow"
    """While limiter or store are down: `allow` serves uncounted, `refuse` answers 503."""

    when_unknown: Literal["within", "beyond"] = "within"
    """While nobody knows what a soft month has left: serve as within it, or as beyond it."""

    budget_cache_seconds: Annotated[int, Field(ge=1, le=300, strict=True)] = 5
    """Longest time for which what a soft month has left is remembered. So much later may a budget's end be noticed."""

    largest_request: Memory = "32Mi"
    """Largest body of a request; more is refused with 413. It is kept in memory while its model is looked up."""

    parallel_requests: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 1024
    """Requests at one time from one gateway replica to one back end; more are refused with 503."""
