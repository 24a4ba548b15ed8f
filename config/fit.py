# SPDX-License-Identifier: MPL-2.0
"""Rules between models and pools: whatever is declared finds GPUs, memory and a node. Nothing is asked of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from .placement import pods_of
from .pools import Pool, Whole
from .scalars import amount, gibibytes
from .section import Mistake
from .workload import Workload

if TYPE_CHECKING:
    from .environment import Environment


def _placed(environment: Environment) -> Iterator[tuple[str, Workload, Pool]]:
    """Each workload of each model that is not stopped, with its pool, for models whose pool exists."""
    for name, model in environment.models.items():
        if (pool := environment.pools.get(model.pool)) is not None and not model.stopped:
            yield from ((name, workload, pool) for workload in model.workloads)


def split_over_shares(environment: Environment) -> Iterator[Mistake]:
    """Tensor parallelism needs whole GPUs: MIG instances don't talk to each other."""
    for name, workload, pool in _placed(environment):
        if workload.gpus > 1 and not isinstance(pool.sharing, Whole):
            yield Mistake(
                ("models", name, *workload.path, "gpus"),
                f"the pool divides its GPUs by {pool.sharing.kind}, and a model can't be split over such shares",
                "write 1, or choose a pool of whole GPUs",
            )


def more_gpus_than_a_node(environment: Environment) -> Iterator[Mistake]:
    """A pod stands on one node."""
    for name, workload, pool in _placed(environment):
        if isinstance(pool.sharing, Whole) and workload.gpus > pool.shares_per_node:
            yield Mistake(
                ("models", name, *workload.path, "gpus"),
                f"a pod needs {workload.gpus} GPUs, a node of the pool has {pool.shares_per_node}",
                f"write {pool.shares_per_node} or less, or choose another pool",
            )


def heads_that_do_not_divide(environment: Environment) -> Iterator[Mistake]:
    """Every GPU of an engine holds as many heads as the others, or every head lies on as many GPUs (source: vLLM).

    Where the pods of a replica can't be had at all, that alone is told.
    """
    for name, workload, pool in _placed(environment):
        cache = environment.models[name].size.kv_cache
        if cache is None or workload.gpus > pool.shares_per_node or workload.gpus % workload.tensor:
            continue
        if max(cache.heads, workload.tensor) % min(cache.heads, workload.tensor):
            wrong = f"{cache.heads} key-value heads can't be divided evenly among {workload.tensor} GPUs"
            fitting = [count for count in range(1, 17) if not max(cache.heads, count) % min(cache.heads, count)]
            mend = f"write one of {', '.join(map(str, fitting))}"
            yield Mistake(("models", name, *workload.path, *_where_tensor(environment, name, workload)), wrong, mend)


def _where_tensor(environment: Environment, name: str, workload: Workload) -> tuple[str, ...]:
    """Where the GPUs of an engine are declared, below their workload."""
    spread = getattr(environment.models[name].serving, "spread", None)
    return ("serving", "spread", "tensor") if not workload.path and hasattr(spread, "tensor") else ("gpus",)


def fewer_layers_than_nodes(environment: Environment) -> Iterator[Mistake]:
    """Every node of a pipeline holds a layer."""
    for name, workload, pool in _placed(environment):
        cache, spread = (
            environment.models[name].size.kv_cache,
            getattr(environment.models[name].serving, "spread", None),
        )
        if cache and spread and spread.kind == "pipeline" and cache.layers < workload.pods <= pool.nodes.count:
            wrong = f"{cache.layers} layers can't lie on {workload.pods} nodes"
            yield Mistake(("models", name, "serving", "spread", "nodes"), wrong, f"write {cache.layers} or less")


def caches_of_no_format_of_the_engine(environment: Environment) -> Iterator[Mistake]:
    """vLLM keeps its cache in the format of the weights as they are computed with, or in fp8 (`--kv-cache-dtype`)."""
    for name, model in environment.models.items():
        cache = model.size.kv_cache
        if cache and cache.dtype in ("int8", "int4", "float32") and (cache.dtype, model.size.dtype) != ("float32",) * 2:
            wrong = f"vLLM keeps no cache in {cache.dtype} for weights in {model.size.dtype}"
            yield Mistake(("models", name, "size", "kvCache", "dtype"), wrong, "write bfloat16, float16 or fp8")


def too_little_gpu_memory(environment: Environment) -> Iterator[Mistake]:
    """Weights, KV cache and overhead fit into the memory that vLLM may use."""
    for name, workload, pool in _placed(environment):
        model = environment.models[name]
        needed, usable = model.memory_per_share(workload), pool.share_memory * workload.utilization
        if workload.gpus and needed > usable:
            yield Mistake(
                ("models", name, *(workload.path or ("size",))),
                f"weights of {model.weights:.1f} GiB and KV cache of {model.cache:.1f} GiB on"
                f" {workload.gpus * workload.pods} shares need {needed:.1f} GiB each, and a share of {model.pool} has"
                f" {usable:.1f} GiB to use",
                "raise gpus, lower contextTokens or size.kvCache.sequences, or choose another pool",
            )


def too_little_main_memory(environment: Environment) -> Iterator[Mistake]:
    """On cores, weights and cache lie in main memory."""
    for name, workload, _ in _placed(environment):
        model = environment.models[name]
        if not workload.gpus and model.memory_per_share(workload) > gibibytes(workload.memory):
            yield Mistake(
                ("models", name, "resources", "memory"),
                f"on cores it needs {model.memory_per_share(workload):.1f} GiB for weights, cache and vLLM itself, and"
                f" {workload.memory} are asked for",
                "raise it, or lower contextTokens or size.kvCache.sequences",
            )


