# SPDX-License-Identifier: MPL-2.0
"""`andel capacity`: what the pools have, and what the models take of it. Computed from the config alone."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from config.environment import Environment

from .stack import environment_of


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


def pool_use(environment: Environment) -> list[PoolUse]:
    """Every pool, with the shares that its models ask for."""
    rows = []
    for name, pool in environment.pools.items():
        used = sum(model.shares for model in environment.models.values() if model.pool == name)
        used += sum(
            environment.profiles[profile].gpus * runtime.replicas
            for profile, runtime in (environment.modelmesh.runtimes if environment.modelmesh else {}).items()
            if environment.profiles[profile].pool == name
        )
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


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def command(file: Path, as_json: bool) -> None:
    """Show pools and models of a stack FILE: what there is, what is used, what is free."""
    environment = environment_of(file)
    pools, models = pool_use(environment), model_use(environment)
    if as_json:
        click.echo(json.dumps({"pools": [asdict(row) for row in pools], "models": [asdict(row) for row in models]}))
        return
    from andel.tables import table

    table("GPU pools", pools)
    table("models (memory in GiB of one share)", models)
