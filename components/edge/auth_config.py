# SPDX-License-Identifier: MPL-2.0
"""The AuthConfig (authorino.kuadrant.io/v1beta3, Authorino v0.27): who calls, and what is said of them inside.

A key belongs to the municipality in whose namespace its Secret lies; a token to the one that its issuer names. Both are
looked up in the register, which gives the tier. Each way in says so in properties of its own (`municipality`, `tier`,
`application`, `models`, `overflow`), written over whatever a Secret or a token says under these names.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from andel.release.pins import EppDialect
from config.days import day
from config.gateway import Gateway
from config.identity import TokenIssuer
from config.municipalities import Member
from config.names import APPLICATION_KEY, KEY_DATA_CLASS, KEY_EXPIRES, MEMBER, OVERFLOW_ALLOWED
from config.serving.pod_rules import BEYOND
from config.tiers import Tier

from ..request_headers import DATA_CLASS
from ..request_model import model_in_the_body
from . import key_annotations
from .headers import ALL, APPLICATION, BAND, MODELS, MUNICIPALITY, OVERFLOW, PERIOD, TIER
from .key_annotations import ANNOTATIONS, said
from .months import NOW, period
from .rules import DOMAIN, month_entries, month_rule

SAFE = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
"""What may stand in a header as an application's name."""

BUDGET = "budget"
"""Name of the look-up of what a soft month has left."""

LOOK_UP_MILLISECONDS = 250
"""Longest wait for it. While nobody answers, every request of a soft tier waits so long."""


@dataclass(frozen=True, kw_only=True)
class AuthConfigArgs:
    """What identity is decided by."""

    gateway: Gateway
    """Host, issuers and limits."""

    members: Mapping[str, Member]
    """The register."""

    tiers: Mapping[str, Tier]
    """The plans."""

    dialect: EppDialect
    """The release's picker: it names the fairness header."""

    budget_url: str
    """Where the limiter is asked what a month has left."""


def spec(args: AuthConfigArgs) -> dict[str, Any]:
    """The AuthConfig of the edge."""
    budget = {BUDGET: budget_look_up(args)} if soft_tiers(args.tiers) else {}
    # Where one header can't be made Authorino leaves it out, and others with it: such a request is refused first.
    made = [{"predicate": f"({cel}) != ''"} for cel in headers(args).values()]
    return {
        "hosts": [args.gateway.host],
        "authentication": {"key": by_key(args), **by_tokens(args)},
        **({"metadata": budget} if budget else {}),
        "authorization": {
            "member": {"patternMatching": {"patterns": [{"predicate": "auth.identity.tier != ''"}, *made]}},
        },
        "response": {
            "unauthenticated": denial(401, "invalid_api_key", "The key or token is missing, wrong or no longer valid."),
            "unauthorized": denial(403, "not_a_member", "The municipality is no member of this platform."),
            "success": {
                "headers": {
                    **{name: expressed(cel) for name, cel in headers(args).items()},
                    **data_class(),
                    **model_in_the_body(),
                }
            },
        },
    }


def headers(args: AuthConfigArgs) -> dict[str, str]:
    """Headers that a request goes on with, as CEL. The key itself ends here: no model and no cloud sees it."""
    return {
        MUNICIPALITY: "auth.identity.municipality",
        TIER: "auth.identity.tier",
        APPLICATION: "auth.identity.application",
        PERIOD: period(args.gateway.limits.time_zone),
        BAND: band(args),
        MODELS: "auth.identity.models",
        OVERFLOW: "auth.identity.overflow",
        args.dialect.fairness_header: "auth.identity.municipality",
        "authorization": "'withheld'",
    }


def data_class() -> dict[str, Any]:
    """The class of a key's data, where the key has one, over what the request says. Else the request's own stays."""
    classed = f"'metadata' in auth.identity && {said(KEY_DATA_CLASS)}"
    return {DATA_CLASS: {**expressed(f"{ANNOTATIONS}['{KEY_DATA_CLASS}']"), "when": [{"predicate": classed}]}}


