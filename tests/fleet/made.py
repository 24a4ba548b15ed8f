# SPDX-License-Identifier: MPL-2.0
"""Stacks for tests of fleets: sections of municipalities without files."""

from pathlib import Path
from typing import Any

from andel.fleet.stacks import FleetStack
from config.judge import judge_municipality

CHAT = {
    "title": "Chat",
    "signOn": {"issuer": "https://login.example/realms/x", "clientId": "chat", "domains": ["x.example"]},
    "database": {"name": "chat-database", "key": "uri"},
    "sessionKey": {"name": "chat-session", "key": "key"},
}


def document(slug: str, **more: Any) -> dict[str, Any]:
    """What stands in a municipality's stack file."""
    return {
        "platform": "organization/andel/dev",
        "slug": slug,
        "clusters": {"gpu": {"context": "andel-dev"}},
        "applications": {"journal": {}},
        "contacts": {"technical": "it@x.example", "dataProtection": "dpo@x.example"},
        **more,
    }


def stack(slug: str, *, chat: bool = False, file: Path = Path("nowhere")) -> FleetStack:
    """A stack of the environment dev."""
    section = judge_municipality(document(slug, **({"chat": CHAT} if chat else {})))
    return FleetStack(name=f"dev-{slug}", file=file, section=section)
