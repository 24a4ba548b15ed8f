# SPDX-License-Identifier: MPL-2.0
"""Rules of the edge: members, issuers, counters and the operators that they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from . import catalogue
from .operators import Existing, Managed
from .section import Mistake, again

if TYPE_CHECKING:
    from .environment import Environment

LARGEST_COUNT = 2**32 - 1
"""Largest limit that the limiter knows (source: envoyproxy/ratelimit, `requests_per_unit` is a uint32)."""


def members_without_a_tier(environment: Environment) -> Iterator[Mistake]:
    """A member's plan is one of the environment's."""
    for slug, member in environment.municipalities.items():
        if member.tier not in environment.tiers:
            path = ("municipalities", slug, "tier")
            yield Mistake(path, f"there is no tier {member.tier}", catalogue.one_of(environment.tiers))


def members_of_one_name(environment: Environment) -> Iterator[Mistake]:
    """A municipality is a member once."""
    known: dict[str, str] = {}
    for slug, member in environment.municipalities.items():
        if (other := known.setdefault(member.name, slug)) != slug:
            path = ("municipalities", slug, "name")
            yield Mistake(path, f"{member.name} is a member already, as {other}", "take one of the two out")


def realms_without_a_keycloak(environment: Environment) -> Iterator[Mistake]:
    """A realm is somewhere."""
    for slug, member in environment.municipalities.items():
        if member.realm and environment.keycloak is None:
            path = ("municipalities", slug, "realm")
            yield Mistake(path, "there is no keycloak that could have one", "declare keycloak, or take it away")


def realms_named_as_the_master(environment: Environment) -> Iterator[Mistake]:
    """Keycloak's own realm rules all others."""
    for slug, member in environment.municipalities.items():
        if member.realm and slug == "master":
            path = ("municipalities", slug, "realm")
            yield Mistake(path, "Keycloak's own realm has this name", "write another slug, or take the realm away")


def issuers_for_strangers(environment: Environment) -> Iterator[Mistake]:
    """An issuer speaks for members."""
    issuers = environment.gateway.identity.issuers if environment.gateway else ()
    for at, issuer in enumerate(issuers):
        for index, slug in enumerate(issuer.municipalities):
            if slug not in environment.municipalities:
                path = ("gateway", "identity", "issuers", at, "municipalities", index)
                yield Mistake(path, f"{slug} is no member", catalogue.one_of(environment.municipalities))


def issuers_for_nobody_knows_whom(environment: Environment) -> Iterator[Mistake]:
    """For whom an issuer speaks is said: its members, or every one."""
    issuers = environment.gateway.identity.issuers if environment.gateway else ()
    for at, issuer in enumerate(issuers):
        path = ("gateway", "identity", "issuers", at, "municipalities")
        if not issuer.municipalities and not issuer.every_member:
            wrong = "nothing says for whom it speaks"
            yield Mistake(path, wrong, "name the members, or write everyMember: true beside it")
        if issuer.municipalities and issuer.every_member:
            yield Mistake(path, "it speaks for every member already", "take it away, or everyMember")


def realms_for_others(environment: Environment) -> Iterator[Mistake]:
    """A realm speaks for its own municipality: its administrators can put any claim into its tokens."""
    gateway, keycloak = environment.gateway, environment.keycloak
    if gateway is None or keycloak is None:
        return
    for at, issuer in enumerate(gateway.identity.issuers):
        if (urlsplit(issuer.url).hostname or "").rstrip(".") != keycloak.host:
            continue
        path = ("gateway", "identity", "issuers", at)
        own = issuer.url.rpartition("/")[2]
        if issuer.url != keycloak.issuer(own):
            wrong = "it is at the platform's Keycloak, and no realm there"
            yield Mistake((*path, "url"), wrong, f"write {keycloak.issuer('<slug>')}")
        elif issuer.municipalities != (own,) or issuer.every_member:
            wrong = f"it is a realm of the platform's Keycloak, and speaks for others than {own}"
            yield Mistake((*path, "municipalities"), wrong, f"write [{own}], and no everyMember")


def issuers_named_twice(environment: Environment) -> Iterator[Mistake]:
    """An issuer is one way in, with all its audiences: by two, nobody could say which of them let a token pass."""
    issuers = environment.gateway.identity.issuers if environment.gateway else ()
    for index, url in again(issuer.url for issuer in issuers):
        path = ("gateway", "identity", "issuers", index, "url")
        yield Mistake(path, f"{url} stands here twice", "write one issuer with all its audiences")


def authorino_at_two_places(environment: Environment) -> Iterator[Mistake]:
    """An existing Authorino is somewhere, and a managed one where the platform puts it."""
    if environment.gateway is None:
        return
    service, operator = environment.gateway.identity.service, environment.operators.authorino
    path = ("gateway", "identity", "service")
    if isinstance(operator, Managed) and service is not None:
        yield Mistake(path, "operators.authorino is managed: the platform knows where it is", "take it away")
    if isinstance(operator, Existing) and service is None:
        mend = "write its namespace here, or operators.authorino: {kind: managed}"
        yield Mistake(path, "nobody knows where the existing Authorino answers", mend)


def budgets_beyond_the_counter(environment: Environment) -> Iterator[Mistake]:
    """No limit is larger than what the limiter counts to."""
    for name, tier in environment.tiers.items():
        for path, limit in (
            (("requestsPerMinute",), tier.requests_per_minute),
            (("tokensPerMinute",), tier.tokens_per_minute),
            (("month", "tokens"), tier.month.tokens),
        ):
            if limit > LARGEST_COUNT:
                wrong = f"{limit} is more than the limiter counts to ({LARGEST_COUNT})"
                yield Mistake(("tiers", name, *path), wrong, f"write {LARGEST_COUNT} or less")


def zones_that_no_clock_knows(environment: Environment) -> Iterator[Mistake]:
    """Months begin in a zone that there is."""
    if environment.gateway is None:
        return
    try:
        ZoneInfo(environment.gateway.limits.time_zone)
    except ZoneInfoNotFoundError:
        path, zone = ("gateway", "limits", "timeZone"), environment.gateway.limits.time_zone
        yield Mistake(path, f"no clock knows {zone}", "write a zone of the IANA list, as Europe/Copenhagen")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    members_without_a_tier,
    members_of_one_name,
    realms_without_a_keycloak,
    realms_named_as_the_master,
    issuers_for_strangers,
    issuers_for_nobody_knows_whom,
    realms_for_others,
    issuers_named_twice,
    authorino_at_two_places,
    budgets_beyond_the_counter,
    zones_that_no_clock_knows,
)
"""Every rule of the edge."""
