# SPDX-License-Identifier: MPL-2.0
"""Promises over 30 days, and how fast their budgets burn (source: Google's SRE workbook, chapter 5, table 5-8).

An alert needs a long window, that it matters, and a short one, that it still goes on.
"""

from dataclasses import dataclass
from decimal import Decimal

from config.monitoring import Objectives

from .recording import Rule, record

EDGE = 'envoy_cluster_name=~"httproute/andel-gateway/.+"'
"""Upstreams of the edge's routes (source: Envoy Gateway, names of clusters)."""

WINDOWS = ("5m", "30m", "1h", "6h", "3d")


@dataclass(frozen=True)
class Burn:
    """A pair of windows, and the rate at which the budget would be gone too soon."""

    rate: Decimal
    long: str
    short: str
    severity: str


BURNS = {
    "Fast": Burn(Decimal("14.4"), "1h", "5m", "critical"),
    "Steady": Burn(Decimal(6), "6h", "30m", "critical"),
    "Slow": Burn(Decimal(1), "3d", "6h", "warning"),
}
"""2 % of the budget in an hour, 5 % in six hours, 10 % in three days."""


def errors(objectives: Objectives) -> list[Rule]:
    """Parts of requests that broke a promise, for every window."""
    bound = bucket(objectives.first_token_seconds)
    rules = []
    for window in WINDOWS:
        late = f'sum(rate(vllm:time_to_first_token_seconds_bucket{{le="{bound}"}}[{window}]))'
        begun = f"sum(rate(vllm:time_to_first_token_seconds_count[{window}]))"
        failed = f'sum(rate(envoy_cluster_upstream_rq_xx{{{EDGE},envoy_response_code_class="5"}}[{window}]))'
        asked = f"sum(rate(envoy_cluster_upstream_rq_xx{{{EDGE}}}[{window}]))"
        rules += [
            record(f"andel:first_token_errors:ratio{window}", f"1 - {late} / ({begun} > 0)"),
            record(f"andel:request_errors:ratio{window}", f"({failed} or vector(0)) / ({asked} > 0)"),
        ]
    return rules


def bucket(seconds: Decimal) -> str:
    """A bound as Prometheus clients write it: always with a point."""
    return str(float(seconds))
