# SPDX-License-Identifier: MPL-2.0
"""LiteLLM's proxy (1.95.0, pinned by hash), which some put between their applications and the platform."""

import subprocess
import sys
from pathlib import Path

from .errors import LabError
from .parts import Part
from .toolchain import Toolchain

PINS = Path(__file__).parent / "python" / "litellm.txt"
"""Its requirements, by hash."""


def _environment(_: Toolchain, folder: Path) -> None:
    """Its packages beside each other; a Python that is told of the folder runs them."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    exact = ["--no-deps", "--require-hashes", "--target", str(folder), "-r", str(PINS)]  # the list is whole
    run = subprocess.run([*pip, *exact], capture_output=True, text=True)
    if run.returncode:
        raise LabError(f"LiteLLM did not install from {PINS}:\n{run.stderr[-800:]}")


LITELLM = Part(name="litellm", seconds=60, module="", finish=_environment, inputs=(PINS.read_text(),))
