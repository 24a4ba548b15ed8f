# SPDX-License-Identifier: MPL-2.0
"""The graph of each stack, whole. `UPDATE_SNAPSHOTS=1 pytest tests/components` writes new ones: read the diff."""

import os
from pathlib import Path

from config.environment import Environment

from .program import as_snapshot, platform_graph

SNAPSHOTS = Path(__file__).parent / "snapshots"


def test_the_graph_of_a_stack_is_the_one_that_was_reviewed(environment: Environment, stack: str) -> None:
    """Every change of what is stood up shows in a review."""
    snapshot = SNAPSHOTS / f"{stack}.json"
    text = as_snapshot(platform_graph(environment, stack)) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(text, encoding="utf-8")
    assert text == snapshot.read_text(encoding="utf-8")
