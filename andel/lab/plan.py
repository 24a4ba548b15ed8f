# SPDX-License-Identifier: MPL-2.0
"""What a stack will stand up, computed without an engine: something to read while the lab builds."""

from collections import Counter

from rich.console import Console
from rich.table import Table

from andel.preview.graph import graph
from andel.release import release
from components.platform import Platform, PlatformArgs
from config.environment import Environment


def show_plan(environment: Environment) -> None:
    """Print kinds and numbers of objects, and the models on their pools."""

    def program() -> None:
        Platform("platform", PlatformArgs(environment=environment, release=release(environment.release.name)))

    kinds = Counter(registration.object[0].split(":")[-1] for registration in graph(program) if registration.object)
    console = Console(stderr=True)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    console.print(f"the plan: {sum(kinds.values())} objects ({listed})", highlight=False)
    console.print(models_table(environment))


def models_table(environment: Environment) -> Table:
    """Models with their kind, pool, replicas and memory."""
    table = Table(title="models", title_justify="left")
    for column in ("model", "task", "served by", "pool", "replicas", "GPU shares", "GiB of a share"):
        table.add_column(column, justify="right" if column in ("replicas", "GPU shares", "GiB of a share") else "left")
    for name, model in environment.models.items():
        usable = environment.pools[model.pool].share_memory * model.gpu_memory_utilization
        table.add_row(
            name,
            model.task,
            model.serving.kind,
            model.pool,
            str(model.scaling.replicas),
            str(model.shares),
            f"{model.memory_per_share:.1f} of {usable:.1f}",
        )
    return table
