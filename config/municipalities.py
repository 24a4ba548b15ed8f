# SPDX-License-Identifier: MPL-2.0
"""Section `municipalities`: the register of members. Governance: who is in it may call models, nobody else."""

from collections.abc import Callable, Iterator
from typing import Annotated, Self

from pydantic import Field, StrictBool, model_validator

from .days import Day
from .scalars import Count, DnsLabel, form
from .section import Mistake, Section, refuse_if_any
from .walls import Egress

Slug = Annotated[
    str,
    form(r"^[a-z]([-a-z0-9]*[a-z0-9])?$", "write lower-case letters, digits and hyphens, a letter first", 50),
]
"""A municipality's name in namespaces, headers and counters, as `ringkobing-skjern`."""

LETTERS = "A-Za-zÀ-ÖØ-öø-ž"
"""Letters of Danish, German and their neighbours (Latin-1 and Latin Extended-A), and none that look like them."""

DisplayName = Annotated[
    str,
    form(
        rf"^[{LETTERS}0-9]([-{LETTERS}0-9 .,:;'’&()/+!?–]*[{LETTERS}0-9.)+!?])?$",
        "write letters, digits, spaces within, and -.,:;'’&()/+!?–",
        100,
    ),
]
"""A name for people, with Danish letters. On one line, and nothing in it is a sign to a program: no `$`, no braces."""


class Member(Section):
    """A member, and the plan that it chose."""

    name: DisplayName
    """Name for people, as `Ringkøbing-Skjern`."""

    tier: DnsLabel
    """Its plan: one of `tiers`."""

    citizens: Count | None = None
    """Citizens on 1 January, where its price depends on them."""

    egress: Annotated[tuple[Egress, ...], Field(max_length=50)] = ()
    """Places outside that pods in its namespaces may reach, beside names and the API: its identity provider, its
    database. Governance: a municipality can't open its own walls."""

    realm: StrictBool = False
    """Whether it has a realm in the platform's Keycloak."""

    joins: Day | None = None
    """First day of its membership. Before it, its keys are refused and it pays nothing. Left out, it always was one."""

    leaves: Day | None = None
    """First day on which it is no member any more: from then on its keys are refused and it pays nothing. Its walls
    stand until it is taken out of the register, which can wait until the year is settled."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self


def leaving_before_joining(member: Member) -> Iterator[Mistake]:
    """Who leaves has been there for a day at least."""
    if member.joins and member.leaves and member.leaves <= member.joins:
        yield Mistake(("leaves",), f"it joins on {member.joins}", "write a later day")


RULES: tuple[Callable[[Member], Iterator[Mistake]], ...] = (leaving_before_joining,)
"""Rules within a member."""
