# SPDX-License-Identifier: MPL-2.0
"""Rules between monitoring and who brings Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .operators import Managed
from .section import Mistake

if TYPE_CHECKING:
    from .environment import Environment

STACK = "monitoring"
"""Namespace of a managed Prometheus."""


def prometheus_for_nothing(environment: Environment) -> Iterator[Mistake]:
    """A Prometheus that is installed watches something."""
    if isinstance(environment.operators.prometheus, Managed) and environment.monitoring is None:
        path = ("operators", "prometheus", "kind")
        yield Mistake(path, "monitoring is not declared, so it would watch nothing", "declare it, or write existing")


def prometheus_elsewhere(environment: Environment) -> Iterator[Mistake]:
    """The namespace from which metrics may be fetched is the one where Prometheus is."""
    monitoring = environment.monitoring
    if isinstance(environment.operators.prometheus, Managed) and monitoring and monitoring.namespace != STACK:
        wrong = f"a managed Prometheus stands in {STACK}, and only pods of {monitoring.namespace} may fetch metrics"
        yield Mistake(("monitoring", "namespace"), wrong, f"write {STACK}, or leave it out")


def energy_without_a_measure(environment: Environment) -> Iterator[Mistake]:
    """Sleeping models save what their GPUs draw while they wait; without that figure nothing is saved."""
    if environment.monitoring is None or environment.monitoring.energy is None:
        return
    for name, model in environment.models.items():
        pool = environment.pools.get(model.pool)
        if pool is not None and pool.power is None and model.gpus and not model.scaling.least and not model.stopped:
            wrong = f"{name} may sleep, and what a GPU of {model.pool} draws while it waits is not known"
            yield Mistake(("pools", model.pool, "power"), wrong, "declare it: idle and most, in watts")
            return


def figures_without_a_door(environment: Environment) -> Iterator[Mistake]:
    """Who asks for figures is told apart at the edge."""
    if environment.monitoring and environment.monitoring.members and not (environment.gateway and environment.tiers):
        wrong = "nobody says which municipality asks: that is known at the edge, of plans' members"
        yield Mistake(("monitoring", "members"), wrong, "declare gateway and tiers, or leave it out")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    prometheus_for_nothing,
    prometheus_elsewhere,
    energy_without_a_measure,
    figures_without_a_door,
)
"""Rules between monitoring and the rest."""
