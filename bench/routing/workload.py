# SPDX-License-Identifier: MPL-2.0
"""What is asked, and when: requests with arrival times, drawn from a seed alone. No clock, no network.

Text is made of words, each a token of the simulator's tokenizer (a word with the blank behind it). Words of two to four
letters make four characters a token on average, as the picker assumes.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from config.section import Section

LETTERS = "abcdefghijklmnoprstuvy"
WORDS = 4096
"""Size of the vocabulary."""

WARMING_PROMPTS = 160
"""Twenty a pod: going round, a pod has met most of a dozen groups by then."""

Count = Annotated[int, Field(ge=0, le=10**6, strict=True)]
Positive = Annotated[float, Field(gt=0, le=10**6)]


class Span(Section):
    """Lengths between two bounds, all equally frequent."""

    least: Count
    """The shortest."""

    most: Count
    """The longest."""


class Engine(Section):
    """A simulated pod: one GPU whose time is shared by the requests that it works on."""

    pods: Annotated[int, Field(ge=1, le=32, strict=True)]
    """How many there are."""

    block_tokens: Annotated[int, Field(ge=8, le=128, strict=True)]
    """Tokens in a block of the KV cache."""

    cache_blocks: Count
    """Blocks that a pod holds."""

    requests: Annotated[int, Field(ge=2, le=1024, strict=True)]
    """Requests that a pod works on at one time; more wait in it."""

    load_factor: Positive
    """How much slower a full pod is than one with a single request."""

    prefill_overhead_milliseconds: Count
    """Time before a first token that no cache saves."""

    prefill_microseconds_per_token: Count
    """Time for a token of the prompt that is not cached."""

    token_milliseconds: Count
    """Time for a token of the answer."""


class Workload(Section):
    """What is asked of which pods, how often, and how late a first token may be."""

    about: str
    """What it stands for, in a line."""

    seed: Annotated[int, Field(ge=0, strict=True)]
    """Seed of everything that is drawn."""

    groups: Count
    """Assistants; the requests of one begin alike. 0: no request shares anything."""

    prefix_tokens: Count
    """What the requests of a group have in common."""

    question_tokens: Span
    """What each has of its own."""

    answer_tokens: Count
    """Tokens of each answer."""

    letters: Span = Span(least=2, most=4)
    """Letters of a word. A word is a token; the picker takes four characters for one."""

    skew: Annotated[float, Field(ge=0, le=3)]
    """Zipf exponent of the groups: the k-th is asked in proportion to 1/k**skew. 0: all alike."""

    engine: Engine
    """The pods."""

    rates_per_second: Annotated[tuple[Positive, ...], Field(min_length=1)]
    """Ladder of mean arrival rates."""

    seconds: Positive
    """Length of each rung."""

    objective_seconds: Positive
    """Time to the first token that is good enough."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request of the workload."""

    at: float
    """When it is sent, in seconds after the rung's beginning."""

    group: int | None
    """Whose beginning it has."""

    prefix: str
    """What it shares."""

    question: str
    """What it doesn't."""


def read(file: Path) -> Workload:
    """A workload from its file."""
    return Workload.model_validate(yaml.safe_load(file.read_text()))


def working_set(workload: Workload) -> tuple[float, float]:
    """What all groups' beginnings need of one pod's cache, and of all pods' caches."""
    needed = workload.groups * workload.prefix_tokens
    one = workload.engine.cache_blocks * workload.engine.block_tokens
    return needed / one, needed / one / workload.engine.pods


def arrivals(workload: Workload, rate: float) -> list[Request]:
    """The requests of a rung: the same ones at the same times for every way of routing them."""
    times = random.Random(f"{workload.seed}/{rate:g}/times")  # noqa: S311 (repeatable, not secret)
    drawn = random.Random(f"{workload.seed}/{rate:g}/requests")  # noqa: S311
    return [request(workload, drawn, at, one_group(workload, drawn)) for at in poisson(times, rate, workload.seconds)]


def warm_up(workload: Workload, rate: float) -> list[Request]:
    """What a rung's pods have seen before it: each group in any order, once or, where there are few, as often as fills
    a pod's share of `WARMING_PROMPTS`; as many prompts of nobody where there are no groups.
    """
    drawn = random.Random(f"{workload.seed}/{rate:g}/warm-up")  # noqa: S311
    count = workload.groups or 4 * workload.engine.pods
    asked: list[int | None] = []
    for _ in range(max(1, WARMING_PROMPTS // count) if workload.groups else 1):
        groups = [group if workload.groups else None for group in range(count)]
        drawn.shuffle(groups)
        asked += groups
    return [request(workload, drawn, 0.0, group) for group in asked]


def poisson(drawn: random.Random, rate: float, seconds: float) -> Iterator[float]:
    """Arrival times in an interval, at a mean rate per second."""
    at = drawn.expovariate(rate)
    while at < seconds:
        yield at
        at += drawn.expovariate(rate)


def one_group(workload: Workload, drawn: random.Random) -> int | None:
    """Which group asks."""
    if not workload.groups:
        return None
    return drawn.choices(range(workload.groups), weights=weights(workload.groups, workload.skew))[0]


@lru_cache
def weights(groups: int, skew: float) -> tuple[float, ...]:
    """How often each group asks, beside the others."""
    return tuple(1 / rank**skew for rank in range(1, groups + 1))


def request(workload: Workload, drawn: random.Random, at: float, group: int | None) -> Request:
    """A request of a group at a time."""
    prefix = "" if group is None else shared(workload, group)
    length = drawn.randint(workload.question_tokens.least, workload.question_tokens.most)
    return Request(at=at, group=group, prefix=prefix, question=text(drawn, length, workload.letters))


@lru_cache(maxsize=512)
def shared(workload: Workload, group: int) -> str:
    """The beginning of a group's requests."""
    drawn = random.Random(f"{workload.seed}/group/{group}")  # noqa: S311
    return text(drawn, workload.prefix_tokens, workload.letters)


def text(drawn: random.Random, tokens: int, letters: Span) -> str:
    """Words without meaning."""
    return " ".join(drawn.choices(vocabulary(letters), k=tokens))


@lru_cache
def vocabulary(letters: Span) -> tuple[str, ...]:
    """Words of all lengths, as many of each."""
    drawn = random.Random("words")  # noqa: S311
    lengths = range(letters.least, letters.most + 1)
    return tuple("".join(drawn.choices(LETTERS, k=lengths[index % len(lengths)])) for index in range(WORDS))
