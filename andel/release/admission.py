# SPDX-License-Identifier: MPL-2.0
"""Which releases an environment may be applied with."""

from config.environment import Environment
from config.section import Mistake, refuse_if_any

from .pins import Release


def admit(release: Release, environment: Environment, *, applying: bool) -> Release:
    """The release, if the environment may be made of it. Previews show everything; only what is applied is held back.

    Raises:
        Refusal: images without a digest, and the environment doesn't allow them.
    """
    if applying and not environment.release.allow_unresolved:
        refuse_if_any(
            Mistake(
                ("release", "name"),
                f"{environment.release.name} has no digest for {image}",
                "write it and its source into andel/release, or set release.allowUnresolved (never in production)",
            )
            for image in release.unresolved()
        )
    return release
