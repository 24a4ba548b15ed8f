# SPDX-License-Identifier: MPL-2.0
"""What the platform tells the municipalities' stacks: one stack output, `contract`, without secrets."""

from typing import Literal

from . import names
from .environment import Environment
from .models import Task
from .scalars import DnsLabel, Hostname, ModelName
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


class PlatformContract(Section):
    """Written and read through this model alone; a reader refuses a version that it doesn't know."""

    version: Literal[1] = 1
    """Version of this contract."""

    release: str
    """Release that the platform stands on."""

    host: Hostname | None
    """Host of the API, if the environment has a gateway."""

    models: dict[ModelName, ContractModel]
    """Models by public name."""

    tiers: dict[DnsLabel, Tier]
    """Plans by name."""

    namespaces: Namespaces = Namespaces()
    """Namespaces of the platform."""


def contract(environment: Environment) -> PlatformContract:
    """The contract of an environment."""
    return PlatformContract(
        release=environment.release.name,
        host=environment.gateway.host if environment.gateway else None,
        models={
            name: ContractModel(display_name=model.display_name, task=model.task, context_tokens=model.context_tokens)
            for name, model in environment.models.items()
        },
        tiers=environment.tiers,
    )
