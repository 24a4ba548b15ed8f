# SPDX-License-Identifier: MPL-2.0
"""The resource graph of a program without an engine: every resource that it registers, with its inputs.

The program runs against Pulumi's own mock monitor, which also keeps what the engine would know of each resource: its
parent, provider and dependencies. Nothing is asked of a cluster, so what only an API server knows is unknown.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
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

    aliases: frozenset[str] = frozenset()
    """URNs that it may have had before."""

    ignored: tuple[str, ...] = ()
    """Properties whose changes are not looked at."""

    replaced_by: tuple[str, ...] = ()
    """Properties whose changes replace it, beside those that its provider knows."""

    protected: bool = False
    """The engine refuses to delete it."""

    kept: bool = False
    """Deleted from the state alone: the object stays."""

    remote: bool = False
    """A component that its provider fills: what is in it is not seen here."""

    @property
    def object(self) -> tuple[str, str, str] | None:
        """Kind, namespace and name of the Kubernetes object that it is, if it is one."""
        name = self.inputs.get("metadata", {}).get("name") if self.custom else None
        if name is None:
            return None
        return str(self.inputs.get("kind", self.type)), str(self.inputs["metadata"].get("namespace", "")), str(name)


class _Recorder(mocks.MockMonitor):
    """A mock monitor that keeps every registration."""

    def __init__(self, of: mocks.Mocks, registered: list[Registration], *, whole_urns: bool) -> None:
        super().__init__(of)
        self.registered = registered
        self._whole_urns = whole_urns

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """A URN as the engine makes it (source: pulumi, sdk/go/common/resource/urn); the SDK's names one parent."""
        above = parent.split("::")[2] if parent and self._whole_urns else ""
        if not above:
            return super().make_urn(parent, type_, name)
        return super().make_urn("", type_ if above == STACK else f"{above}${type_}", name)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the name of the RPC)
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != STACK:
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
                    aliases=frozenset(self._earlier(request)),
                    ignored=tuple(request.ignoreChanges),
                    replaced_by=tuple(request.replaceOnChanges),
                    protected=request.protect,
                    kept=request.retainOnDelete,
                    remote=request.remote,
                )
            )
        return response

    def _earlier(self, request: Any) -> Iterator[str]:
        """URNs of a resource's aliases. Another stack or project in one is none of this stack's."""
        yield from request.aliasURNs
        for alias in request.aliases:
            if alias.WhichOneof("alias") == "urn":
                yield alias.urn
            else:
                spec = alias.spec
                parent = "" if spec.noParent else spec.parentUrn or request.parent
                yield self.make_urn(parent, spec.type or request.type, spec.name or request.name)


RANDOM = "random:index/randomPassword:RandomPassword"
"""A resource whose value its provider makes up (pulumi-random)."""


STACK = "pulumi:pulumi:Stack"
"""Type of what is above all; URNs leave it out."""

READ_STACK = "pulumi:pulumi:readStackOutputs"
"""The engine's function that reads another stack (source: pulumi, pkg/resource/deploy/builtins.go at v3.216.0)."""

Outputs = Mapping[str, Any]
"""What a stack puts out, by name."""


class _Echo(mocks.Mocks):
    """Every resource becomes what was asked for; what a provider makes up is as long as it would be."""

    def __init__(self, stacks: Mapping[str, Outputs]) -> None:
        self._stacks = stacks

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        made_up = {"result": "0" * int(args.inputs["length"])} if args.typ == RANDOM else {}
        return f"{args.name}-id", {**args.inputs, **made_up}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        if args.token == READ_STACK:
            name = str(args.args["name"])
            return {"name": name, "outputs": self._stacks.get(name.rpartition("/")[2], {})}, []
        return {}, None


def graph(
    program: Callable[[], None],
    *,
    project: str = "andel",
    stack_name: str = "plan",
    preview: bool = False,
    stacks: Mapping[str, Outputs] | None = None,
    whole_urns: bool = False,
    recorded: list[Registration] | None = None,
) -> list[Registration]:
    """Every resource that a program registers, sorted by URN.

    Args:
        program: what registers them.
        project: its project.
        stack_name: the stack that it is run for.
        preview: whether it is told that nothing will be made.
        stacks: what other stacks put out, by name; an organization and a project before it are not looked at.
        whole_urns: whether URNs hold the types of all parents, as the engine's, or of the nearest alone.
        recorded: where registrations are put as they come; of a program that fails, those before it did.

    Raises:
        whatever the program raises.
    """
    echo = _Echo(stacks or {})
    recorder = _Recorder(echo, [] if recorded is None else recorded, whole_urns=whole_urns)
    loop = asyncio.new_event_loop()
    # The monitor's answers are unpacked on a worker with a loop of its own, which the SDK opens and never closes.
    with ThreadPoolExecutor(max_workers=1) as worker:
        asyncio.set_event_loop(loop)
        loop.set_default_executor(worker)
        try:
            settings.set_root_resource(None)  # type: ignore[arg-type]  # else the stack is the last program's
            mocks.set_mocks(echo, project=project, stack=stack_name, preview=preview, monitor=recorder)
            loop.run_until_complete(stack.run_pulumi_func(program))
        finally:
            worker.submit(_close_loop).result()
            asyncio.set_event_loop(None)
            loop.close()
    return sorted(recorder.registered, key=lambda registration: registration.urn)


def _close_loop() -> None:
    """Close the event loop of this thread, if it ever had one: a program may end before it makes anything."""
    with contextlib.suppress(RuntimeError):
        asyncio.get_event_loop_policy().get_event_loop().close()
