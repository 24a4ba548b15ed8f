# SPDX-License-Identifier: MPL-2.0
"""Section `chat` of a municipality: its own chat interface (Open WebUI), by sign-on alone."""

from typing import Annotated, Literal

from pydantic import Field

from .chat_words import Words
from .identity import IssuerUrl
from .keys import ApplicationKey
from .municipalities import DisplayName
from .scalars import Cores, Hostname, Memory, ModelName, ObjectName, SecretKeyName, form
from .section import Section

ClientId = Annotated[
    str, form(r"^[A-Za-z0-9][-A-Za-z0-9_.:/]*$", "write the client's name at the issuer, as andel-chat", 200)
]
"""Name of an OpenID Connect client."""

Role = Annotated[str, form(r"^[A-Za-z0-9][-A-Za-z0-9_.:/ ]*$", "write one role, as chat-admin", 100)]
"""A role as the issuer says it in a token."""


class SecretKey(Section):
    """A value in a Secret of the municipality's namespace."""

    name: ObjectName
    """The Secret."""

    key: SecretKeyName
    """Its key."""


class SignOn(Section):
    """Who signs people on: an OpenID Connect issuer, the municipality's own or a realm of the platform's Keycloak."""

    issuer: IssuerUrl
    """The issuer. The register's `egress` has to let the chat reach it."""

    name: DisplayName = "SSO"
    """Name on the button."""

    client_id: ClientId
    """The chat's client there."""

    client_secret: SecretKey | None = None
    """Its secret. Left out, the client is a public one that proves itself by PKCE (S256) alone."""

    domains: Annotated[tuple[Hostname, ...], Field(min_length=1, max_length=50)]
    """Domains of the mail addresses that may sign on."""

    roles_claim: Role = "roles"
    """Claim of a token that holds roles."""

    user_roles: Annotated[tuple[Role, ...], Field(max_length=50)] = ()
    """Roles that may use the chat. Left out, everybody of the domains."""

    admin_roles: Annotated[tuple[Role, ...], Field(max_length=50)] = ()
    """Roles that may change its settings until it starts again. Nobody reads others' chats."""


class Retention(Section):
    """How long is kept what people write. Open WebUI 0.11 ends nothing by itself."""

    chats: Annotated[int, Field(ge=1, le=3650, strict=True)] | None = None
    """Days after which a chat goes that nobody has written in, with its files, ratings and shares; archived and pinned
    ones too. Left out, chats are kept until people delete them. What is personal may be kept no longer than is needed
    (GDPR, article 5), so a number should stand here, and `andel check` says so. It is no default all the same: what is
    deleted is lost, and only the municipality knows which chats belong in its case files first (offentlighedsloven,
    section 13) and how long people need them."""


class Chat(Section):
    """A chat interface of its own at `<slug>.<domain of the platform's chats>`."""

    title: DisplayName
    """Name at its top."""

    language: Literal["da-DK", "de-DE", "en-US"] = "da-DK"
    """Its language for who has not chosen one."""

    models: Annotated[tuple[ModelName, ...], Field(max_length=100)] = ()
    """Models to choose from. Left out, all that its plan allows."""

    words: Words = Words()
    """What its pages say beside the title."""

    key: ApplicationKey = ApplicationKey()
    """Its own key to the API, under the application `chat`. Raise `generation` to rotate it: the chat starts again with
    the new one, and no `retire` is needed."""

    retention: Retention = Retention()
    """How long is kept what people write."""

    sign_on: SignOn
    """Who signs people on. There is no other way in."""

    database: SecretKey
    """A PostgreSQL that keeps chats: its URL (`postgresql://…`)."""

    session_key: SecretKey
    """The key that signs sessions: random, at least 32 characters. A new one signs everybody out."""

    cpu: Cores = "500m"
    """What its pod asks for."""

    memory: Memory = "2Gi"
    """What its pod asks for, and the most that it gets."""

    uploads: Memory = "10Gi"
    """Disk for uploaded files."""

    storage_class: ObjectName | None = None
    """Storage class of that disk; left out, the cluster's default."""
