# SPDX-License-Identifier: MPL-2.0
"""Rules of routes: what waits must be allowed to wait, and what a route can tell apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .section import Mistake
from .serving import LlmD

if TYPE_CHECKING:
    from .environment import Environment


def holds_beyond_the_gateway(environment: Environment) -> Iterator[Mistake]:
    """A request that a picker holds is silent: the gateway must not end it first."""
    gateway = environment.gateway
    if gateway is None:
        return
    for name, model in environment.models.items():
        flow = model.serving.flow_control if isinstance(model.serving, LlmD) else None
        if flow is None:
            continue
        for field, seconds in (
            ("requestTimeoutSeconds", gateway.request_timeout_seconds),
            ("streamIdleSeconds", gateway.stream_idle_seconds),
        ):
            if flow.hold_seconds > seconds:
                path = ("models", name, "serving", "flowControl", "holdSeconds")
                wrong = f"a request is held {flow.hold_seconds} s, and the gateway's {field} ends it after {seconds} s"
                yield Mistake(path, wrong, f"write {seconds} or less, or raise the gateway's")
                break


MOST_TIERS = 15
"""Rules of an HTTPRoute beside one that answers everybody else (Gateway API v1.5: 16)."""


def tiers_beyond_a_route(environment: Environment) -> Iterator[Mistake]:
    """One route says which models a caller may use, by tier."""
    if len(environment.tiers) > MOST_TIERS:
        wrong = f"{len(environment.tiers)} tiers are more than one route tells apart"
        yield Mistake(("tiers",), wrong, f"write {MOST_TIERS} or fewer")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (holds_beyond_the_gateway, tiers_beyond_a_route)
"""Rules of routes."""
