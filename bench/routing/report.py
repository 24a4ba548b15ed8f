# SPDX-License-Identifier: MPL-2.0
"""Figures as JSON, table and chart."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from config.serving import LlmD

from .workload import Workload


def write(
    folder: Path,
    name: str,
    workload: Workload,
    ways: Mapping[str, LlmD | None],
    rungs: Sequence[Mapping[str, Any]],
    pickers: int,
) -> None:
    """Write what is measured so far."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(list(rungs), indent=2))
