# SPDX-License-Identifier: MPL-2.0
"""`andel capacity`: what the pools have, which model goes where, and what is left when a node is lost or load is high.

Computed from the config alone, by the placement that `andel check` judges by.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from config.environment import Environment
from config.placement import Fit, Placing, place, pods_of

from .stack import counted_of, environment_of


@dataclass(frozen=True)
class PoolUse:
    """A pool and how much of it is spoken for."""

    pool: str
    nodes: int
    resource: str
    shares: int
    used: int
    free: int


@dataclass(frozen=True)
class ModelUse:
    """A model on its pool: replicas and shares that always stand, replicas at most; memory in GiB of one share."""

    model: str
    task: str
    serving: str
    pool: str
    replicas: int
    most: int
    shares: int
    memory: float
    usable: float


@dataclass(frozen=True)
class Case:
    """A pool in one case: shares that are there, asked for, and missing; models whose pods then wait, with how many."""

    case: str
    pool: str
    nodes: int
    shares: int
    asked: int
    free: int
    fit: str
    waiting: str


CASES = {"now": (0, False), "one node lost": (1, False), "all at their most": (0, True)}
"""Nodes that are lost, and whether every model has the most replicas that it may have."""


def pool_use(environment: Environment) -> list[PoolUse]:
    """Every pool, with the shares that its models ask for."""
    rows = []
    for name, pool in environment.pools.items():
        used = sum(pod.shares for pod in pods_of(environment, name))
        rows.append(PoolUse(name, pool.nodes.count, pool.resource, pool.shares, used, pool.shares - used))
    return rows


def model_use(environment: Environment) -> list[ModelUse]:
    """Every model, with the memory that it needs and may use on each share."""
    return [
        ModelUse(
            name,
            model.task.value,
            model.serving.kind,
            model.pool,
            model.scaling.least,
            model.scaling.most,
            model.shares,
            round(float(model.memory_per_share(model.workloads[0])), 1),
            round(float(environment.pools[model.pool].share_memory * model.gpu_memory_utilization), 1),
        )
        for name, model in environment.models.items()
    ]


def placings(environment: Environment, case: str) -> dict[str, Placing]:
    """Where pods stand in a case, by pool."""
    lost, most = CASES[case]
    return {
        name: place(pods_of(environment, name, most=most), pool, pool.nodes.count - lost)
        for name, pool in environment.pools.items()
    }


def cases(environment: Environment) -> list[Case]:
    """Every pool in every case."""
    rows = []
    for case, (lost, most) in CASES.items():
        for name, placing in placings(environment, case).items():
            pool = environment.pools[name]
            count = pool.nodes.count - lost
            asked = sum(pod.shares for pod in pods_of(environment, name, most=most))
            waiting = Counter(pod.model for pod in placing.homeless)
            listed = ", ".join(f"{model} {pods}" for model, pods in sorted(waiting.items()))
            shares = count * pool.shares_per_node
            free = sum(node.shares for node in placing.nodes)
            rows.append(Case(case, name, count, shares, asked, free, placing.fit.value, listed))
    return rows


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Draw the picture of nodes into a file.")
@click.option("--refused", is_flag=True, help="Of a refused file too: what its models ask of each pool, and no more.")
@click.option("--case", type=click.Choice(list(CASES)), default="now", show_default=True, help="Which case is drawn.")
def command(file: Path, as_json: bool, svg: Path | None, refused: bool, case: str) -> None:
    """Show pools and models of a stack FILE: what there is, which model goes where, what is free.

    A pool is *certain* if every replica finds a place in whatever order they come, *packed* if that takes a good order,
    and *short* if replicas wait: then the scheduler decides by priority classes who they are.
    """
    environment = counted_of(file) if refused else environment_of(file)
    pools, found = pool_use(environment), cases(environment)
    # Rules between a model and its pool are not asked then, and its memory may have no meaning.
    models = [] if refused else model_use(environment)
    if as_json:
        told: dict[str, Sequence[Any]] = {"pools": pools, "models": models, "cases": found}
        click.echo(json.dumps({key: [asdict(row) for row in rows] for key, rows in told.items()}))
        return
    from andel.tables import table

    from .capacity_picture import drawn

    table("GPU pools", pools)
    table("models (memory in GiB of one share)", models)
    table("cases (in shares; `waiting` are pods)", found)
    drawn(environment, case, placings(environment, case), svg)
    short = [row.pool for row in found if row.case == "now" and row.fit == Fit.PACKED]
    if short:
        click.echo(f"{', '.join(short)}: start the largest models first, or give them a priority class", err=True)