def more_than_the_host(environment: Environment) -> Iterator[Mistake]:
    """A pod asks for no more cores and main memory than a node has."""
    for name, workload, pool in _placed(environment):
        for resource, asked, there in (
            ("cpu", workload.cpu, pool.host.cpu),
            ("memory", workload.memory, pool.host.memory),
        ):
            if amount(asked) > amount(there):
                yield Mistake(
                    ("models", name, *workload.path, "resources", resource),
                    f"a pod asks for {asked}, a node of the pool has {there}",
                    "ask for less, or choose another pool",
                )


def _on(environment: Environment, pool_name: str, pool: Pool) -> list[tuple[str, Workload]]:
    """Workloads on a pool of which a pod fits a node at all."""
    return [
        (name, workload)
        for name, workload, _ in _placed(environment)
        if environment.models[name].pool == pool_name
        and workload.gpus <= pool.shares_per_node
        and not environment.models[name].shared
    ]


def _listed(workloads: list[tuple[str, Workload]]) -> str:
    return ", ".join(f"{name} {workload.least} x {workload.gpus * workload.pods}" for name, workload in workloads)


def more_than_the_pool(environment: Environment) -> Iterator[Mistake]:
    """All replicas that always stand ask for no more shares than a pool has."""
    for pool_name, pool in environment.pools.items():
        workloads = _on(environment, pool_name, pool)
        asked = sum(workload.shares for _, workload in workloads)
        if asked > pool.shares:
            yield Mistake(
                ("pools", pool_name, "nodes"),
                f"models ask for {asked} x {pool.resource} ({_listed(workloads)}), the pool has {pool.shares}",
                "add nodes, lower replicas, or move a model to another pool",
            )


def more_at_the_highest_load(environment: Environment) -> Iterator[Mistake]:
    """A model alone, at its highest load, finds its shares: beyond them replicas would wait for ever."""
    for name, model in environment.models.items():
        pool = environment.pools.get(model.pool)
        # What always stands is told by the rule above.
        if pool and model.shares <= pool.shares < model.most_shares:
            growing = next(workload for workload in model.workloads if workload.most > workload.least)
            yield Mistake(
                ("models", name, *growing.path, "scaling", "maxReplicas"),
                f"its highest load asks for {model.most_shares} x {pool.resource}, {model.pool} has {pool.shares}",
                "lower it, or add nodes",
            )


def replicas_without_a_node(environment: Environment) -> Iterator[Mistake]:
    """All replicas find a node at once, the largest first: a sum that fits may still leave gaps that don't."""
    for pool_name, pool in environment.pools.items():
        workloads = _on(environment, pool_name, pool)
        if sum(workload.shares for _, workload in workloads) > pool.shares:
            continue  # the sum is told already
        if (homeless := _without_node(workloads, pool)) is not None:
            name, gpus = homeless
            yield Mistake(
                ("pools", pool_name, "nodes"),
                f"a replica of {name} finds no node with {gpus} GPUs left ({_listed(workloads)} on"
                f" {pool.nodes.count} nodes with {pool.shares_per_node})",
                "add a node, or lower replicas",
            )


def more_than_all_hosts(environment: Environment) -> Iterator[Mistake]:
    """All replicas together ask for no more cores and main memory than the pool's nodes have."""
    for pool_name, pool in environment.pools.items():
        pods = pods_of(environment, pool_name)
        if sum(pod.shares for pod in pods) > pool.shares:
            continue  # the sum of GPUs is told already
        for resource, each, there in (
            ("cpu", [pod.cpu for pod in pods], pool.host.cpu),
            ("memory", [pod.memory for pod in pods], pool.host.memory),
        ):
            if max(each, default=0) > amount(there):
                continue  # so is a pod that fits no node
            asked = sum(each, Decimal(0))
            if asked > (has := amount(there) * pool.nodes.count):
                unit, divisor = ("cores", 1) if resource == "cpu" else ("GiB", 2**30)
                wrong = f"replicas ask for {float(asked / divisor):g} {unit}, its nodes have {float(has / divisor):g}"
                mend = "lower resources or replicas of its models, or add nodes"
                yield Mistake(("pools", pool_name, "host", resource), wrong, mend)


def _without_node(workloads: list[tuple[str, Workload]], pool: Pool) -> tuple[str, int] | None:
    """The first model of which a pod finds no node, and the GPUs of that pod."""
    free = [pool.shares_per_node] * pool.nodes.count
    for name, workload in sorted(workloads, key=lambda item: -item[1].gpus):
        if not workload.gpus:
            continue
        left = workload.least * workload.pods
        for index, gpus in enumerate(free):
            here = min(left, gpus // workload.gpus)
            free[index] -= here * workload.gpus
            left -= here
        if left:
            return name, workload.gpus
    return None


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    split_over_shares,
    more_gpus_than_a_node,
    heads_that_do_not_divide,
    fewer_layers_than_nodes,
    caches_of_no_format_of_the_engine,
    too_little_gpu_memory,
    too_little_main_memory,
    more_than_the_host,
    more_than_the_pool,
    more_at_the_highest_load,
    replicas_without_a_node,
    more_than_all_hosts,
)
"""Every rule of the fit, from one replica to all of them."""
