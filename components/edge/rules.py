# SPDX-License-Identifier: MPL-2.0
"""The limits of all tiers as rules of Envoy Gateway's global rate limit (v1.8), and the names of their counters.

Three rules a tier, whatever the number of members: selectors are the tier (exact) and the municipality (distinct, a
counter each). Only POST is counted: lists of models are free, past every limit too.

Names of counters are Envoy Gateway's own (source: v1.8.3, internal/xds/translator/ratelimit.go,
`getRouteRuleDescriptor`, `getRouteRuleMethodDescriptor`, `stripRuleIndexSuffix`).
"""

from collections.abc import Mapping
from typing import Any

from config.names import GATEWAY
from config.tiers import Tier

from .headers import MUNICIPALITY, PERIOD, TIER

POLICY = "edge-limits"
"""Name of the BackendTrafficPolicy."""

DOMAIN = f"{GATEWAY}/{POLICY}"
"""Domain of shared rules in the limiter."""

METADATA = {"namespace": "io.envoy.ai_gateway", "key": "llm_total_token"}
"""Where the AI Gateway writes what a request cost, prompt and answer together."""

RULES_A_TIER = 3
"""Requests a minute, tokens a minute, tokens a month."""


def rules(tiers: Mapping[str, Tier]) -> list[dict[str, Any]]:
    """Every rule, tier by tier in the order of their names.

    A rule's place is part of its counters' names: a new tier, or one less, lets those after it count from nothing.
    """
    return [rule for name, tier in sorted(tiers.items()) for rule in of_tier(name, tier)]


def of_tier(name: str, tier: Tier) -> list[dict[str, Any]]:
    """Rules of a tier. Tokens are counted when an answer has ended; before, only whether any are left is looked up."""
    return [
        _rule(name, (), tier.requests_per_minute, "Minute"),
        {**_rule(name, (), tier.tokens_per_minute, "Minute"), "cost": tokens()},
        {
            **_rule(name, (PERIOD,), tier.month.tokens, "Year"),
            "cost": tokens(),
            # A soft month is counted and never refused: Authorino asks what is left and lowers the rank.
            **({"shadowMode": True} if tier.month.beyond == "soft" else {}),
        },
    ]


def _rule(tier: str, distinct: tuple[str, ...], limit: int, unit: str) -> dict[str, Any]:
    headers = [
        {"name": TIER, "type": "Exact", "value": tier},
        *({"name": name, "type": "Distinct"} for name in (MUNICIPALITY, *distinct)),
    ]
    return {
        "clientSelectors": [{"headers": headers, "methods": [{"value": "POST"}]}],
        "limit": {"requests": limit, "unit": unit},
        "shared": True,
    }


def tokens() -> dict[str, Any]:
    """A cost of nothing before, and of all tokens after."""
    return {
        "request": {"from": "Number", "number": 0},
        "response": {"from": "Metadata", "metadata": METADATA},
    }


def month_rule(tiers: Mapping[str, Tier], tier: str) -> int:
    """Place of a tier's month among all rules."""
    return sorted(tiers).index(tier) * RULES_A_TIER + 2


def month_entries(rule: int, municipality: str, period: str) -> list[tuple[str, str]]:
    """Keys and values of the counter of a municipality's month, as Envoy sends them to the limiter."""
    name, place = f"{DOMAIN}/rule/{rule}", f"rule-{rule}"
    return [
        (name, name),
        (f"{place}-match-0", f"{place}-match-0"),
        (f"{place}-match-1", municipality),
        (f"{place}-match-2", period),
        (f"{place}-method", f"{place}-method"),
    ]
