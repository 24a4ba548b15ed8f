# SPDX-License-Identifier: MPL-2.0
"""What a stack will stand up, computed without an engine: something to read while the lab builds."""

from collections import Counter

from rich.console import Console

from andel.capacity import model_use, pool_use
from andel.preview.graph import graph
from andel.release import release
from andel.tables import table
from components.platform import Platform, PlatformArgs
from config.environment import Environment


def show_plan(environment: Environment) -> None:
    """Print kinds and numbers of objects, and the models on their pools."""

    def program() -> None:
        Platform("platform", PlatformArgs(environment=environment, release=release(environment.release.name)))

    kinds = Counter(registration.object[0].split(":")[-1] for registration in graph(program) if registration.object)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    Console(stderr=True).print(f"the plan: {sum(kinds.values())} objects ({listed})", highlight=False)
    table("GPU pools", pool_use(environment), stderr=True)
    table("models (memory in GiB of one share)", model_use(environment), stderr=True)
