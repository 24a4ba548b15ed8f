# SPDX-License-Identifier: MPL-2.0
"""Rules between models and pools: whatever is declared finds GPUs, memory and a node. Nothing is asked of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from .models import Model
from .pools import Pool, Whole
from .scalars import amount
from .section import Mistake

if TYPE_CHECKING:
    from .environment import Environment


def _placed(environment: Environment) -> Iterator[tuple[str, Model, Pool]]:
    """Each model with its pool, for models whose pool exists."""
    pools = environment.pools
    return ((name, model, pools[model.pool]) for name, model in environment.models.items() if model.pool in pools)


def split_over_shares(environment: Environment) -> Iterator[Mistake]:
    """Tensor parallelism needs whole GPUs: MIG instances don't talk to each other."""
    for name, model, pool in _placed(environment):
        if model.gpus > 1 and not isinstance(pool.sharing, Whole):
            yield Mistake(
                ("models", name, "gpus"),
                f"{model.pool} divides its GPUs by {pool.sharing.kind}, and a model can't be split over such shares",
                "write 1, or choose a pool of whole GPUs",
            )


def more_gpus_than_a_node(environment: Environment) -> Iterator[Mistake]:
    """A replica stands on one node."""
    for name, model, pool in _placed(environment):
        if isinstance(pool.sharing, Whole) and model.gpus > pool.shares_per_node:
            yield Mistake(
                ("models", name, "gpus"),
                f"a replica needs {model.gpus} GPUs, a node of {model.pool} has {pool.shares_per_node}",
                f"write {pool.shares_per_node} or less, or choose another pool",
            )


def too_little_gpu_memory(environment: Environment) -> Iterator[Mistake]:
    """Weights, KV cache and overhead fit into the memory that vLLM may use."""
    for name, model, pool in _placed(environment):
        usable = pool.share_memory * model.gpu_memory_utilization
        if model.memory_per_share > usable:
            yield Mistake(
                ("models", name, "size"),
                f"weights of {model.weights:.1f} GiB and KV cache of {model.cache:.1f} GiB on {model.gpus} shares need"
                f" {model.memory_per_share:.1f} GiB each, and a share of {model.pool} has {usable:.1f} GiB to use",
                "raise gpus, lower contextTokens or size.kvCache.sequences, or choose another pool",
            )


def more_than_the_host(environment: Environment) -> Iterator[Mistake]:
    """A replica asks for no more cores and main memory than a node has."""
    for name, model, pool in _placed(environment):
        for resource, asked, there in (
            ("cpu", model.resources.cpu, pool.host.cpu),
            ("memory", model.resources.memory, pool.host.memory),
        ):
            if amount(asked) > amount(there):
                yield Mistake(
                    ("models", name, "resources", resource),
                    f"a replica asks for {asked}, a node of {model.pool} has {there}",
                    "ask for less, or choose another pool",
                )


def _on(environment: Environment, pool_name: str, pool: Pool) -> dict[str, Model]:
    """Models on a pool of which a replica fits a node at all."""
    return {
        name: model
        for name, model in environment.models.items()
        if model.pool == pool_name and model.gpus <= pool.shares_per_node
    }


def _listed(models: Mapping[str, Model]) -> str:
    return ", ".join(f"{name} {model.scaling.replicas} x {model.gpus}" for name, model in models.items())


def more_than_the_pool(environment: Environment) -> Iterator[Mistake]:
    """All replicas together ask for no more shares than a pool has."""
    for pool_name, pool in environment.pools.items():
        models = _on(environment, pool_name, pool)
        asked = sum(model.shares for model in models.values())
        if asked > pool.shares:
            yield Mistake(
                ("pools", pool_name, "nodes"),
                f"models ask for {asked} x {pool.resource} ({_listed(models)}), the pool has {pool.shares}",
                "add nodes, lower replicas, or move a model to another pool",
            )


def replicas_without_a_node(environment: Environment) -> Iterator[Mistake]:
    """All replicas find a node at once, the largest first: a sum that fits may still leave gaps that don't."""
    for pool_name, pool in environment.pools.items():
        models = _on(environment, pool_name, pool)
        if sum(model.shares for model in models.values()) > pool.shares:
            continue  # the sum is told already
        if (homeless := _without_node(models, pool)) is not None:
            yield Mistake(
                ("pools", pool_name, "nodes"),
                f"a replica of {homeless} finds no node with {models[homeless].gpus} GPUs left ({_listed(models)} on"
                f" {pool.nodes.count} nodes with {pool.shares_per_node})",
                "add a node, or lower replicas",
            )


def _without_node(models: Mapping[str, Model], pool: Pool) -> str | None:
    """The first model of which a replica finds no node."""
    free = [pool.shares_per_node] * pool.nodes.count
    for name, model in sorted(models.items(), key=lambda item: -item[1].gpus):
        left = model.scaling.replicas
        for index, gpus in enumerate(free):
            here = min(left, gpus // model.gpus)
            free[index] -= here * model.gpus
            left -= here
            if not left:
                break
        else:
            return name
    return None


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    split_over_shares,
    more_gpus_than_a_node,
    too_little_gpu_memory,
    more_than_the_host,
    more_than_the_pool,
    replicas_without_a_node,
)
"""Every rule of the fit, from one replica to all of them."""
