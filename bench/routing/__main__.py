# SPDX-License-Identifier: MPL-2.0
"""`python -m bench.routing`: measure, and write figures, table and chart into a folder."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import click

from andel.lab.errors import LabError
from config.serving import LlmD

from .place import place
from .pods import gateway_pods
from .report import write
from .run import BASE, Pods, run, strategies
from .workload import Workload, read

HERE = Path(__file__).parent


@click.command()
@click.option("--workload", default="workload", show_default=True, help="Name of one of the workload files.")
@click.option("--way", "names", multiple=True, help="Strategies to measure, of strategies.yaml. All, if left out.")
@click.option("--rate", "rates", type=float, multiple=True, help="Rungs. Those of the workload, if left out.")
@click.option("--no-base", is_flag=True, help="Leave round-robin out, to try strategies.")
@click.option("--strategies", "file", type=click.Path(path_type=Path, exists=True), default=HERE / "strategies.yaml")
@click.option("--out", type=click.Path(path_type=Path), default=HERE / "results", show_default=True)
@click.option("--seed", type=int, help="Another seed, to try strategies on other requests than those that count.")
@click.option("--seconds", type=float, help="Shorter rungs, to try strategies.")
@click.option("--name", help="Name of the files. That of the workload, if left out.")
@click.option("--gateway", is_flag=True, help="One way, with pods of a real node behind the whole gateway; as root.")
def main(
    workload: str,
    names: tuple[str, ...],
    rates: tuple[float, ...],
    no_base: bool,
    file: Path,
    out: Path,
    name: str,
    seed: int | None,
    seconds: float | None,
    gateway: bool,
) -> None:
    """Measure ways of routing on simulated pods."""
    asked = read(HERE / f"{workload}.yaml")
    asked = asked.model_copy(update={"seed": seed or asked.seed, "seconds": seconds or asked.seconds})
    known = strategies(file)
    for unknown in set(names) - set(known):
        raise click.ClickException(f"strategies.yaml has no {unknown}; it has {', '.join(known)}")
    ways = {**({} if no_base else {BASE: None}), **{one: known[one] for one in names or known}}
    rungs, measured = [], revision()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="andel-routing-") as folder,
            pods(Path(folder), asked, ways, gateway=gateway) as at,
        ):
            for figures in run(at, asked, ways, rates or asked.rates_per_second, click.echo):
                rungs.append(figures)
                write(out, name or workload, asked, ways, rungs, measured)
    except LabError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps({"rungs": len(rungs), "written": str(out)}))


def pods(
    folder: Path, workload: Workload, ways: Mapping[str, LlmD | None], *, gateway: bool
) -> AbstractContextManager[Pods]:
    """Where it is measured."""
    if not gateway:
        return place(folder, workload.engine)
    serving, *others = [one for one in ways.values() if one]
    if others:
        raise click.ClickException("behind the gateway one strategy is deployed; name it with --way")
    return gateway_pods(folder, workload.engine, serving)


def revision() -> str:
    """The commit that is measured, with `-dirty` where files differ from it."""
    git = ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--abbrev=12"]
    return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
