# SPDX-License-Identifier: MPL-2.0
"""Cores and main memory, and named profiles of them."""

from typing import Annotated

from pydantic import Field

from .scalars import Cores, DnsLabel, Memory
from .section import Section


class Resources(Section):
    """What a pod asks for besides GPUs."""

    cpu: Cores
    """Cores, as `8`. Asked for; there is no upper limit."""

    memory: Memory
    """Main memory, as `64Gi`. Asked for, and the limit."""


class RunProfile(Section):
    """A named place to run: what models of one size share. A model's own settings go before its profile's."""

    pool: DnsLabel
    """Pool whose nodes it means."""

    gpus: Annotated[int, Field(ge=0, le=16, strict=True)] = 1
    """Shares of the pool for one pod."""

    resources: Resources
    """Cores and main memory of one pod."""
