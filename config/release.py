# SPDX-License-Identifier: MPL-2.0
"""Section `release`: the pinned set of versions that were tested together."""

from enum import StrEnum

from pydantic import StrictBool

from .section import Section


class ReleaseName(StrEnum):
    """Releases that this version of the package carries (`andel/release/`)."""

    R2026_11 = "2026.11"
    R2026_11_LAB = "2026.11-lab"


class Release(Section):
    """Which set, and how strictly its digests are taken."""

    name: ReleaseName
    """The set. A mix of versions outside a release is not offered."""

    allow_unresolved: StrictBool = False
    """Let images without a digest be applied, by tag. Never in production: a tag may change its meaning overnight."""
