# SPDX-License-Identifier: MPL-2.0
"""Section `monitoring`: what Prometheus is told to watch."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from .scalars import DnsLabel, LabelKey, LabelValue, Url
from .section import Section


class Traces(Section):
    """Where spans go (OpenTelemetry)."""

    endpoint: Url
    """OTLP over gRPC, as `http://otel-collector.monitoring.svc:4317`."""

    share: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.05")
    """Part of the requests that is traced, where nobody decided it before."""


class Monitoring(Section):
    """Monitors for the Prometheus operator that the cluster has."""

    namespace: DnsLabel = "monitoring"
    """Namespace of Prometheus; only its pods may fetch the models' metrics."""

    interval_seconds: Annotated[int, Field(ge=5, le=300, strict=True)] = 15
    """Time between two fetches."""

    labels: dict[LabelKey, LabelValue] = {}
    """Labels by which Prometheus selects monitors, as `release: kube-prometheus-stack`."""

    prometheus: Url | None = None
    """Prometheus as pods reach it. Models that scale by load are counted there."""

    traces: Traces | None = None
    """Where spans go. Left out, nothing is traced."""
