# SPDX-License-Identifier: MPL-2.0
"""Section `pooling`: who may use how much of the pools, and what is lent while it is idle (Kueue, `v1beta2`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, StrictBool, model_validator

from .names import SERVING
from .scalars import DnsLabel
from .section import Mistake, Section, again, refuse_if_any

if TYPE_CHECKING:
    from .models import Model

Shares = Annotated[int, Field(ge=0, le=100_000, strict=True)]
"""Shares of a pool: whole GPUs, MIG instances or time slices."""


class Stake(Section):
    """What a use has of one pool, in shares."""

    guaranteed: Shares
    """Shares that are its own, none or more: it gets them back from whoever borrowed them."""

    lends: Shares | None = None
    """Of these, what others may borrow while they are idle. Left out, all of them."""

    borrows: Shares | None = None
    """Shares beyond its own that it may borrow at most. Left out, whatever is idle."""


class Use(Section):
    """One way in which the GPUs are used: serving, batch, fine-tuning. It has a queue of its own name."""

    pools: Annotated[dict[DnsLabel, Stake], Field(min_length=1)]
    """Pools that it may use, by name, in the order in which it tries them."""

    namespaces: Annotated[tuple[DnsLabel, ...], Field(min_length=1)] = (SERVING,)
    """Namespaces whose pods may wait in its queue. Other ones than that of the models are made, with their walls."""

    weight: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    """Its part of what is idle, beside the weights of others who want it too."""

    takes_back: Literal["any", "lower-priority", "never"] = "any"
    """Whose pods it may stop to get back what it lent: anybody's, those of lower priority, or nobody's."""

    own_order: Literal["priority", "first-come"] = "priority"
    """Within its own queue: whether a workload of higher priority stops a lower one, or waits."""

    stopped: StrictBool = False
    """Admit nothing new. What runs goes on."""


class Pooling(Section):
    """Queues for GPUs. Uses are one cohort: what one leaves idle, another may borrow."""

    cohort: DnsLabel = "solidarity"
    """Name of the cohort."""

    uses: Annotated[dict[DnsLabel, Use], Field(min_length=1)]
    """Uses by name; what no use is guaranteed belongs to all of them."""

    models: DnsLabel | None = None
    """Use in whose queue models wait that name none (`queue`). Left out, the first that their namespace may use."""

    @property
    def of_models(self) -> str:
        """Use in whose queue models wait that name none; empty where there is none, which a rule refuses."""
        mine = (name for name, use in self.uses.items() if SERVING in use.namespaces)
        return self.models or next(mine, "")

    def guaranteed(self, pool: str) -> int:
        """Shares of a pool that are guaranteed to anybody."""
        return sum(use.pools[pool].guaranteed for use in self.uses.values() if pool in use.pools)

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self


def lends_more_than_it_has(pooling: Pooling) -> Iterator[Mistake]:
    """Nobody lends what is not guaranteed to him."""
    for use_name, use in pooling.uses.items():
        for pool, stake in use.pools.items():
            if stake.lends is not None and stake.lends > stake.guaranteed:
                wrong = f"it lends {stake.lends} shares and has {stake.guaranteed}"
                yield Mistake(("uses", use_name, "pools", pool, "lends"), wrong, f"write {stake.guaranteed} or less")


def stakes_of_nothing(pooling: Pooling) -> Iterator[Mistake]:
    """Who has nothing and may borrow nothing waits for ever."""
    for use_name, use in pooling.uses.items():
        for pool, stake in use.pools.items():
            if not stake.guaranteed and stake.borrows == 0:
                wrong = f"it has nothing of {pool}, and may borrow nothing"
                mend = "guarantee it some, let it borrow, or take the pool away"
                yield Mistake(("uses", use_name, "pools", pool), wrong, mend)


def namespaces_named_twice(pooling: Pooling) -> Iterator[Mistake]:
    """A namespace stands once in a use."""
    for use_name, use in pooling.uses.items():
        for index, name in again(use.namespaces):
            yield Mistake(("uses", use_name, "namespaces", index), f"{name} stands here twice", "take one away")


def models_without_a_use(pooling: Pooling) -> Iterator[Mistake]:
    """Models wait in the queue of a use that there is, and that their namespace may use."""
    if pooling.models is not None and pooling.models not in pooling.uses:
        wrong = f"there is no use {pooling.models}, and models wait in its queue"
        yield Mistake(("models",), wrong, f"write one of {', '.join(sorted(pooling.uses))}")
    elif (name := pooling.of_models) not in pooling.uses or SERVING not in pooling.uses[name].namespaces:
        wrong = f"models wait in the queue of a use, and their namespace {SERVING} may use none"
        path = ("uses", pooling.models, "namespaces") if pooling.models else ("uses",)
        yield Mistake(path, wrong, f"add {SERVING} to the namespaces of one")


RULES: tuple[Callable[[Pooling], Iterator[Mistake]], ...] = (
    lends_more_than_it_has,
    stakes_of_nothing,
    namespaces_named_twice,
    models_without_a_use,
)
"""Rules within pooling. Those between it and pools and models stand in `config/pooling_rules.py`."""


def queue_of(pooling: Pooling | None, model: Model) -> str | None:
    """LocalQueue that a model's pods wait in: its own, that of all models, or none, since only GPUs are rationed."""
    if pooling is None or model.queue or not any(workload.gpus for workload in model.workloads):
        return model.queue
    return pooling.of_models
