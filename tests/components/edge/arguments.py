# SPDX-License-Identifier: MPL-2.0
"""Arguments of the edge's parts, as short as a test can say them."""

from typing import Any

from andel.release.epp import GIE_1_5
from components.edge.auth_config import AuthConfigArgs
from components.edge.edge import EdgeArgs
from config.gateway import Gateway
from config.monitoring import Monitoring
from config.municipalities import Member
from config.tiers import Tier

IMAGES = {role: f"registry.example.dk/{role}:v1" for role in ("authorino", "ratelimit", "envoy", "valkey")}


def tier(beyond: str = "soft", priority: int = 1, **changes: Any) -> Tier:
    """A plan."""
    plain = {
        "priority": priority,
        "requestsPerMinute": 6,
        "tokensPerMinute": 100,
        "month": {"tokens": 1000, "beyond": beyond},
        "concurrency": 2,
        "contextTokens": 64,
        "outputTokens": 16,
        "models": ["m"],
    }
    return Tier.model_validate({**plain, **changes})


TIERS = {"plus": tier("soft", 2), "basis": tier("hard", 1)}
MEMBERS = {"aarhus": Member(name="Aarhus", tier="plus"), "odense": Member(name="Odense", tier="basis")}


def gateway(**changes: Any) -> Gateway:
    """A section of the gateway."""
    return Gateway.model_validate({"host": "api.example.dk", "tls": {"kind": "secret", "name": "tls"}, **changes})


def edge_args(**changes: Any) -> EdgeArgs:
    """All of the edge."""
    return EdgeArgs(
        inner_tls="inner-tls",
        inner_host="andel-inner.proxies.svc.cluster.local",
        name="edge",
        gateway=gateway(**changes),
        members=MEMBERS,
        tiers=TIERS,
        dialect=GIE_1_5,
        monitoring=Monitoring.model_validate({"prometheus": "http://prometheus.monitoring.svc:9090", "members": {}}),
        images=IMAGES,
    )


def auth_args(tiers: dict[str, Tier] | None = None, **changes: Any) -> AuthConfigArgs:
    """What identity is decided by."""
    return AuthConfigArgs(
        gateway=gateway(**changes),
        members=MEMBERS,
        tiers=TIERS if tiers is None else tiers,
        dialect=GIE_1_5,
        budget_url="https://budget.example/json",
    )
