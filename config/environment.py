# SPDX-License-Identifier: MPL-2.0
"""The root: everything that an environment is, in one object (`andel:environment` in `Pulumi.<stack>.yaml`)."""

from typing import Any, Self

from pydantic import model_validator

from . import rules
from .chats import Chats
from .clusters import Clusters
from .economy import Economy
from .gateway import Gateway
from .guardrail import Guardrail
from .keycloak import Keycloak
from .modelmesh import Mesh
from .models import Model
from .monitoring import Monitoring
from .municipalities import Member, Slug
from .operators import Mirror, Operators
from .overflow import OverflowBackend
from .pooling import Pooling
from .pools import Pool
from .release import Release
from .resources import RunProfile
from .rollout import Rollout
from .scalars import DnsLabel, ModelName
from .section import Section, refuse_if_any
from .tiers import Tier
from .walls import Walls


class Environment(Section):
    """An environment of the platform, as dev or prod. Sections with a default may be left out."""

    release: Release
    """Versions of all parts."""

    clusters: Clusters
    """Where it stands."""

    operators: Operators = Operators()
    """Who brings the controllers it needs."""

    mirror: Mirror = Mirror()
    """Where charts and images come from."""

    pools: dict[DnsLabel, Pool] = {}
    """GPU nodes, by the pool's name."""

    pooling: Pooling | None = None
    """Who may use how much of the pools. Left out, who comes first is served first."""

    profiles: dict[DnsLabel, RunProfile] = {}
    """Places to run by name: what models of one size share."""

    models: dict[ModelName, Model] = {}
    """The catalogue, by the model's public name."""

    modelmesh: Mesh | None = None
    """Pods on which models of serving kind `modelmesh` take turns."""

    rollout: Rollout = Rollout()
    """When a change counts as done."""

    gateway: Gateway | None = None
    """The address of all models. Left out, models are reachable inside the cluster alone."""

    tiers: dict[DnsLabel, Tier] = {}
    """Plans of the municipalities, by name."""

    municipalities: dict[Slug, Member] = {}
    """The register of members, by their slugs. Who is not in it gets 403."""

    walls: Walls = Walls()
    """Room of each member's namespaces."""

    chats: Chats | None = None
    """Where chat interfaces are reached. Left out, none is from outside."""

    keycloak: Keycloak | None = None
    """A Keycloak with a realm for each member that asks for one. Left out, members bring issuers of their own."""

    economy: Economy | None = None
    """What it costs, and how members share that. Left out, nothing is priced."""

    guardrail: Guardrail | None = None
    """A service that sees each request before it is forwarded."""

    overflow: dict[DnsLabel, OverflowBackend] = {}
    """Back ends outside the platform, by name."""

    monitoring: Monitoring | None = None
    """What Prometheus watches. Left out, no monitor is written."""

    @model_validator(mode="before")
    @classmethod
    def _profiles(cls, document: Any) -> Any:
        return with_profiles(document)

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(rules.mistakes(self))
        return self

    def bands(self, name: str) -> dict[str, int]:
        """Priority of each tier whose requests reach a model: by its own name, an adapter's, or as a canary."""
        parts = (key for key, model in self.models.items() if model.canary and model.canary.model == name)
        names = {name, *self.models[name].names, *parts}
        return {tier: one.priority for tier, one in self.tiers.items() if names & {*one.models}}


def with_profiles(document: Any) -> Any:
    """The document with every model's profile written out beneath its own settings.

    What is not of the right form stays as it is: the judgement that follows names it.
    """
    if not isinstance(document, dict):
        return document
    profiles, models = document.get("profiles"), document.get("models")
    if not isinstance(profiles, dict) or not isinstance(models, dict):
        return document
    return {**document, "models": {name: _with_profile(model, profiles) for name, model in models.items()}}


def _with_profile(model: Any, profiles: dict[Any, Any]) -> Any:
    name = model.get("profile") if isinstance(model, dict) else None
    profile = profiles.get(name) if isinstance(name, str) else None
    return {**profile, **model} if isinstance(profile, dict) else model
