# SPDX-License-Identifier: MPL-2.0
"""What the platform tells the municipalities' stacks: one stack output, `contract`, without secrets."""

from collections.abc import Iterator
from typing import Literal

from . import names
from .environment import Environment
from .identity import TokenIssuer
from .models import Task
from .municipalities import Slug
from .operators import ImagePrefix
from .release import ReleaseName
from .scalars import DnsLabel, Hostname, ModelName, Url
from .section import Section
from .tiers import Tier


class ContractModel(Section):
    """A model as its users see it."""

    display_name: str
    """Name for people."""

    task: Task
    """What it is for."""

    context_tokens: int
    """Longest request in tokens."""


class Namespaces(Section):
    """Namespaces of the platform that a municipality's policies name."""

    gateway: str = names.GATEWAY
    """Namespace of the gateways."""

    member: str = names.MEMBER
    """Beginning of the names of a municipality's namespaces; its slug follows. Keys count for who the namespace is."""


class Keys(Section):
    """How a Secret becomes a key."""

    application_label: str = names.APPLICATION_KEY
    """Label whose value is the application's name."""

    kept_label: str = "authorino.kuadrant.io/managed-by"
    """Label by which Authorino keeps it, with the next value."""

    kept_by: str = "authorino"
    """Value of that label."""

    data: str = "api_key"
    """Entry of the Secret that holds the key."""

    expires_annotation: str = names.KEY_EXPIRES
    """Annotation from whose time on the key is refused (RFC 3339)."""


class ContractMember(Section):
    """A member as its own stack sees it."""

    display_name: str
    """Name for people."""

    tier: DnsLabel
    """Its plan."""

    citizens: int | None = None
    """Its citizens, where the register has them."""


class PlatformContract(Section):
    """Written and read through this model alone; a reader refuses a version that it doesn't know."""

    version: Literal[1] = 1
    """Version of this contract."""

    release: ReleaseName
    """Release that the platform stands on."""

    allow_unresolved: bool = False
    """Whether images without a digest may be applied."""

    host: Hostname | None = None
    """Host of the API, if the environment has a gateway."""

    figures: Url | None = None
    """Address of Prometheus' API where a municipality asks for its own figures, if there are any."""

    separate_applications: bool = False
    """Whether applications stand on a cluster of their own."""

    chat_domain: Hostname | None = None
    """Domain below which chats are reached, if the environment has them."""

    images: ImagePrefix | None = None
    """Registry and path before every image's name, where there is a mirror."""

    models: dict[ModelName, ContractModel]
    """Models by public name."""

    tiers: dict[DnsLabel, Tier]
    """Plans by name."""

    municipalities: dict[Slug, ContractMember]
    """Members by slug."""

    issuers: tuple[TokenIssuer, ...] = ()
    """Issuers whose tokens are taken in place of keys."""

    keys: Keys = Keys()
    """How a Secret becomes a key."""

    namespaces: Namespaces = Namespaces()
    """Namespaces of the platform."""


def contract(environment: Environment) -> PlatformContract:
    """The contract of an environment."""
    return PlatformContract(
        release=environment.release.name,
        allow_unresolved=environment.release.allow_unresolved,
        host=environment.gateway.host if environment.gateway else None,
        figures=figures(environment),
        separate_applications=environment.clusters.application is not None,
        chat_domain=environment.chats.domain if environment.chats else None,
        images=environment.mirror.images,
        models=dict(offered(environment)),
        tiers=environment.tiers,
        municipalities={
            slug: ContractMember(display_name=member.name, tier=member.tier, citizens=member.citizens)
            for slug, member in environment.municipalities.items()
        },
        issuers=environment.gateway.identity.issuers if environment.gateway else (),
    )


def offered(environment: Environment) -> Iterator[tuple[str, ContractModel]]:
    """Models by every name that a plan may have; adapters do what their model does."""
    for name, model in environment.models.items():
        known = ContractModel(display_name=model.display_name, task=model.task, context_tokens=model.context_tokens)
        yield name, known
        for adapter in model.names:
            yield adapter, known.model_copy(update={"display_name": adapter})


def figures(environment: Environment) -> str | None:
    """Where municipalities ask for their own figures."""
    monitoring, gateway = environment.monitoring, environment.gateway
    if gateway is None or monitoring is None or monitoring.members is None:
        return None
    return f"https://{gateway.host}{names.FIGURES_PATH}"
