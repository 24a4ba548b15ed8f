# SPDX-License-Identifier: MPL-2.0
"""Section `tiers`: the plans that municipalities choose among."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .scalars import Count, ModelName
from .section import Mistake, Section, refuse_if_any

MINUTES_A_MONTH = 31 * 24 * 60
"""Minutes of the longest month."""


class Month(Section):
    """The budget of a calendar month."""

    tokens: Count
    """Tokens, prompts and answers together."""

    beyond: Literal["soft", "hard"] = "soft"
    """Past the budget: `soft` serves with what others leave idle, `hard` refuses until the month turns."""


class Tier(Section):
    """A plan. Limits hold for a municipality as a whole, over all its applications."""

    priority: Annotated[int, Field(ge=0, le=1000, strict=True)]
    """Rank when GPUs are short: higher goes first. Every tier has a rank of its own."""

    requests_per_minute: Count
    """Requests in a minute. Always hard: more are answered with 429."""

    tokens_per_minute: Count
    """Tokens in a minute, prompts and answers together. Always hard."""

    month: Month
    """The budget of a calendar month."""

    concurrency: Count
    """Requests at one time."""

    context_tokens: Count
    """Longest request, prompt and answer together."""

    output_tokens: Count
    """Longest answer."""

    models: Annotated[tuple[ModelName, ...], Field(min_length=1)]
    """Models of the catalogue that the tier may use."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any((*self._size_rules(), *self._window_rules(), *self._model_rules()))
        return self

    def _size_rules(self) -> Iterator[Mistake]:
        if self.output_tokens > self.context_tokens:
            yield Mistake(
                ("outputTokens",),
                f"an answer of {self.output_tokens} tokens is longer than a request of {self.context_tokens}",
                "write an outputTokens below contextTokens",
            )
        if self.context_tokens > self.tokens_per_minute:
            yield Mistake(
                ("contextTokens",),
                f"one request of {self.context_tokens} tokens is above the minute's {self.tokens_per_minute}",
                "raise tokensPerMinute or lower contextTokens",
            )

    def _window_rules(self) -> Iterator[Mistake]:
        if self.month.tokens < self.tokens_per_minute:
            yield Mistake(
                ("month", "tokens"),
                f"a month of {self.month.tokens} tokens is spent within a minute of {self.tokens_per_minute}",
                "raise the month's tokens or lower tokensPerMinute",
            )
        if self.month.tokens > (most := self.tokens_per_minute * MINUTES_A_MONTH):
            yield Mistake(
                ("month", "tokens"),
                f"a month of {self.month.tokens} tokens can't be reached: tokensPerMinute allows {most} in 31 days",
                "lower the month's tokens or raise tokensPerMinute",
            )
        if self.concurrency > self.requests_per_minute:
            yield Mistake(
                ("concurrency",),
                f"{self.concurrency} requests at one time are above the {self.requests_per_minute} of a minute",
                "lower concurrency or raise requestsPerMinute",
            )

    def _model_rules(self) -> Iterator[Mistake]:
        for index, name in enumerate(self.models):
            if name in self.models[:index]:
                yield Mistake(("models", index), f"model {name} stands here twice", "take one away")
