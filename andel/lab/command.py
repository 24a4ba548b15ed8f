# SPDX-License-Identifier: MPL-2.0
"""`andel lab`: a cluster and an engine in a folder."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from andel.stack import environment_of
from config.environment import Environment

from . import engine, lifecycle, node
from .control_plane import PROGRAMS
from .definitions import unchecked
from .errors import LabError
from .folders import LabFolder
from .processes import memory, running


def stack_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Which stack's lab."""
    return click.option("--stack", "-s", default="dev", show_default=True, help="Stack of the checkout.")(function)


def read(stack: str) -> Environment:
    """The environment of a stack file, judged."""
    file = LabFolder.of(stack).settings(stack)
    if not file.exists():
        raise LabError(f"there is no {file.name} in this checkout; write one, or name another stack")
    return environment_of(file)


@click.group()
def command() -> None:
    """A real control plane with made-up GPU nodes, and a real engine, in a folder of yours."""


@command.command()
@stack_option
@click.option("--controllers", is_flag=True, help="Run KServe's and LeaderWorkerSet's own controllers as well.")
@click.option(
    "--node", "with_node", is_flag=True, help="Run pods without GPUs for real: containerd, kubelet and their images."
)
def up(stack: str, controllers: bool, with_node: bool) -> None:
    """Build what is missing and start the lab of a stack."""
    environment = read(stack)

    def while_building() -> None:
        from andel.preview.plan import show_plan

        show_plan(environment, stderr=True)

    lifecycle.up(
        LabFolder.of(stack), stack, environment, while_building, with_controllers=controllers, with_node=with_node
    )


@command.command()
@stack_option
@click.option("--expect-no-changes", is_flag=True, help="Fail if anything would change.")
def deploy(stack: str, expect_no_changes: bool) -> None:
    """Run `pulumi up` of a stack on its lab and show what stands."""
    lab, environment = LabFolder.of(stack), read(stack)
    engine.select(lab, stack)
    more = ["--expect-no-changes"] if expect_no_changes else []
    run = engine.pulumi(
        lab, "up", "-s", stack, "--yes", "--skip-preview", "--non-interactive", "--suppress-outputs", *more
    )
    if run.returncode:
        raise LabError("`pulumi up` did not end well; mend what it says and run it again: it goes on where it stopped")
    _show(lab, stack, environment, as_json=False)


@command.command()
@stack_option
def preview(stack: str) -> None:
    """Run `pulumi preview` of a stack on its lab."""
    lab = LabFolder.of(stack)
    engine.select(lab, stack)
    sys.exit(engine.pulumi(lab, "preview", "-s", stack, "--non-interactive").returncode)


@command.command()
@stack_option
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def status(stack: str, as_json: bool) -> None:
    """Show what stands on the lab, and what the lab itself takes."""
    _show(LabFolder.of(stack), stack, read(stack), as_json=as_json)


def _show(lab: LabFolder, stack: str, environment: Environment, *, as_json: bool) -> None:
    from .summary import show, summary

    planes = lifecycle.control_planes(lab, environment)
    notes = {
        f"{context}/{name}": plane.folder / f"{name}.pid" for context, plane in planes.items() for name in PROGRAMS
    }
    down = [name for name, note in notes.items() if running(note) is None]
    if down:
        raise LabError(f"the lab of {stack} doesn't run ({', '.join(down)}); run `andel lab up --stack {stack}`")
    found = summary(environment, planes[environment.clusters.gpu.context])
    used = {name: memory(note) for name, note in notes.items()}
    for context, plane in planes.items():
        used |= {f"{context}/{name}": size for name, size in node.memory(plane).items()}
    if as_json:
        click.echo(json.dumps({**asdict(found), "unchecked": unchecked(), "memory": used}, indent=1))
        return
    show(found, unchecked(), stack)
    click.echo(f"the lab takes {sum(used.values()) / 1e6:.0f} MB of memory")


@command.command()
@stack_option
@click.option("--keep-objects", is_flag=True, help="Stop without `pulumi destroy`.")
def down(stack: str, keep_objects: bool) -> None:
    """Destroy what stands, stop the lab's processes and remove its folder. Builds stay."""
    lab = LabFolder.of(stack)
    if not lab.root.exists():
        click.echo(f"there is no lab of {stack}")
        return
    if not keep_objects and lab.project.exists() and not _stopped(lab, stack):
        engine.select(lab, stack)
        run = engine.pulumi(
            lab, "destroy", "-s", stack, "--yes", "--skip-preview", "--non-interactive", "--suppress-outputs"
        )
        if run.returncode:
            raise LabError("`pulumi destroy` did not end well; run it again, or stop all the same with --keep-objects")
    lifecycle.down(lab)


def _stopped(lab: LabFolder, stack: str) -> bool:
    """Whether no API server runs that could be asked."""
    planes = lifecycle.control_planes(lab, read(stack)).values()
    return not all(running(plane.folder / "kube-apiserver.pid") for plane in planes)


@command.command("exec", context_settings={"ignore_unknown_options": True})
@stack_option
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(stack: str, words: tuple[str, ...]) -> None:
    """Run a command with the lab's kubeconfig, engine and back end: `andel lab exec -- kubectl get nodes`."""
    lab = LabFolder.of(stack)
    if not lab.kubeconfig.exists():
        raise LabError(f"there is no lab of {stack}; run `andel lab up --stack {stack}`")
    if words[0] == "pulumi":
        os.chdir(lab.project)  # elsewhere it would find the checkout's settings, without the lab's salt
    run = engine.environment(lab)
    os.environ["PATH"] = run["PATH"]
    try:
        os.execvpe(words[0], list(words), run)  # noqa: S606 (the caller's own command, without a shell)
    except FileNotFoundError:
        raise LabError(f"{words[0]} is not on the PATH") from None


@command.command("env")
@stack_option
def show_environment(stack: str) -> None:
    """Print the lab's environment for a shell: `eval "$(andel lab env)"`."""
    import shlex

    for key, value in engine.environment(LabFolder.of(stack)).items():
        if os.environ.get(key) != value:
            click.echo(f"export {key}={shlex.quote(value)}")


@command.command()
@click.option("--live", is_flag=True, help="The controllers of the tier `live`, too.")
@click.option("--node", is_flag=True, help="The real node and the images of its pods, too.")
@click.option("--chat", is_flag=True, help="Open WebUI, Keycloak, PostgreSQL and a browser, too.")
def build(live: bool, node: bool, chat: bool) -> None:
    """Build every part that is missing."""
    from .build import build as build_parts
    from .chat_parts import CHAT_PARTS
    from .live_parts import LIVE_PARTS
    from .node_parts import IMAGE_PARTS, NODE_PARTS
    from .parts import CLUSTER, DEFINITIONS

    more = (
        *(LIVE_PARTS if live else ()),
        *((*NODE_PARTS, *IMAGE_PARTS) if node else ()),
        *(CHAT_PARTS if chat else ()),
    )
    build_parts((DEFINITIONS, CLUSTER, *engine.needed(), *dict.fromkeys(more)))


@command.command()
def prune() -> None:
    """Remove builds of other versions."""
    from .build import prune as prune_parts

    for folder in prune_parts():
        click.echo(f"removed {folder}")


@command.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def doctor(as_json: bool) -> None:
    """Say what this machine has, what is missing and why, and what that takes."""
    from .doctor import findings

    found = findings()
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=1))
    else:
        for one in found:
            click.echo(f"{'ok ' if one.good else 'NOT'} {one.what:12} {one.found}")
    sys.exit(0 if all(one.good for one in found if one.what != "definitions") else 1)
