# SPDX-License-Identifier: MPL-2.0
"""Secrets in plain text. The environment names secrets; their values stand in a secret store."""

import re
from collections.abc import Iterator

from .section import Mistake, Path

FORMS = {
    "a token of Hugging Face": re.compile(r"\bhf_[A-Za-z0-9]{20,}"),
    "an API key of OpenAI's form": re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),
    "a token of GitHub": re.compile(r"\b(ghp|gho|ghs|ghr|github_pat)_\w{20,}"),
    "an access key of AWS": re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a JSON Web Token": re.compile(r"(?<![\w-])eyJ[\w-]{10,}\.[\w-]{10,}\."),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a password in an address": re.compile(r"://[^/\s:@]+:[^/\s@]+@"),
}
"""What is taken for a secret by its form. No pattern looks at a character more than a few times: files are hostile."""

NAMES = re.compile(r"(password|passwd|secret|token|api_?key)$", re.IGNORECASE)
"""Keys whose value would be a secret. Names of Secrets stand under keys that end in `Name` or `Ref`."""

SHORTEST = 8
"""Characters of the shortest value that is taken for a secret by its key."""


def secrets_in(value: object, path: Path = ()) -> Iterator[Mistake]:
    """Every secret in a document. The value itself is shown nowhere."""
    match value:
        case dict():
            for key, item in value.items():
                if form := _form(str(key)):
                    yield _mistake(path, f"a key that holds {form}")
                elif isinstance(item, str) and NAMES.search(str(key)) and len(item) >= SHORTEST:
                    yield _mistake((*path, str(key)), "a secret by its name")
                else:
                    yield from secrets_in(item, (*path, str(key)))
        case list():
            for index, item in enumerate(value):
                yield from secrets_in(item, (*path, index))
        case str():
            if form := _form(value):
                yield _mistake(path, form)


def _form(text: str) -> str | None:
    return next((name for name, pattern in FORMS.items() if pattern.search(text)), None)


def _mistake(path: Path, form: str) -> Mistake:
    return Mistake(path, f"{form} in plain text", "take it out, revoke it, and name a Secret of the cluster instead")
