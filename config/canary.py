# SPDX-License-Identifier: MPL-2.0
"""A model's setting `canary`: a part of its requests goes to another entry of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from .catalogue import one_of
from .scalars import ModelName
from .section import Mistake, Section

if TYPE_CHECKING:
    from .environment import Environment


class Canary(Section):
    """A new version that is tried on a part of the requests."""

    model: ModelName
    """Entry of the catalogue that answers them. It needs no tier of its own."""

    weight: Annotated[int, Field(ge=1, le=99, strict=True)]
    """Per cent of the requests."""


def canaries(environment: Environment) -> set[str]:
    """Models that answer a part of another one's requests."""
    return {model.canary.model for model in environment.models.values() if model.canary}


def unknown_canaries(environment: Environment) -> Iterator[Mistake]:
    """A canary is another entry of the catalogue."""
    for name, model in environment.models.items():
        if model.canary is None:
            continue
        path, others = ("models", name, "canary", "model"), {key: 0 for key in environment.models if key != name}
        if model.canary.model not in others:
            yield Mistake(path, f"there is no other model {model.canary.model}", one_of(others))


def canaries_of_another_kind(environment: Environment) -> Iterator[Mistake]:
    """Who asks one model and gets the other must not notice it by what they may send."""
    for name, model in environment.models.items():
        other = environment.models.get(model.canary.model) if model.canary else None
        if other is None:
            continue
        path = ("models", name, "canary", "model")
        if other.task != model.task:
            yield Mistake(path, f"it is for {other.task}, and {name} for {model.task}", "name one for the same task")
        elif other.context_tokens < model.context_tokens:
            wrong = f"it takes {other.context_tokens} tokens, and {name} takes {model.context_tokens}"
            yield Mistake(path, wrong, "raise its contextTokens")


def canaries_of_canaries(environment: Environment) -> Iterator[Mistake]:
    """The weights of a request are thrown once: a canary has none of its own."""
    for name, model in environment.models.items():
        other = environment.models.get(model.canary.model) if model.canary else None
        if other is not None and other is not model and other.canary is not None:
            path = ("models", name, "canary", "model")
            yield Mistake(path, "it has a canary itself, which these requests would not reach", "take that one away")


def canaries_that_stand_still(environment: Environment) -> Iterator[Mistake]:
    """A part of the requests that nobody answers is an outage by configuration."""
    for name, model in environment.models.items():
        other = environment.models.get(model.canary.model) if model.canary else None
        if other is not None and other.stopped and not model.stopped:
            yield Mistake(("models", name, "canary", "model"), "it is stopped", "start it, or take canary away")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    unknown_canaries,
    canaries_of_another_kind,
    canaries_of_canaries,
    canaries_that_stand_still,
)
"""Rules of canaries."""
