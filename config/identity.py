# SPDX-License-Identifier: MPL-2.0
"""Section `gateway.identity`: who may say which municipality a caller belongs to."""

from typing import Annotated

from pydantic import Field, StrictBool

from .scalars import DnsLabel, ObjectName, form
from .section import Section

IssuerUrl = Annotated[
    str,
    form(
        r"^https://[a-z0-9][-a-z0-9.]*(:[0-9]{1,5})?(/[-A-Za-z0-9_.~/]*)?$",
        "write https:// and the issuer as its tokens name it, as https://login.example.dk/realms/odense",
        300,
    ),
]
"""Issuer of tokens (OpenID Connect). Over plain HTTP anybody between could replace its keys."""

ClaimName = Annotated[str, form(r"^[A-Za-z_][A-Za-z0-9_]*$", "write letters, digits and underscores", 63)]
"""Name of a claim at the top of a token. Nested ones need a mapper of the issuer."""

Audience = Annotated[str, form(r"^[A-Za-z0-9][-A-Za-z0-9_.:/]*$", "write letters, digits and -_.:/", 200)]
"""Whom a token is meant for."""


class TokenIssuer(Section):
    """An issuer whose tokens (JWT) are taken in place of keys."""

    url: IssuerUrl
    """The issuer, as its tokens name it (`iss`); its keys are found by OpenID Connect discovery."""

    audiences: Annotated[tuple[Audience, ...], Field(min_length=1)]
    """Tokens for one of these are taken. Without an audience, tokens made for other systems would open this one."""

    claim: ClaimName = "municipality"
    """Claim that holds the municipality's slug."""

    municipalities: tuple[DnsLabel, ...] = ()
    """Members that this issuer may speak for. A municipality's own issuer speaks for it alone, and so does its realm in
    the platform's Keycloak. Whoever administers an issuer of several calls in the name of any of them."""

    every_member: StrictBool = False
    """Whether it speaks for all members, those among them that join later. Then it names none."""


class AuthorinoService(Section):
    """Where an existing Authorino answers."""

    namespace: DnsLabel
    """Its namespace."""

    name: ObjectName = "authorino-authorino-authorization"
    """Its Service. The default is what Authorino's own operator makes."""

    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = 50051
    """Port of ext_authz (gRPC over TLS)."""

    ca: ObjectName
    """Secret of the gateways' namespace with `ca.crt`, by which its certificate is believed."""


class Identity(Section):
    """Who calls: keys of applications, and tokens of known issuers, on one host."""

    issuers: tuple[TokenIssuer, ...] = ()
    """Issuers of tokens beside the keys."""

    replicas: Annotated[int, Field(ge=1, le=10, strict=True)] = 2
    """Authorinos. While none answers, nobody gets in."""

    service: AuthorinoService | None = None
    """Where the existing Authorino answers; left out where the platform brings it."""
