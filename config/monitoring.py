# SPDX-License-Identifier: MPL-2.0
"""Section `monitoring`: what Prometheus is told to watch."""

from typing import Annotated

from pydantic import Field

from .scalars import DnsLabel, LabelKey, LabelValue
from .section import Section


class Monitoring(Section):
    """Monitors for the Prometheus operator that the cluster has."""

    namespace: DnsLabel = "monitoring"
    """Namespace of Prometheus; only its pods may fetch the models' metrics."""

    interval_seconds: Annotated[int, Field(ge=5, le=300, strict=True)] = 15
    """Time between two fetches."""

    labels: dict[LabelKey, LabelValue] = {}
    """Labels by which Prometheus selects monitors, as `release: kube-prometheus-stack`."""