def expressed(cel: str) -> dict[str, Any]:
    """A header whose value is CEL."""
    return {"plain": {"expression": cel}}


def by_key(args: AuthConfigArgs) -> dict[str, Any]:
    """Keys: labelled Secrets in any namespace. The API server says where a Secret lies, nobody else."""
    namespace = "auth.identity.metadata.namespace"
    slug = f"({namespace}.startsWith('{MEMBER}') ? {namespace}.substring({len(MEMBER)}) : '')"
    expired = f"({said(KEY_EXPIRES)} && timestamp({ANNOTATIONS}['{KEY_EXPIRES}']) <= {NOW})"
    # What CEL can't find is an error, and an identity with an error is none: 401, as for a key that never was.
    valid = f"({expired} ? [''][1] : {slug})"
    return {
        "apiKey": {
            "selector": {"matchExpressions": [{"key": APPLICATION_KEY, "operator": "Exists"}]},
            "allNamespaces": True,
        },
        "credentials": {"authorizationHeader": {"prefix": "Bearer"}},
        "overrides": {
            "municipality": {"expression": valid},
            "tier": {"expression": tier_of(valid, args.members, args.gateway.limits.time_zone)},
            "application": {"expression": named(f"auth.identity.metadata.labels['{APPLICATION_KEY}']", "key")},
            "models": {"expression": key_annotations.models()},
            "overflow": {"expression": key_annotations.overflow()},
        },
    }


def by_tokens(args: AuthConfigArgs) -> dict[str, Any]:
    """Tokens, a way in for each issuer."""
    return {f"token-{index}": by_token(issuer, args) for index, issuer in enumerate(args.gateway.identity.issuers)}


def by_token(issuer: TokenIssuer, args: AuthConfigArgs) -> dict[str, Any]:
    """Tokens of an issuer. Authorino checks signature and time alone; issuer and audience are checked here."""
    audience = "auth.identity.aud"
    meant = (
        f"auth.identity.iss == {text(issuer.url)} && (type({audience}) == string ? [{audience}] : {audience})"
        f".exists(one, one in [{', '.join(map(text, issuer.audiences))}])"
    )
    slug = f"({meant} ? string(auth.identity.{issuer.claim}) : [''][1])"
    members = args.members
    spoken_for = {name: one for name, one in members.items() if issuer.every_member or name in issuer.municipalities}
    client = "('azp' in auth.identity ? string(auth.identity.azp) : 'token')"
    return {
        "jwt": {"issuerUrl": issuer.url, "ttl": 300},
        "credentials": {"authorizationHeader": {"prefix": "Bearer"}},
        "overrides": {
            "municipality": {"expression": slug},
            "tier": {"expression": tier_of(slug, spoken_for, args.gateway.limits.time_zone)},
            "application": {"expression": named(client, "token")},
            # Governance names issuers, and who may overflow: no municipality's stack says anything of a token.
            "models": {"expression": text(ALL)},
            "overflow": {"expression": text(OVERFLOW_ALLOWED)},
        },
    }


def tier_of(slug: str, members: Mapping[str, Member], time_zone: str) -> str:
    """CEL: the tier of a municipality by the register; nothing for who is not in it, not yet or no longer."""
    register = ", ".join(f"{text(name)}: {while_member(member, time_zone)}" for name, member in sorted(members.items()))
    # A macro gives the register a name: the expression before it is long, and would stand here twice.
    return (
        f"[{slug}].map(slug, slug in {{{register}}} ? {{{register}}}[slug] : '')[0]"
        if members
        else f"[{slug}].map(slug, '')[0]"
    )


def while_member(member: Member, time_zone: str) -> str:
    """CEL: a member's tier on the days of its membership; nothing before and after. Days begin at midnight there."""
    turns = [(">=", member.joins), ("<", member.leaves)]
    there = [f"{NOW} {sign} timestamp('{midnight(turn, time_zone)}')" for sign, turn in turns if turn]
    return f"({' && '.join(there)} ? {text(member.tier)} : '')" if there else text(member.tier)


