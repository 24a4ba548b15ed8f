# SPDX-License-Identifier: MPL-2.0
"""What a stack will stand up, computed without an engine: objects by kind, and models on their pools."""

from collections import Counter

from rich.console import Console

from andel.capacity import model_use, pool_use
from andel.release import release
from andel.tables import table
from components.platform import Platform, PlatformArgs
from config.environment import Environment

from .graph import Registration, graph


def planned(environment: Environment, stack: str = "plan") -> list[Registration]:
    """Every resource of the platform, sorted by URN."""

    def program() -> None:
        Platform("platform", PlatformArgs(environment=environment, release=release(environment.release.name)))

    return graph(program, stack_name=stack)


def kinds(registrations: list[Registration]) -> Counter[str]:
    """How many Kubernetes objects of each kind there are."""
    return Counter(registration.object[0].split(":")[-1] for registration in registrations if registration.object)


def show_plan(environment: Environment, *, stderr: bool = False) -> None:
    """Print kinds and numbers of objects, and the models on their pools."""
    counted = kinds(planned(environment))
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items()))
    Console(stderr=stderr).print(f"the plan: {counted.total()} objects ({listed})", highlight=False)
    table("GPU pools", pool_use(environment), stderr=stderr)
    table("models (memory in GiB of one share)", model_use(environment), stderr=stderr)
