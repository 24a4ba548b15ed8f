# SPDX-License-Identifier: MPL-2.0
"""`python -m bench.fleet FOLDER COUNT [PHASE]…`: measure a fleet of so many on a lab in a folder."""

import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import yaml

from andel.fleet.credentials import asked_for
from andel.fleet.outcome import State
from andel.lab import lifecycle
from andel.lab.engine import command as pulumi
from bench.edge.__main__ import revision

from .place import ENVIRONMENT, Place
from .shares import Shares

HERE = Path(__file__).parent
Phase = Callable[[Place, int], dict[str, Any]]


def timed(command: Sequence[str], variables: dict[str, str], cwd: Path | None = None) -> tuple[dict[str, Any], str]:
    """Seconds, processor seconds by program and memory of a command, and what it said."""
    began = time.monotonic()
    with Shares(os.getpid()) as shares:
        run = subprocess.run(
            command, env=variables, cwd=cwd, capture_output=True, text=True, preexec_fn=_hears_interrupts
        )
    if run.returncode:
        raise click.ClickException(f"{' '.join(command[:6])} …: {run.stdout[-3000:]}{run.stderr[-3000:]}")
    figures = {
        "seconds": round(time.monotonic() - began, 1),
        "processor": shares.seconds,
        "memoryMiB": shares.memory >> 20,
    }
    return figures, run.stdout


