# SPDX-License-Identifier: MPL-2.0
"""Rules of a model's pods and objects: names and variables that somebody else has, and times that don't meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING

from ..scaling import Load
from ..section import Mistake
from .llm_d import LlmD
from .storage_rules import BY_KSERVE

if TYPE_CHECKING:
    from ..environment import Environment

REFUSED = frozenset({"PYTHONPATH"})
"""Variables that KServe lets nobody set (source: KServe v0.20.0, validation.DefaultBlockedEnvVars)."""

OWNED = frozenset(
    {
        "POD_IP",
        "VLLM_NIXL_SIDE_CHANNEL_HOST",
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING",
        "VLLM_CPU_KVCACHE_SPACE",
        "VLLM_API_KEY",  # the gateway sends none, so every request would be refused
        "PYTHONHASHSEED",
        "LMCACHE_LOCAL_CPU",
        "LMCACHE_MAX_LOCAL_CPU_SIZE",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
    }
)
"""Variables that follow from other settings: a list with one of them twice is refused by the API server."""

BEYOND = "beyond-month"
"""Rank of requests beyond a soft month: no tier has this name."""


def variables_of_others(environment: Environment) -> Iterator[Mistake]:
    """A variable has one owner."""
    for name, model in environment.models.items():
        for section, variables in (("variables", model.variables), ("secrets", model.secrets)):
            for variable in sorted(variables.keys() & (OWNED | REFUSED)):
                wrong = "KServe lets nobody set it" if variable in REFUSED else "it follows from other settings"
                yield Mistake(("models", name, section, variable), wrong, "take it away")


def hours_shorter_than_the_loading(environment: Environment) -> Iterator[Mistake]:
    """Replicas that are asked for at an hour answer before it is over."""
    for name, model in environment.models.items():
        for index, hours in enumerate(model.scaling.office_hours if isinstance(model.scaling, Load) else ()):
            if 0 < hours.seconds <= model.load_seconds:
                wrong = f"{hours.start} to {hours.end} is over before the model has loaded ({model.load_seconds} s)"
                mend = "write a later time, or lower loadSeconds to what it really takes"
                yield Mistake(("models", name, "scaling", "officeHours", index, "end"), wrong, mend)


def sleepers_that_nothing_wakes(environment: Environment) -> Iterator[Mistake]:
    """A sleeping model is woken by what the gateway sees; without one, by the clock alone."""
    for name, model in environment.models.items():
        scaling, woken = model.scaling, environment.gateway is not None or model.serving.kind not in BY_KSERVE
        if not isinstance(scaling, Load) or woken:
            continue
        if not scaling.least and not scaling.office_hours:
            wrong = "nothing would ever wake it: there is no gateway that sees its requests"
            path = ("models", name, "scaling", "minReplicas")
            yield Mistake(path, wrong, "write 1 or more, add officeHours, or declare gateway")


def objectives_of_one_name(environment: Environment) -> Iterator[Mistake]:
    """A model's name and a tier's name together name a rank: `a-b` with `c` is `a` with `b-c`."""
    ranks: dict[str, str] = {}
    served = {
        name: {name, *model.names}
        for name, model in sorted(environment.models.items())
        if isinstance(model.serving, LlmD) and model.serving.flow_control
    }
    for name, tier in product(served, (*environment.tiers, BEYOND)):
        if tier in environment.tiers and served[name].isdisjoint(environment.tiers[tier].models):
            continue
        if (other := ranks.setdefault(f"{name}-{tier}", name)) != name:
            yield Mistake(("models", name), f"{name}-{tier} names a rank of {other} as well", "rename one of the two")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    variables_of_others,
    hours_shorter_than_the_loading,
    sleepers_that_nothing_wakes,
    objectives_of_one_name,
)
"""Every rule of pods."""
