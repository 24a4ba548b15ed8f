# SPDX-License-Identifier: MPL-2.0
"""Which rule of a route takes a request, as Envoy Gateway v1.8.3 chooses: its order is written after
`internal/gatewayapi/sort.go` (path, number of headers, number of exact ones)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

Rule = dict[str, Any]


def chosen(rules: Iterable[Rule], headers: Mapping[str, str], path: str = "/v1/chat/completions") -> Rule | None:
    """The rule of the most specific match that a request meets; None is the gateway's own 404."""
    met = [
        (weight(match), rule)
        for rule in rules
        for match in rule["matches"]
        if on_path(match, path) and all(holds(one, headers) for one in match.get("headers", []))
    ]
    return max(met, key=lambda one: one[0], default=(None, None))[1]


def weight(match: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """How specific a match is."""
    headers, path = match.get("headers", []), match.get("path", {"type": "PathPrefix", "value": "/"})
    exact = sum(one.get("type", "Exact") == "Exact" for one in headers)
    return path["type"] == "Exact", len(path["value"]), len(headers), exact


def on_path(match: Mapping[str, Any], path: str) -> bool:
    """Whether a request's path meets a match."""
    wanted = match.get("path", {"type": "PathPrefix", "value": "/"})
    value = wanted["value"].rstrip("/")
    return path == wanted["value"] if wanted["type"] == "Exact" else path == value or path.startswith(f"{value}/")


def holds(match: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    """Whether a request's header meets a match: Envoy compares expressions with the whole value (RE2, full match)."""
    value = headers.get(match["name"])
    if value is None:
        return False
    return (
        bool(re.fullmatch(match["value"], value)) if match["type"] == "RegularExpression" else value == match["value"]
    )


def names(rule: Rule | None) -> list[str]:
    """Back ends of a rule; none is a 404."""
    return [backend["name"] for backend in rule["backendRefs"]] if rule else []
