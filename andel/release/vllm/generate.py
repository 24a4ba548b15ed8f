# SPDX-License-Identifier: MPL-2.0
"""Writes the table of one vLLM version: `python -m andel.release.vllm.generate --python ENV/bin/python VERSION`.

The environment is one in which that vLLM can be imported, as the lab's (`andel lab build --live`). Another version's
parser is read there too, from its unpacked sources: `--sources FOLDER`, whose `vllm-*.dist-info` says that it is a
build for CPUs, since without a GPU no other build knows where it runs.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .table import TABLES, VERSIONS

PROBE = Path(__file__).with_name("probe.py")


def read(python: Path, sources: Path | None = None) -> list[dict[str, Any]]:
    """What the parser of `vllm serve` takes, by name.

    Args:
        python: the interpreter of an environment with vLLM.
        sources: folder of another version's unpacked wheel, which goes before the environment's own.

    Raises:
        ValueError: vLLM can't be imported, or reads an option in a way that the probe doesn't know.
    """
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("VLLM_", "PYTHON"))}
    path = {"PYTHONPATH": str(sources)} if sources else {}
    run = subprocess.run([python, PROBE], env={**clean, **path}, capture_output=True, text=True)
    if run.returncode:
        raise ValueError(f"the parser can't be read:\n{run.stderr[-2000:]}")
    found: list[dict[str, Any]] = json.loads(run.stdout)["arguments"]
    return sorted(found, key=lambda one: str(one["name"]))


def written(version: str, arguments: list[dict[str, Any]]) -> str:
    """A table as its file holds it: an argument a line, so that versions can be compared by eye."""
    lines = ",\n  ".join(json.dumps(argument, ensure_ascii=False) for argument in arguments)
    head = f'"version": {json.dumps(version)},\n "source": {json.dumps(VERSIONS[version])}'
    return f'{{\n {head},\n "arguments": [\n  {lines}\n ]\n}}\n'


def main() -> None:
    """Write a table, or compare it with the committed one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("version", choices=sorted(VERSIONS))
    parser.add_argument("--python", type=Path, required=True, help="interpreter of an environment with vLLM")
    parser.add_argument("--sources", type=Path, help="unpacked wheel of that version, if the environment has another")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed table differs")
    words = parser.parse_args()
    file, text = TABLES / f"{words.version}.json", written(words.version, read(words.python, words.sources))
    if not words.check:
        file.write_text(text)
    elif file.read_text() != text:
        sys.exit(f"{file} is not what vLLM {words.version} takes; write it again without --check")


if __name__ == "__main__":
    main()
