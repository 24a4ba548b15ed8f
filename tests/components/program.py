# SPDX-License-Identifier: MPL-2.0
"""The platform's graph of an environment, without an engine."""

import json
from functools import cache
from typing import Any

from andel.preview.graph import Registration
from andel.preview.plan import planned
from config.environment import Environment


def platform_graph(environment: Environment, stack: str = "test") -> list[Registration]:
    """Every resource of the platform, sorted. Computed once for an environment: tests only read it."""
    return _graph(environment.model_dump_json(), stack)


@cache
def _graph(document: str, stack: str) -> list[Registration]:
    environment = Environment.model_validate_json(document, by_name=True)
    return planned(environment, stack)


def as_snapshot(registrations: list[Registration]) -> str:
    """A graph as text: sorted, numbers normalised, what an engine invents left out."""
    return "\n".join(
        json.dumps(
            {
                "urn": registration.urn.split("::", 2)[2],
                "parent": registration.parent.split("::", 2)[-1],
                "provider": registration.provider.split("::")[-2] if "::" in registration.provider else "",
                "after": sorted(urn.split("::", 2)[2] for urn in registration.dependencies),
                "inputs": normalised(registration.inputs),
            },
            indent=1,
            sort_keys=True,
            ensure_ascii=False,
        )
        for registration in registrations
    )


SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105
"""Mark of a secret in the engine's protocol (source: the Python SDK, runtime/rpc.py); the value stands beside it."""


def normalised(value: Any) -> Any:
    """Whole numbers come back from the monitor as floats, and secrets wrapped."""
    match value:
        case dict() if SECRET in value:
            return normalised(value.get("value"))
        case dict():
            return {key: normalised(item) for key, item in value.items()}
        case list():
            return [normalised(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
