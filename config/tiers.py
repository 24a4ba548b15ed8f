# SPDX-License-Identifier: MPL-2.0
"""Section `tiers`: the plans that municipalities choose among."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .money import Weight
from .scalars import Count, ModelName
from .section import Mistake, Section, again, refuse_if_any

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
    """Tokens of a calendar month, and what happens past them."""

    concurrency: Count
    """Requests at one time."""

    context_tokens: Count
    """Longest request, prompt and answer together."""

    output_tokens: Count
    """Longest answer."""

    models: Annotated[tuple[ModelName, ...], Field(min_length=1)]
    """Models of the catalogue that the tier may use."""

    price_weight: Weight = Decimal(1)
    """What a member of this plan counts on top of the economy's key: 1.5 pays half as much again."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self


def answers_longer_than_requests(tier: Tier) -> Iterator[Mistake]:
    """An answer is a part of a request."""
    if tier.output_tokens > tier.context_tokens:
        wrong = f"an answer of {tier.output_tokens} tokens is longer than a request of {tier.context_tokens}"
        yield Mistake(("outputTokens",), wrong, "write less than contextTokens")


def requests_beyond_the_minute(tier: Tier) -> Iterator[Mistake]:
    """One request fits into a minute's tokens."""
    if tier.context_tokens > tier.tokens_per_minute:
        wrong = f"one request of {tier.context_tokens} tokens is above the minute's {tier.tokens_per_minute}"
        yield Mistake(("contextTokens",), wrong, "raise tokensPerMinute or lower contextTokens")


def months_within_a_minute(tier: Tier) -> Iterator[Mistake]:
    """A month has more than a minute."""
    if tier.month.tokens < tier.tokens_per_minute:
        wrong = f"a month of {tier.month.tokens} tokens is spent within a minute of {tier.tokens_per_minute}"
        yield Mistake(("month", "tokens"), wrong, "raise the month's tokens or lower tokensPerMinute")


def months_out_of_reach(tier: Tier) -> Iterator[Mistake]:
    """A budget that the minute's limit never lets anybody spend is a promise that can't be kept."""
    most = tier.tokens_per_minute * MINUTES_A_MONTH
    if tier.month.tokens > most:
        wrong = f"a month of {tier.month.tokens} tokens can't be reached: tokensPerMinute allows {most} in 31 days"
        yield Mistake(("month", "tokens"), wrong, "lower the month's tokens or raise tokensPerMinute")


def more_at_once_than_in_a_minute(tier: Tier) -> Iterator[Mistake]:
    """Requests at one time are begun within a minute."""
    if tier.concurrency > tier.requests_per_minute:
        wrong = f"{tier.concurrency} requests at one time are above the {tier.requests_per_minute} of a minute"
        yield Mistake(("concurrency",), wrong, "lower concurrency or raise requestsPerMinute")


def models_named_twice(tier: Tier) -> Iterator[Mistake]:
    """A model is allowed once."""
    for index, name in again(tier.models):
        yield Mistake(("models", index), f"model {name} stands here twice", "take one away")


RULES: tuple[Callable[[Tier], Iterator[Mistake]], ...] = (
    answers_longer_than_requests,
    requests_beyond_the_minute,
    months_within_a_minute,
    months_out_of_reach,
    more_at_once_than_in_a_minute,
    models_named_twice,
)
"""Rules within a tier."""