def _hears_interrupts() -> None:
    """A job in a shell's background ignores them, and hands that down: an engine waits 5 s for a host that is deaf."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def fleet(place: Place, verb: str, *words: str) -> dict[str, Any]:
    """A run of the fleet: its figures, how its stacks came out, and what it touched by kind of resource."""
    figures, said = timed(place.andel(verb, *words), place.variables)
    whole = json.loads(said)
    touched = [step.rsplit(" ", 1)[0] for stack in whole["stacks"] for step in stack["touched"]]
    return {
        **figures,
        "stacks": {state: count for state, count in whole["states"].items() if count},
        "touched": {what: touched.count(what) for what in sorted(set(touched))},
        "medianOfStack": statistics.median([one["seconds"] for one in whole["stacks"]] or [0]),
    }


def bare(place: Place, count: int) -> dict[str, Any]:
    """Bare server-side apply of the same objects, twice, and away with them again.

    Once by one kubectl with all rights, once by a kubectl for each municipality as its own account, as many at once as
    the fleet has; both again with nothing to change, as a dry run.
    """
    stacks = place.fleet(count)
    manifests = place.manifests(stacks)
    folder = place.root / "bare"
    folder.mkdir(exist_ok=True)
    for slug, objects in manifests.items():
        (folder / f"{slug}.yaml").write_text(yaml.safe_dump_all(objects))
    whole = folder / "whole.yaml"
    whole.write_text(yaml.safe_dump_all([one for objects in manifests.values() for one in objects]))
    apply = ["kubectl", "apply", "--server-side", "--field-manager=bare", "--output=name", "-f"]
    found: dict[str, Any] = {"objects": sum(map(len, manifests.values()))}
    found["apply"], _ = timed([*apply, str(whole)], place.variables)
    found["applyAgain"], _ = timed([*apply, str(whole), "--dry-run=server"], place.variables)
    delete(place, whole)
    os.environ |= place.variables
    accounts = folder / "accounts"
    accounts.mkdir(exist_ok=True, mode=0o700)
    clusters = place.laboratory.environment.clusters
    with asked_for(accounts, clusters) as credentials, ThreadPoolExecutor(place.workload["atOnce"]) as pool:
        names = {stack.slug: credentials(stack) for stack in stacks}

        def one(slug: str, *words: str) -> None:
            variables = {**place.variables, "KUBECONFIG": str(names[slug])}
            command = [*apply, str(folder / f"{slug}.yaml"), *words]
            subprocess.run(command, env=variables, check=True, capture_output=True)

        for phase, words in (("applyApart", ()), ("applyApartAgain", ("--dry-run=server",))):
            began = time.monotonic()
            with Shares(os.getpid()) as shares:
                list(pool.map(lambda slug, words=words: one(slug, *words), names))
            found[phase] = {"seconds": round(time.monotonic() - began, 1), "processor": shares.seconds}
    delete(place, whole)
    shutil.rmtree(folder)
    return found


def delete(place: Place, manifests: Path) -> None:
    """Delete objects, and wait until the slowest of them are gone: claims, which their pods hold."""
    command = ["kubectl", "delete", "--wait=false", "--ignore-not-found", "--output=name", "-f", str(manifests)]
    subprocess.run(command, env=place.variables, check=True, capture_output=True)
    left = ["kubectl", "get", "--ignore-not-found", "--output=name", "-f", str(manifests)]
    while subprocess.run(left, env=place.variables, check=True, capture_output=True).stdout:
        time.sleep(1)


def all_came_out(as_what: State, figures: dict[str, Any], count: int) -> dict[str, Any]:
    """Figures of a run whose stacks all came out as the phase says.

    Raises:
        click.ClickException: some did not, so it measured something else.
    """
    if figures["stacks"] != {as_what.value: count}:
        raise click.ClickException(f"not all {count} stacks came out {as_what.value}: {figures['stacks']}")
    return figures


def up(place: Place, count: int) -> dict[str, Any]:
    """From nothing, in waves."""
    return all_came_out(State.CHANGED, fleet(place, "up", *place.slugs[:count]), count)


def preview(place: Place, count: int) -> dict[str, Any]:
    """With nothing to change."""
    return all_came_out(State.UNCHANGED, fleet(place, "preview", *place.slugs[:count]), count)


def one(place: Place, count: int) -> dict[str, Any]:  # noqa: ARG001
    """A preview of one municipality, from the command line to its last word."""
    return all_came_out(State.UNCHANGED, fleet(place, "preview", place.slugs[0]), 1)


def change(place: Place, count: int) -> dict[str, Any]:
    """One tier changes: who is concerned, and what is written."""
    place.change()
    try:
        return fleet(place, "up", *place.slugs[:count], "--affected", "HEAD")
    finally:
        place.restore()


def warm(place: Place, count: int) -> dict[str, Any]:
    """A preview of one stack with nothing to change, by the engine alone: interpreter, imports and all."""
    stack = place.fleet(count)[0]
    project = next((place.root / "state" / "andel" / "fleet").glob(f"{ENVIRONMENT}-*"))
    variables = {**place.variables, "ANDEL_CONTRACT": str(place.contract)}
    program = pulumi(place.laboratory.lab)[0]
    command = [program, "-C", str(project), "preview", "-s", stack.name, "--non-interactive", "--expect-no-changes"]
    runs = [timed(command, variables)[0] for _ in range(place.workload["warm"])]
    return sorted(runs, key=lambda run: float(run["seconds"]))[len(runs) // 2]


def destroy(place: Place, count: int) -> dict[str, Any]:
    """To nothing."""
    figures = fleet(place, "destroy", *place.slugs[:count], "--yes", "--waves", "100")
    return all_came_out(State.CHANGED, figures, count)


PHASES: dict[str, Phase] = {
    "bare": bare,
    "up": up,
    "preview": preview,
    "warm": warm,
    "one": one,
    "change": change,
    "destroy": destroy,
}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("count", type=int)
@click.argument("phases", nargs=-1, type=click.Choice(sorted(PHASES)))
@click.option("--down", is_flag=True, help="Stop the lab at the end.")
@click.option("--out", type=click.Path(path_type=Path), default=HERE / "results", show_default=True)
def main(folder: Path, count: int, phases: tuple[str, ...], down: bool, out: Path) -> None:
    """Run all phases in their order and write their figures, or run some and only say theirs.

    Ratios are of one run: figures of different runs never stand in one file.
    """
    place = Place(folder.resolve(), yaml.safe_load((HERE / "workload.yaml").read_text()))
    place.root.mkdir(parents=True, exist_ok=True)
    place.stand_up()
    out.mkdir(exist_ok=True)
    machine = {"cores": os.cpu_count(), "system": platform.platform()}
    document: dict[str, Any] = {"revision": revision(), "machine": machine}
    for phase in phases or PHASES:
        load = round(os.getloadavg()[0], 1)
        document[phase] = {**PHASES[phase](place, count), "loadBefore": load}
        click.echo(f"{count} {phase}: {json.dumps(document[phase])}")
    if not phases:
        (out / f"{count}.json").write_text(json.dumps(document, indent=1) + "\n")
    if down:
        lifecycle.down(place.laboratory.lab)


if __name__ == "__main__":
    main()
