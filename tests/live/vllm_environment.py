# SPDX-License-Identifier: MPL-2.0
"""vLLM for tests: its interpreter, the sources of its other versions, and what their parsers read."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from andel.lab.build import build
from andel.lab.vllm import VLLM_PARTS, VLLM_SOURCES, VLLM_VERSION, python

CORES = "4"
"""Threads that a test's vLLM may use for its sums."""


def interpreter() -> Path:
    """The interpreter of the environment with vLLM, which is made if it is missing."""
    build(VLLM_PARTS)
    return python()


def sources(version: str) -> Path | None:
    """The folder of another version's sources; None for the version that is installed."""
    return None if version == VLLM_VERSION else VLLM_SOURCES.folder / version


def surroundings(more: dict[str, str] | None = None) -> dict[str, str]:
    """Environment variables of a process of vLLM: the machine's own don't reach it."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR", "LANG") if key in os.environ}
    return {**kept, "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", **(more or {})}


def parsed(version: str, command_lines: list[list[str]]) -> list[dict[str, Any]]:
    """What the parser of that version reads of each command line: `{"read": …}` or `{"refused": why}`."""
    found = sources(version)
    run = subprocess.run(
        [interpreter(), Path(__file__).with_name("vllm_parser.py")],
        env=surroundings({"PYTHONPATH": str(found)} if found else None),
        input=json.dumps(command_lines),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    answers: list[dict[str, Any]] = json.loads(run.stdout)
    return answers
