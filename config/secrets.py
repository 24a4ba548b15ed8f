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
    "a JSON Web Token": re.compile(r"\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a password in an address": re.compile(r"://[^/\s:@]+:[^/\s@]+@"),
}
"""What is taken for a secret by its form."""

NAMES = re.compile(r"(password|passwd|secret|token|api_?key)$", re.IGNORECASE)
"""Keys whose value would be a secret. Names of Secrets stand under keys that end in `Name` or `Ref`."""


def secrets_in(value: object, path: Path = ()) -> Iterator[Mistake]:
    """Every secret in a document. The value itself is shown nowhere."""
    match value:
        case dict():
            for key, item in value.items():
                if isinstance(item, str) and NAMES.search(str(key)) and len(item) >= 8:
                    yield _mistake((*path, str(key)), "a secret by its name")
                else:
                    yield from secrets_in(item, (*path, str(key)))
        case list():
            for index, item in enumerate(value):
                yield from secrets_in(item, (*path, index))
        case str():
            form = next((name for name, pattern in FORMS.items() if pattern.search(value)), None)
            if form:
                yield _mistake(path, form)


def _mistake(path: Path, form: str) -> Mistake:
    return Mistake(path, f"{form} in plain text", "take it out, revoke it, and name a Secret of the cluster instead")
