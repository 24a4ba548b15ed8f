# SPDX-License-Identifier: MPL-2.0
"""Rules between pooling, pools and models: what is guaranteed is there, and covers what always stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from . import catalogue
from .names import SERVING
from .operators import Managed
from .pooling import Use, queue_of
from .section import Mistake
from .serving import KubeAi

if TYPE_CHECKING:
    from .environment import Environment
    from .models import Model


def stakes_in_unknown_pools(environment: Environment) -> Iterator[Mistake]:
    """A stake is one of a pool that there is."""
    for use_name, use in environment.pooling.uses.items() if environment.pooling else ():
        for pool in use.pools:
            if pool not in environment.pools:
                path = ("pooling", "uses", use_name, "pools", pool)
                yield Mistake(path, f"there is no pool {pool}", catalogue.one_of(environment.pools))


def guarantees_beyond_the_pool(environment: Environment) -> Iterator[Mistake]:
    """All guarantees together are no more than the pool has."""
    for name, pool in environment.pools.items():
        stakes = {
            use_name: use.pools[name].guaranteed
            for use_name, use in (environment.pooling.uses.items() if environment.pooling else ())
            if name in use.pools
        }
        if (promised := sum(stakes.values())) > pool.shares:
            listed = ", ".join(f"{use_name} {shares}" for use_name, shares in stakes.items())
            path = ("pooling", "uses", list(stakes)[-1], "pools", name, "guaranteed")
            wrong = f"{promised} x {pool.resource} are guaranteed ({listed}), {name} has {pool.shares}"
            yield Mistake(path, wrong, "guarantee less, or add nodes")


def queues_without_a_use(environment: Environment) -> Iterator[Mistake]:
    """A model waits in a queue that there is in its namespace."""
    if (pooling := environment.pooling) is None:
        return
    there = {name: use for name, use in pooling.uses.items() if SERVING in use.namespaces}
    for name, model in environment.models.items():
        if model.queue is not None and model.queue not in there:
            wrong = f"no use {model.queue} has a queue in {SERVING}"
            yield Mistake(("models", name, "queue"), wrong, catalogue.one_of(there))


def _waiting(environment: Environment) -> Iterator[tuple[str, Model, str, Use]]:
    """Models that wait in the queue of a use that there is, with its name."""
    if (pooling := environment.pooling) is None:
        return
    for name, model in environment.models.items():
        queue = queue_of(pooling, model)
        if queue in pooling.uses and not model.stopped and not isinstance(model.serving, KubeAi):
            yield name, model, queue, pooling.uses[queue]


def queues_that_lack_the_pool(environment: Environment) -> Iterator[Mistake]:
    """The queue that a model waits in gives GPUs of the model's pool."""
    for name, model, queue, use in _waiting(environment):
        if model.pool in environment.pools and model.pool not in use.pools:
            wrong = f"it waits in {queue}, which gives no GPU of {model.pool}"
            mend = f"add {model.pool} to that use, or choose one of {', '.join(sorted(use.pools))}"
            yield Mistake(("models", name, "queue" if model.queue else "pool"), wrong, mend)


def guarantees_below_what_stands(environment: Environment) -> Iterator[Mistake]:
    """What always stands is guaranteed: borrowed GPUs are given back, and the model would be down."""
    standing: Counter[tuple[str, str]] = Counter()
    guaranteed: dict[tuple[str, str], int] = {}
    for _, model, queue, use in _waiting(environment):
        if (stake := use.pools.get(model.pool)) is not None:
            standing[queue, model.pool] += model.shares
            guaranteed[queue, model.pool] = stake.guaranteed
    for (queue, pool), shares in standing.items():
        if shares > (there := guaranteed[queue, pool]):
            path = ("pooling", "uses", queue, "pools", pool, "guaranteed")
            wrong = f"models that always stand take {shares} shares of {pool}, and {there} are guaranteed"
            yield Mistake(path, wrong, f"guarantee {shares} or more, or let fewer replicas stand")


def racks_without_queues(environment: Environment) -> Iterator[Mistake]:
    """Queues alone place pods by racks."""
    if environment.pooling is not None:
        return
    for name, pool in environment.pools.items():
        if pool.topology is not None:
            wrong = "no queue places pods by it: pooling is not declared"
            yield Mistake(("pools", name, "topology"), wrong, "declare pooling, or take it away")


def queues_of_nobody(environment: Environment) -> Iterator[Mistake]:
    """Kueue is installed for queues."""
    if environment.pooling is None and isinstance(environment.operators.kueue, Managed):
        path = ("operators", "kueue", "kind")
        yield Mistake(path, "pooling is not declared, so it would queue nothing", "declare pooling, or write existing")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    stakes_in_unknown_pools,
    guarantees_beyond_the_pool,
    queues_without_a_use,
    queues_that_lack_the_pool,
    guarantees_below_what_stands,
    racks_without_queues,
    queues_of_nobody,
)
"""Rules between pooling and the rest."""
