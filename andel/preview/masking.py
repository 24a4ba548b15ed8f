# SPDX-License-Identifier: MPL-2.0
"""Secrets of a graph, masked before anything is compared or shown.

A secret is what the program marks as one, what stands in a Kubernetes Secret, what a container's environment or a
setting names like one, and what has the form of one; and each of them wherever else it is written. A mask tells by a
digest with a key of this run whether two secrets are the same, and nothing else; the digest is never shown.
"""

import base64
import contextlib
import hmac
import re
import secrets as randomness
from collections.abc import Iterator
from typing import Any

from config.secrets import FORMS, NAMES, SHORTEST

MARK = "4dabf18193072939515e22adb298388d"
"""Mark of the engine's protocol on a value that is more than it seems (source: the Python SDK, runtime/rpc.py)."""

SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a mark, likewise)
"""What the mark says of a secret; its value stands beside it."""

MARKS = (MARK, SECRET_MARK)

SHOWN = "[secret]"
"""What is seen of a secret."""

TAILS = {
    "a private key": r"[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    "a JSON Web Token": r"[\w-]*",
}
"""What belongs to a secret behind the form by which it is known."""

_FORMS = [re.compile(form.pattern + TAILS.get(name, "")) for name, form in FORMS.items()]
_MASK = re.compile(r"\[secret [0-9a-f]{16}\]")
_KEY = randomness.token_bytes(32)


def mask(text: str) -> str:
    """A secret's mask: the same for the same secret, in this run."""
    return f"[secret {hmac.digest(_KEY, text.encode(errors='surrogateescape'), 'sha256').hex()[:16]}]"


def shown(text: str) -> str:
    """A text for people: masks without their digests, and whatever still has the form of a secret taken out."""
    text = _MASK.sub(SHOWN, text)
    for form in _FORMS:
        text = form.sub(SHOWN, text)
    return text


def plain(value: Any) -> Any:
    """Values as people write them: whole numbers whole, what is marked without its mark, secrets masked in place."""
    match value:
        case dict() if value.get(MARK) == SECRET_MARK:
            return mask(repr(value.get("value")))
        case dict() if MARK in value:
            return plain(value.get("value", value.get("urn", value.get("text", SHOWN))))
        case dict():
            hidden = FIELDS if value.get("kind") == "Secret" else ()
            return {
                key: masked(item) if key in hidden or _named(key, item) else plain(item) for key, item in value.items()
            }
        case list():
            return [plain(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


FIELDS = ("data", "stringData")
"""Where a Kubernetes Secret holds its values."""


def _named(key: str, value: Any) -> bool:
    """Whether a setting is named like a secret. Names of Secrets stand under other keys."""
    return isinstance(value, str) and len(value) >= SHORTEST and NAMES.search(key) is not None


def masked(value: Any) -> Any:
    """A value with everything in it masked but its keys."""
    match value:
        case dict() if MARK not in value:
            return {key: masked(item) for key, item in value.items()}
        case _:
            return mask(repr(value))


def secrets(value: Any) -> Iterator[str]:
    """Every secret of a resource's inputs that is not to be seen elsewhere either, before anything is masked."""
    match value:
        case dict() if value.get(MARK) == SECRET_MARK:
            yield from _texts(value.get("value"))
        case dict():
            name, text = value.get("name"), value.get("value")
            if isinstance(name, str) and isinstance(text, str) and NAMES.search(name):
                yield from _texts(text)
            for key, item in value.items():
                held = value.get("kind") == "Secret" and key in FIELDS
                yield from _texts(item) if held or _named(key, item) else secrets(item)
        case list():
            for item in value:
                yield from secrets(item)
        case str():
            for form in _FORMS:
                yield from _texts([match[0] for match in form.finditer(value)])


def _texts(value: Any) -> Iterator[str]:
    """Texts of a secret, as they are, in base64, and out of it."""
    match value:
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)
        case str() if len(value) >= SHORTEST and value not in MARKS:
            yield value
            yield base64.b64encode(value.encode(errors="surrogateescape")).decode()
            with contextlib.suppress(ValueError):
                yield base64.b64decode(value, validate=True).decode()


class Masks:
    """The secrets of a stack, and texts without them."""

    def __init__(self, every: Iterator[str]) -> None:
        # The longest first: one secret may hold another.
        known = sorted({secret for secret in every if len(secret) >= SHORTEST}, key=lambda one: (-len(one), one))
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        """A text with every known secret masked."""
        return text if self._known is None else self._known.sub(lambda match: mask(match[0]), text)

    def value(self, value: Any) -> Any:
        """A value with every known secret masked, in keys too."""
        match value:
            case dict():
                return {self.text(key): self.value(item) for key, item in value.items()}
            case list():
                return [self.value(item) for item in value]
            case str():
                return self.text(value)
            case _:
                return value
