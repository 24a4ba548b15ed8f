# SPDX-License-Identifier: MPL-2.0
"""Section `municipalities`: the register of members. Governance: who is in it may call models, nobody else."""

from typing import Annotated

from pydantic import Field

from .scalars import Count, DnsLabel, form
from .section import Section

Slug = Annotated[
    str,
    form(r"^[a-z]([-a-z0-9]*[a-z0-9])?$", "write lower-case letters, digits and hyphens, a letter first", 50),
]
"""A municipality's name in namespaces, headers and counters, as `ringkobing-skjern`."""

DisplayName = Annotated[str, Field(min_length=1, max_length=100)]
"""A name for people, with Danish letters."""


class Municipality(Section):
    """A member, and the plan that it chose."""

    name: DisplayName
    """Name for people, as `Ringkøbing-Skjern`."""

    tier: DnsLabel
    """Its plan: one of `tiers`."""

    citizens: Count | None = None
    """Citizens on 1 January, where its price depends on them."""