def midnight(of: str, time_zone: str) -> str:
    """When a day begins in a zone (RFC 3339, UTC)."""
    begins = datetime.combine(day(of), time(), ZoneInfo(time_zone))
    return begins.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def named(cel: str, otherwise: str) -> str:
    """CEL: a name that may stand in a header, or another."""
    return f"({cel}).matches({text(SAFE)}) ? {cel} : {text(otherwise)}"


def band(args: AuthConfigArgs) -> str:
    """CEL: the tier, or what is beyond a soft month."""
    soft = soft_tiers(args.tiers)
    if not soft:
        return "auth.identity.tier"
    at = f"auth.metadata.{BUDGET}"
    # The limiter answers in plain words where its store is away; then nobody knows.
    # Without any answer there is no `metadata` at all.
    answered = f"'metadata' in auth && '{BUDGET}' in auth.metadata && type({at}) == map && 'statuses' in {at}"
    known = f"({answered} && 'currentLimit' in {at}.statuses[0])"
    left = f"('limitRemaining' in {at}.statuses[0] && {at}.statuses[0].limitRemaining > 0)"
    unknown = "true" if args.gateway.limits.when_unknown == "within" else "false"
    listed = ", ".join(map(text, soft))
    within = f"!(auth.identity.tier in [{listed}]) || ({known} ? {left} : {unknown})"
    return f"({within}) ? auth.identity.tier : {text(BEYOND)}"


def soft_tiers(tiers: Mapping[str, Tier]) -> list[str]:
    """Plans whose month is soft."""
    return sorted(name for name, tier in tiers.items() if tier.month.beyond == "soft")


def budget_look_up(args: AuthConfigArgs) -> dict[str, Any]:
    """What a soft month has left: the counter itself, asked with a cost of nothing (`hitsAddend` 0 changes nothing).

    Source: envoyproxy/ratelimit at 3fb702589d36, src/utils/utilities.go (GetHitsAddends) and src/server/server_impl.go.
    """
    soft = soft_tiers(args.tiers)
    month = period(args.gateway.limits.time_zone)
    key = "auth.identity.municipality"
    entries = {tier: month_entries(month_rule(args.tiers, tier), "", "") for tier in soft}
    chosen = f"{{{', '.join(f'{text(tier)}: {_entries(entries[tier], key, month)}' for tier in soft)}}}"
    body = (
        f"{{'domain': {text(DOMAIN)}, 'descriptors': [{{'entries': {chosen}[auth.identity.tier], 'hitsAddend': '0'}}]}}"
    )
    listed = ", ".join(map(text, soft))
    return {
        "when": [{"predicate": f"request.method == 'POST' && auth.identity.tier in [{listed}]"}],
        "http": {
            "url": args.budget_url,
            "method": "POST",
            "contentType": "application/json",
            "body": {"expression": body},
            "timeout": LOOK_UP_MILLISECONDS,
        },
        "cache": {
            "key": {"expression": f"{key} + ' ' + auth.identity.tier + ' ' + {month}"},
            "ttl": args.gateway.limits.budget_cache_seconds,
        },
    }


def _entries(entries: list[tuple[str, str]], municipality: str, month: str) -> str:
    """CEL: the entries of a counter; what differs from request to request stands second and third from the end."""
    values = [text(value) for _, value in entries]
    values[-3:-1] = [municipality, month]
    listed = (f"{{'key': {text(key)}, 'value': {value}}}" for (key, _), value in zip(entries, values, strict=True))
    return f"[{', '.join(listed)}]"


def denial(status: int, code: str, message: str) -> dict[str, Any]:
    """A refusal in the form of OpenAI's errors."""
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    challenge = {"www-authenticate": {"value": 'Bearer realm="andel"'}} if status == 401 else {}
    return {
        "code": status,
        "message": {"value": code},
        "headers": {"content-type": {"value": "application/json"}, **challenge},
        "body": {"value": json.dumps(body)},
    }


def text(value: str) -> str:
    """A string literal of CEL. Values come from the config, whose forms know no quotes; one would end the literal."""
    return json.dumps(value)
