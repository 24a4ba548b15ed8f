# SPDX-License-Identifier: MPL-2.0
"""A model's `scaling` block: how many replicas there are, and who decides it."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .scalars import Count, form
from .section import Mistake, Section, again, refuse_if_any

LONGEST_HOLD = 300
"""Seconds that the gateway waits for a picker at most (Envoy AI Gateway 1.0 fixes it): no request is held longer."""

Clock = Annotated[str, form(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", "write a time of day in quotes, as '07:30'", 5)]
"""A time of day, as `07:30`."""

TimeZone = Annotated[
    str, form(r"^([A-Z][A-Za-z_]+/[A-Z][A-Za-z_/-]+|UTC)$", "write a zone of the IANA list, as Europe/Copenhagen", 60)
]
"""A time zone by its name in the IANA list."""


class Day(StrEnum):
    """A day of the week."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


WORKDAYS = (Day.MONDAY, Day.TUESDAY, Day.WEDNESDAY, Day.THURSDAY, Day.FRIDAY)
"""Days on which offices are open."""


class OfficeHours(Section):
    """Hours in which a model stands ready, whether it is called or not."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)] = WORKDAYS
    """Days of the week."""

    start: Clock
    """When replicas are asked for. They answer `loadSeconds` later: begin before the first user does."""

    end: Clock
    """When they are given back, on the same day."""

    time_zone: TimeZone = "Europe/Copenhagen"
    """Zone of both times; summer time is followed."""

    replicas: Count = 1
    """Replicas that stand ready."""

    @property
    def seconds(self) -> int:
        """How long they last, in seconds; below 0 where they end before they begin."""
        first, last = (60 * int(time[:2]) + int(time[3:]) for time in (self.start, self.end))
        return 60 * (last - first)


class Fixed(Section):
    """A number of replicas that stays."""

    kind: Literal["fixed"] = "fixed"

    replicas: Count = 1
    """Replicas."""

    @property
    def least(self) -> int:
        """Replicas that always stand."""
        return self.replicas

    @property
    def most(self) -> int:
        """Replicas that stand at most."""
        return self.replicas


class _Between(Section):
    """Replicas between two bounds."""

    min_replicas: Annotated[int, Field(ge=0, le=1000, strict=True)]
    max_replicas: Annotated[int, Field(ge=1, le=1000, strict=True)]

    @property
    def least(self) -> int:
        """Replicas that always stand."""
        return self.min_replicas

    @property
    def most(self) -> int:
        """Replicas that stand at most."""
        return self.max_replicas

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self


class Load(_Between):
    """As many replicas as the requests need: those in flight and those that wait, divided by what one replica takes.

    KEDA decides it by the engine's own metrics (`llm-d`, `kserve`, `huggingface`), KubeAI's autoscaler for `kubeai`.
    """

    kind: Literal["load"]

    min_replicas: Annotated[int, Field(ge=0, le=1000, strict=True)] = 1
    """Replicas that stand without any request. 0 gives all GPUs back; `whenAsleep` says what the next request meets."""

    max_replicas: Annotated[int, Field(ge=1, le=1000, strict=True)]
    """Replicas at the highest load."""

    default_replicas: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    """Replicas while no metric can be read: a Prometheus that is down must not put models to sleep. One that sleeps
    already sleeps on."""

    target_requests: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 32
    """Requests at one time that one replica takes, in flight and waiting; more of them ask for another replica."""

    scale_down_delay_seconds: Annotated[int, Field(ge=0, le=86_400, strict=True)] = 300
    """Seconds that a lower load must last before a replica is given back. Loading again costs `loadSeconds`."""

    when_asleep: Literal["hold", "refuse"] = "hold"
    """What a request meets while no replica stands: `hold` keeps it until one has loaded (at most 300 seconds, where
    the serving kind can); `refuse` answers 503 with Retry-After and wakes the model."""

    office_hours: tuple[OfficeHours, ...] = ()
    """Hours in which replicas stand ready before anybody calls."""


class Variant(_Between):
    """As many replicas as llm-d's Workload Variant Autoscaler asks for (WVA 0.7, through KEDA): `llm-d` alone.

    It weighs KV cache and queue of all variants of a model, and prefers the cheaper one.
    """

    kind: Literal["variant"]

    min_replicas: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    """Replicas that stand without any request. KServe 0.20 refuses 0 here: use `load` for that."""

    max_replicas: Annotated[int, Field(ge=1, le=1000, strict=True)]
    """Replicas at the highest load."""

    cost: Annotated[Decimal, Field(gt=0, le=10**6)] = Decimal(10)
    """What a replica costs beside other variants of the model; any unit, the same for all of them."""

    scale_down_delay_seconds: Annotated[int, Field(ge=0, le=86_400, strict=True)] = 300
    """Seconds that a lower load must last before a replica is given back."""


Scaling = Annotated[Fixed | Load | Variant, Field(discriminator="kind")]


def bounds_the_wrong_way_round(scaling: _Between) -> Iterator[Mistake]:
    """The least is no more than the most."""
    if scaling.min_replicas > scaling.max_replicas:
        wrong = f"{scaling.min_replicas} replicas at least are above {scaling.max_replicas} at most"
        yield Mistake(("minReplicas",), wrong, f"write {scaling.max_replicas} or less, or raise maxReplicas")


def defaults_out_of_bounds(scaling: _Between) -> Iterator[Mistake]:
    """What stands while nothing is known is no more than the most."""
    if isinstance(scaling, Load) and scaling.default_replicas > scaling.max_replicas:
        wrong = f"{scaling.default_replicas} replicas without metrics are above maxReplicas {scaling.max_replicas}"
        yield Mistake(("defaultReplicas",), wrong, f"write {scaling.max_replicas} or less")


def hours_out_of_bounds(scaling: _Between) -> Iterator[Mistake]:
    """Office hours ask for no more than the most, and for more than what stands anyway."""
    for index, hours in enumerate(scaling.office_hours if isinstance(scaling, Load) else ()):
        path = ("officeHours", index, "replicas")
        if hours.replicas > scaling.max_replicas:
            wrong = f"{hours.replicas} replicas are above maxReplicas {scaling.max_replicas}"
            yield Mistake(path, wrong, f"write {scaling.max_replicas} or less")
        elif hours.replicas <= scaling.min_replicas:
            wrong = f"{hours.replicas} replicas stand anyway: minReplicas is {scaling.min_replicas}"
            yield Mistake(path, wrong, "write more, lower minReplicas, or take these hours away")


def hours_that_end_before_they_begin(scaling: _Between) -> Iterator[Mistake]:
    """Hours lie within one day; a night is two entries."""
    for index, hours in enumerate(scaling.office_hours if isinstance(scaling, Load) else ()):
        if hours.end <= hours.start:
            wrong = f"{hours.end} is not after {hours.start}"
            yield Mistake(("officeHours", index, "end"), wrong, "write a later time; a night is two entries")


def days_named_twice(scaling: _Between) -> Iterator[Mistake]:
    """A day stands once in an entry."""
    for index, hours in enumerate(scaling.office_hours if isinstance(scaling, Load) else ()):
        for place, day in again(hours.days):
            yield Mistake(("officeHours", index, "days", place), f"{day} stands here twice", "take one away")


RULES: tuple[Callable[[_Between], Iterator[Mistake]], ...] = (
    bounds_the_wrong_way_round,
    defaults_out_of_bounds,
    hours_out_of_bounds,
    hours_that_end_before_they_begin,
    days_named_twice,
)
"""Rules within a scaling block."""
