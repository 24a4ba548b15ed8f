# SPDX-License-Identifier: MPL-2.0
"""What a program constructs, without any engine: a hundredth of the time of a graph, for tests that build hundreds.

Resources are only written down when they are made. So no output of one has a value, and none is waited for.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from unittest.mock import patch

import pulumi
from pulumi.runtime import settings

from andel.release import release
from components.namespace import NamespaceArgs
from components.platform import Platform, PlatformArgs
from config.environment import Environment


def constructed(environment: Environment) -> str:
    """Every resource of the platform with its inputs, in the order in which they are made."""
    with _written_down() as made:
        Platform("platform", PlatformArgs(environment=environment, release=release(environment.release.name)))
        return "\n".join(json.dumps(one, default=repr, sort_keys=True) for one in made)


class _Wall(pulumi.ComponentResource):
    """A namespace by its arguments: the real one reads an output of its object."""

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            "andel:platform:Namespace", name, {"name": args.name, "labels": args.labels, "traffic": args.traffic}, opts
        )


@contextmanager
def _written_down() -> Iterator[list[tuple[str, str, Any]]]:
    """The resources that are made meanwhile: type, name and inputs."""
    made: list[tuple[str, str, Any]] = []

    def write_down(self: Any, kind: str, name: str, custom: bool, props: Any = None, *_: Any, **__: Any) -> None:
        made.append((kind, name, vars(props) if hasattr(props, "__dict__") else props))
        # What the SDK looks for in a parent or a provider.
        vars(self).update(_providers={}, _provider=None, _aliases=[], _transformations=[], _childResources=set())

    with (
        closing(asyncio.new_event_loop()) as loop,  # outputs want one, though none is ever waited for
        patch.object(pulumi.Resource, "__init__", write_down),
        patch.object(pulumi.ComponentResource, "register_outputs", lambda *_: None),
        patch("components.platform.Namespace", _Wall),
        patch("components.municipality_walls.Namespace", _Wall),
    ):
        asyncio.set_event_loop(loop)
        try:
            yield made
        finally:
            waiting = asyncio.all_tasks(loop)
            for task in waiting:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
            settings.SETTINGS.outputs.clear()  # a later program would wait for them
            asyncio.set_event_loop(None)
