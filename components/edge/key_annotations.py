# SPDX-License-Identifier: MPL-2.0
"""What a municipality says of a key by annotations of its Secret (Authorino v0.27), as CEL over the key's identity.

Nobody checks a Secret that is written by hand: what can't be read forbids.
"""

from config.names import KEY_MODELS, KEY_OVERFLOW, OVERFLOW_ALLOWED

from .headers import ALL, NONE

ANNOTATIONS = "auth.identity.metadata.annotations"
"""All that is said of a key besides its value. A Secret without any has none of them at all."""

LIST = "^[a-z][-a-z0-9]*(,[a-z][-a-z0-9]*)*$"
"""What may stand in a header as a key's models."""


def said(annotation: str) -> str:
    """Whether a key has an annotation."""
    return f"'annotations' in auth.identity.metadata && '{annotation}' in {ANNOTATIONS}"


def models() -> str:
    """Models that a key may use. Who says nothing is held by its plan alone."""
    written = f"{ANNOTATIONS}['{KEY_MODELS}']"
    return f"{said(KEY_MODELS)} ? ({written}.matches('{LIST}') ? {written} : '{NONE}') : '{ALL}'"


def overflow() -> str:
    """Whether a key's requests may leave the platform. Who says nothing, or anything but the one word, stays."""
    allowed = f"{said(KEY_OVERFLOW)} && {ANNOTATIONS}['{KEY_OVERFLOW}'] == '{OVERFLOW_ALLOWED}'"
    return f"{allowed} ? '{OVERFLOW_ALLOWED}' : 'withheld'"
