# SPDX-License-Identifier: MPL-2.0
"""Releases: pinned sets of versions that were tested together. What differs between them stands here alone."""

from config.release import ReleaseName

from . import r2026_11, r2026_11_lab
from .pins import Release

RELEASES = {ReleaseName.R2026_11: r2026_11.RELEASE, ReleaseName.R2026_11_LAB: r2026_11_lab.RELEASE}
"""Every release that this version of the package carries."""


def release(name: ReleaseName) -> Release:
    """The release of that name."""
    return RELEASES[name]
