# SPDX-License-Identifier: MPL-2.0
"""A member's realm in the platform's Keycloak (k8s.keycloak.org, KeycloakRealmImport; forms as in its CRD of 26.0.0).

The operator's import only creates: a realm that is there is neither changed nor deleted by it, so what is changed here
later has to be changed in Keycloak too. The realm's people, and further clients, are its administrators' there.
"""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.keycloak import Keycloak
from config.names import CHAT, MEMBER

from .metadata import metadata

AUDIENCE = "andel"
"""Audience of tokens that the edge takes, where `gateway.identity.issuers` names the realm."""

CLAIM = "municipality"
"""Claim that holds the slug. A realm's administrators can write any: the edge lets it speak for its own alone."""

ROLES = {"chat-user": "May use the chat", "chat-admin": "May change the chat's settings until it starts again"}
"""Roles of the realm that a chat asks for."""


@dataclass(frozen=True, kw_only=True)
class MunicipalityRealmArgs:
    """A member, and the Keycloak."""

    slug: str
    """Its slug: the realm's name."""

    display_name: str
    """Its name for people."""

    keycloak: Keycloak
    """The section."""

    chat_host: str | None
    """Host of its chat, if the platform has chats."""


class MunicipalityRealm(pulumi.ComponentResource):
    """The import of a realm with a client for the chat."""

    def __init__(self, name: str, args: MunicipalityRealmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:municipality:MunicipalityRealm", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            f"{name}-import",
            api_version=f"k8s.keycloak.org/{args.keycloak.version}",
            kind="KeycloakRealmImport",
            metadata=metadata(f"{MEMBER}{args.slug}", args.keycloak.namespace),
            spec={"keycloakCRName": args.keycloak.name, "realm": realm(args)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def realm(args: MunicipalityRealmArgs) -> dict[str, Any]:
    """The realm: nobody registers alone, guesses are slowed down, sessions end with the day."""
    return {
        "realm": args.slug,
        "displayName": args.display_name,
        "enabled": True,
        "sslRequired": "all",
        "registrationAllowed": False,
        "bruteForceProtected": True,
        "rememberMe": False,
        "accessTokenLifespan": 300,
        "ssoSessionIdleTimeout": 3600,
        "ssoSessionMaxLifespan": 43200,
        "eventsEnabled": True,
        "adminEventsEnabled": True,
        "internationalizationEnabled": True,
        "defaultLocale": "da",
        "supportedLocales": ["da", "de", "en"],
        "roles": {"realm": [{"name": name, "description": what} for name, what in ROLES.items()]},
        "clients": [] if args.chat_host is None else [chat_client(args.slug, args.chat_host)],
    }


def chat_client(slug: str, host: str) -> dict[str, Any]:
    """A public client, which proves itself by PKCE: there is no secret that two namespaces would have to share."""
    return {
        "clientId": CHAT,
        "protocol": "openid-connect",
        "enabled": True,
        "publicClient": True,
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "redirectUris": [f"https://{host}/oauth/oidc/callback"],
        "webOrigins": [f"https://{host}"],
        "attributes": {"pkce.code.challenge.method": "S256", "post.logout.redirect.uris": f"https://{host}/*"},
        "protocolMappers": [
            mapper("municipality", "oidc-hardcoded-claim-mapper", {"claim.name": CLAIM, "claim.value": slug}),
            mapper("roles", "oidc-usermodel-realm-role-mapper", {"claim.name": "roles", "multivalued": "true"}),
            mapper("audience", "oidc-audience-mapper", {"included.custom.audience": AUDIENCE}),
        ],
    }


def mapper(name: str, kind: str, config: dict[str, str]) -> dict[str, Any]:
    """What a token says beside who it is for."""
    everywhere = {"id.token.claim": "true", "access.token.claim": "true", "jsonType.label": "String"}
    return {
        "name": name,
        "protocol": "openid-connect",
        "protocolMapper": kind,
        "config": {**everywhere, "userinfo.token.claim": "true", **config},
    }
