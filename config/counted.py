# SPDX-License-Identifier: MPL-2.0
"""What can be counted of an environment that is refused: its pools, and what its models ask of them.

Each of them is right by itself; rules between them are not asked, since to be short of GPUs is what one wants to see.
"""

from typing import Any

from pydantic import model_validator

from .environment import Environment, with_profiles
from .judge import judged_as
from .modelmesh import Mesh
from .models import Model
from .pools import Pool
from .resources import RunProfile
from .scalars import DnsLabel, ModelName
from .section import Section


class Counted(Section):
    """The sections that GPUs are counted from."""

    pools: dict[DnsLabel, Pool] = {}
    """As an environment's."""

    profiles: dict[DnsLabel, RunProfile] = {}
    """As an environment's."""

    models: dict[ModelName, Model] = {}
    """As an environment's."""

    modelmesh: Mesh | None = None
    """As an environment's."""

    @model_validator(mode="before")
    @classmethod
    def _profiles(cls, document: Any) -> Any:
        return with_profiles(document)


def counted(document: object) -> Environment:
    """An environment with nothing but pools, profiles, models and ModelMesh: nobody may ask it for more.

    Raises:
        Refusal: one of these is wrong by itself; with its mistakes.
    """
    if isinstance(document, dict):
        document = {key: value for key, value in document.items() if key in Counted.model_fields}
    found = judged_as(Counted, document)
    return Environment.model_construct(**{name: getattr(found, name) for name in Counted.model_fields})
