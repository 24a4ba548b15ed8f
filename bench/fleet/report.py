# SPDX-License-Identifier: MPL-2.0
"""`python -m bench.fleet.report`: the results as tables."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

HERE = Path(__file__).parent

Figures = Mapping[str, Any]


def tables(results: Mapping[int, Figures]) -> str:
    """All of them as Markdown.

    Args:
        results: figures of every phase, by the number of stacks.
    """
    counts = sorted(results)
    parts = (_times(results, counts), _shares(results, counts), _touched(results, counts))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _times(results: Mapping[int, Figures], counts: list[int]) -> Iterator[str]:
    yield "| | " + " | ".join(f"{count} stacks" for count in counts) + " |"
    yield "|---|" + "---|" * len(counts)
    for words, value in ROWS.items():
        yield f"| {words} | " + " | ".join(_safely(value, results[count], count) for count in counts) + " |"


def _safely(value: Any, figures: Figures, count: int) -> str:
    """A figure; a dash where its phase wasn't measured."""
    try:
        return str(value(figures, count))
    except KeyError:
        return "–"


def _ratio(one: float, other: float) -> str:
    return f"{one / other:.1f}"


ROWS: dict[str, Any] = {
    "objects": lambda f, n: f["bare"]["objects"],  # noqa: ARG005
    "bare apply, one kubectl with all rights, s": lambda f, n: f["bare"]["apply"]["seconds"],  # noqa: ARG005
    "bare apply, each as its own account, s": lambda f, n: f["bare"]["applyApart"]["seconds"],  # noqa: ARG005
    "**fleet up**, s": lambda f, n: f["up"]["seconds"],  # noqa: ARG005
    "times one kubectl": lambda f, n: _ratio(f["up"]["seconds"], f["bare"]["apply"]["seconds"]),  # noqa: ARG005
    "times a kubectl each": lambda f, n: _ratio(f["up"]["seconds"], f["bare"]["applyApart"]["seconds"]),  # noqa: ARG005
    "up, s a stack": lambda f, n: f"{f['up']['seconds'] / n:.2f}",
    "bare dry run with no change, one kubectl, s": lambda f, n: f["bare"]["applyAgain"]["seconds"],  # noqa: ARG005
    "the same, each as its own account, s": lambda f, n: f["bare"]["applyApartAgain"]["seconds"],  # noqa: ARG005
    "**preview with no change**, s": lambda f, n: f["preview"]["seconds"],  # noqa: ARG005
    "of that, times one kubectl": lambda f, n: _ratio(f["preview"]["seconds"], f["bare"]["applyAgain"]["seconds"]),  # noqa: ARG005
    "of that, times a kubectl each": lambda f, n: _ratio(  # noqa: ARG005
        f["preview"]["seconds"], f["bare"]["applyApartAgain"]["seconds"]
    ),
    "preview, s a stack": lambda f, n: f"{f['preview']['seconds'] / n:.2f}",
    "one warm stack by the engine alone × stacks, s": lambda f, n: f"{f['warm']['seconds'] * n:.0f}",
    "preview against that": lambda f, n: _ratio(f["preview"]["seconds"], f["warm"]["seconds"] * n),
    "preview of one municipality, s": lambda f, n: f["one"]["seconds"],  # noqa: ARG005
    "one tier changed, s": lambda f, n: f["change"]["seconds"],  # noqa: ARG005
    "stacks that were run for it": lambda f, n: sum(f["change"]["stacks"].values()),  # noqa: ARG005
    "destroy, s": lambda f, n: f["destroy"]["seconds"],  # noqa: ARG005
    "load of the machine before `up`": lambda f, n: f["up"]["loadBefore"],  # noqa: ARG005
    "load of the machine before the preview": lambda f, n: f["preview"]["loadBefore"],  # noqa: ARG005
    "most memory, MiB (up)": lambda f, n: f["up"]["memoryMiB"],  # noqa: ARG005
}
"""What a row says, and how it is read from the figures of so many stacks."""


def _shares(results: Mapping[int, Figures], counts: list[int]) -> Iterator[str]:
    """Processor seconds per stack, by program, of the largest fleet."""
    count = counts[-1]
    yield "| processor seconds a stack | up | preview with no change |"
    yield "|---|---|---|"
    phases = [results[count].get(phase, {}).get("processor", {}) for phase in ("up", "preview")]
    for program in sorted({*phases[0], *phases[1]}, key=lambda one: -phases[0].get(one, 0)):
        yield f"| {program} | " + " | ".join(f"{phase.get(program, 0) / count:.2f}" for phase in phases) + " |"


def _touched(results: Mapping[int, Figures], counts: list[int]) -> Iterator[str]:
    """What one tier's change wrote."""
    yield "| one tier changed | " + " | ".join(f"{count} stacks" for count in counts) + " |"
    yield "|---|" + "---|" * len(counts)
    found = [results[count].get("change", {}).get("touched", {}) for count in counts]
    for what in sorted({name for one in found for name in one}):
        yield f"| {what} | " + " | ".join(str(one.get(what, 0)) for one in found) + " |"


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=HERE / "results", show_default=True)
def main(out: Path) -> None:
    """Write the tables of all results."""
    results = {int(file.stem): json.loads(file.read_text()) for file in out.glob("*.json")}
    (out / "fleet.md").write_text(tables(results))
    click.echo(tables(results))


if __name__ == "__main__":
    main()
