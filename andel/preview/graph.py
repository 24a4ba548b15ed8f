# SPDX-License-Identifier: MPL-2.0
"""The resource graph of a program without an engine: every resource that it registers, with its inputs.

The program runs against Pulumi's own mock monitor, which also keeps what the engine would know of each resource: its
parent, provider and dependencies. Nothing is asked of a cluster, so what only an API server knows is unknown.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pulumi.runtime import mocks, rpc, settings, stack


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A resource as a program registered it."""

    urn: str
    """Its URN, which holds the types of its parents."""

    type: str
    """Its type token."""

    name: str
    """Its logical name."""

    custom: bool
    """It is made by a provider; components are not."""

    parent: str
    """URN of its parent; empty for the stack."""

    provider: str
    """Reference of its provider (`urn::id`); empty for a default provider or a component."""

    dependencies: frozenset[str]
    """URNs that it waits for."""

    inputs: dict[str, Any]
    """Its inputs. Numbers come back as floats, secrets as they are."""

    @property
    def object(self) -> tuple[str, str, str] | None:
        """Kind, namespace and name of the Kubernetes object that it is, if it is one."""
        name = self.inputs.get("metadata", {}).get("name") if self.custom else None
        if name is None:
            return None
        return str(self.inputs.get("kind", self.type)), str(self.inputs["metadata"].get("namespace", "")), str(name)


class _Recorder(mocks.MockMonitor):
    """A mock monitor that keeps every registration."""

    def __init__(self) -> None:
        super().__init__(_Echo())
        self.registered: list[Registration] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the name of the RPC)
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            self.registered.append(
                Registration(
                    urn=response.urn,
                    type=request.type,
                    name=request.name,
                    custom=request.custom,
                    parent=request.parent,
                    provider=request.provider or request.providers.get("kubernetes", ""),
                    dependencies=frozenset(request.dependencies),
                    inputs=rpc.deserialize_properties(request.object),
                )
            )
        return response


RANDOM = "random:index/randomPassword:RandomPassword"
"""A resource whose value its provider makes up (pulumi-random)."""


class _Echo(mocks.Mocks):
    """Every resource becomes what was asked for; what a provider makes up is as long as it would be."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        made_up = {"result": "0" * int(args.inputs["length"])} if args.typ == RANDOM else {}
        return f"{args.name}-id", {**args.inputs, **made_up}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:  # noqa: ARG002
        return {}, None


def graph(program: Callable[[], None], *, project: str = "andel", stack_name: str = "plan") -> list[Registration]:
    """Every resource that a program registers, sorted by URN.

    Raises:
        whatever the program raises.
    """
    recorder = _Recorder()
    loop = asyncio.new_event_loop()
    # The monitor's answers are unpacked on a worker with a loop of its own, which the SDK opens and never closes.
    with ThreadPoolExecutor(max_workers=1) as worker:
        asyncio.set_event_loop(loop)
        loop.set_default_executor(worker)
        try:
            settings.set_root_resource(None)  # type: ignore[arg-type]  # else the stack is the last program's
            mocks.set_mocks(_Echo(), project=project, stack=stack_name, preview=False, monitor=recorder)
            loop.run_until_complete(stack.run_pulumi_func(program))
        finally:
            worker.submit(_close_loop).result()
            asyncio.set_event_loop(None)
            loop.close()
    return sorted(recorder.registered, key=lambda registration: registration.urn)


def _close_loop() -> None:
    """Close the event loop of this thread."""
    asyncio.get_event_loop_policy().get_event_loop().close()
