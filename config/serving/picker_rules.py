# SPDX-License-Identifier: MPL-2.0
"""Rules of the endpoint picker's configuration: what it would refuse to start with, or start with and never do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..section import Mistake, Path, again
from .llm_d import LlmD
from .strategies import Balanced, LoraAffinity, OwnStrategy, PrecisePrefix

if TYPE_CHECKING:
    from ..environment import Environment

HANDLER = "-profile-handler"
"""End of the types of plugins that decide which profiles are asked."""

FAIRNESS = {"round-robin": "round-robin-fairness-policy", "global-strict": "global-strict-fairness-policy"}
ORDERING = {"first-come": "fcfs-ordering-policy", "earliest-deadline": "edf-ordering-policy"}
DETECTOR = "utilization-detector"
"""Plugins that flow control adds to every strategy."""


def _own(environment: Environment) -> Iterator[tuple[Path, LlmD, OwnStrategy]]:
    """Strategies of one's own, with their paths."""
    for name, model in environment.models.items():
        if isinstance(model.serving, LlmD) and isinstance(model.serving.strategy, OwnStrategy):
            yield ("models", name, "serving", "strategy"), model.serving, model.serving.strategy


def strategies_without_their_scorer(environment: Environment) -> Iterator[Mistake]:
    """A strategy weighs what it is named for."""
    for name, model in environment.models.items():
        path = ("models", name, "serving", "strategy")
        match getattr(model.serving, "strategy", None):
            case Balanced(queue=0, kv_cache=0, running=0, prefix=0):
                yield Mistake(path, "nothing weighs anything: pods are chosen by chance", "give one weight above 0")
            case LoraAffinity(lora=0):
                wrong = "affinity to adapters that weighs nothing"
                yield Mistake((*path, "lora"), wrong, "write 1 or more, or choose balanced")
            case PrecisePrefix(prefix=0):
                wrong = "engines would tell what they cache, and it weighs nothing"
                yield Mistake((*path, "prefix"), wrong, "write 1 or more, or choose balanced")


def profiles_of_one_name(environment: Environment) -> Iterator[Mistake]:
    """A profile is found by its name (source: GIE v1.5.0, config/loader/validation.go)."""
    for path, _, strategy in _own(environment):
        for index, profile in again(profile.name for profile in strategy.profiles):
            wrong = f"profile {profile} stands here twice"
            yield Mistake((*path, "profiles", index, "name"), wrong, "give one another name")


def handlers_that_do_not_fit(environment: Environment) -> Iterator[Mistake]:
    """One plugin says which profiles are asked, and the single one asks one (source: GIE v1.5.0, configloader.go)."""
    for path, _, strategy in _own(environment):
        handlers = [(at, one.type) for at, one in enumerate(strategy.plugins) if one.type.endswith(HANDLER)]
        for at, _ in handlers[1:]:
            yield Mistake((*path, "plugins", at, "type"), f"{handlers[0][1]} handles profiles already", "take one away")
        several = len({profile.name for profile in strategy.profiles}) > 1
        if several and all(handler == "single-profile-handler" for _, handler in handlers):
            wrong = f"{len(strategy.profiles)} profiles, and no plugin that says which of them is asked"
            mend = "leave one profile, or add disagg-profile-handler in place of single-profile-handler"
            yield Mistake((*path, "profiles"), wrong, mend)


def plugins_of_flow_control(environment: Environment) -> Iterator[Mistake]:
    """Flow control brings its policies; a second plugin of one name is refused (source: GIE v1.5.0, configloader)."""
    for path, serving, strategy in _own(environment):
        if serving.flow_control is None:
            continue
        brought = {FAIRNESS[serving.flow_control.fairness], ORDERING[serving.flow_control.ordering], DETECTOR}
        for index, plugin in enumerate(strategy.plugins):
            if (plugin.name or plugin.type) in brought:
                wrong = f"flow control brings {plugin.name or plugin.type} itself"
                yield Mistake((*path, "plugins", index), wrong, "take it away, or set serving.flowControl to null")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    strategies_without_their_scorer,
    profiles_of_one_name,
    handlers_that_do_not_fit,
    plugins_of_flow_control,
)
"""Every rule of the picker."""
