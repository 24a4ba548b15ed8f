# SPDX-License-Identifier: MPL-2.0
"""`python -m bench.modelmesh`: cold start, wake and swap behind ModelMesh's contract, as a table and a JSON file."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from andel.lab.build import build
from andel.lab.simulator_part import SIMULATOR
from andel.lab.vllm import VLLM_PARTS, python

from .measure import Times, measure, report
from .place import Caller, running

HERE = Path(__file__).parent
TINY = HERE.parents[1] / "tests" / "live" / "tiny_models.py"
MODELS = ("one", "two")


@contextmanager
def runtime(folder: Path, interpreter: tuple[str, ...] | None = None, **settings: Any) -> Iterator[Caller]:
    """A runtime of this machine."""
    more = {} if interpreter is None else {"python": interpreter}
    with running("runtime", {"gauge": "process", "stopSeconds": 20, **settings}, folder, **more) as program:
        caller = Caller(program.settings["management"])
        try:
            yield caller
        finally:
            caller.channel.close()


def simulator(folder: Path, rounds: int) -> list[Times]:
    """llm-d's simulator in sleep mode: no weights are moved, so what is measured is processes and this runtime."""
    build((SIMULATOR,))
    command = [str(SIMULATOR.folder / SIMULATOR.program), "--model={name}", "--port={port}", "--enable-sleep-mode"]
    sizes: dict[str, Any] = {"gpuBytes": 10**8, "hostBytes": 10**9, "engineHostBytes": 10**7}
    key = json.dumps({"storage_params": {"weightsBytes": "1", "kvBytes": str(6 * 10**7)}})
    with runtime(folder, command=command, **sizes) as caller:
        return measure(caller, {name: f"/{name}" for name in MODELS}, key, rounds, sleeps=True)


def vllm(folder: Path, rounds: int) -> list[Times]:
    """The real vLLM on cores, with tiny models: it has no sleep there, and starts anew each time."""
    build(VLLM_PARTS)
    paths = {name: str(folder / name) for name in MODELS}
    for path in paths.values():
        subprocess.run([str(python()), str(TINY), "chat", path], check=True, capture_output=True)
    program = [str(python().parent / "vllm"), "serve", "{path}", "--host=127.0.0.1", "--port={port}"]
    command = [*program, "--served-model-name={name}", "--enforce-eager", "--max-model-len=1024", "--dtype=bfloat16"]
    quiet = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_CACHE_ROOT": str(folder / "cache")}
    key = json.dumps({"storage_params": {"weightsBytes": "1", "kvBytes": str(39 * 10**8)}})
    sizes: dict[str, Any] = {"gpuBytes": 7 * 10**9, "mostSleepers": 0, "defaultStrategy": "restart", "loadSeconds": 300}
    with runtime(folder, (str(python()),), command=command, environment=quiet, **sizes) as caller:
        return measure(caller, paths, key, rounds, sleeps=False)


@click.command()
@click.option("--rounds", default=10, show_default=True, help="How often each step is done with the simulator.")
@click.option("--vllm", "real", is_flag=True, help="The real vLLM on cores too, one round: about five minutes.")
@click.option("--out", type=click.Path(path_type=Path), default=HERE / "results.json", show_default=True)
def main(rounds: int, real: bool, out: Path) -> None:
    """Measure, print, and write the figures."""
    with tempfile.TemporaryDirectory() as folder:
        rows = {"simulator": simulator(Path(folder), rounds)}
        if real:
            (Path(folder) / "vllm").mkdir()
            rows["vllm on cores"] = vllm(Path(folder) / "vllm", 1)
    found = {"cores": os.cpu_count(), **report(rows)}
    for engine, steps in rows.items():
        for one in steps:
            click.echo(
                f"{engine:14} {one.step:12} {one.median:9.4f} s  ({one.least:.4f} to {one.most:.4f}, {one.count} times)"
            )
    for engine, ratio in found["cold/wake"].items():
        click.echo(f"{engine:14} a wake is {ratio:.0f} times shorter than a cold start")
    out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
