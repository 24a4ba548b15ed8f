# SPDX-License-Identifier: MPL-2.0
"""What an engine that was killed has left in the lab's back end."""

import json
from pathlib import Path
from typing import Any

import pytest

from andel.lab.engine import _pending_operations
from andel.lab.folders import LabFolder


@pytest.mark.parametrize(
    ("checkpoint", "pending"),
    [
        ({"stack": "organization/andel/dev"}, False),  # made, and never run
        ({"latest": {"resources": []}}, False),
        ({"latest": {"pending_operations": [{"type": "creating"}]}}, True),
    ],
)
def test_operations_that_never_ended_stand_in_the_checkpoint(
    tmp_path: Path, checkpoint: dict[str, Any], pending: bool
) -> None:
    lab = LabFolder(root=tmp_path)
    file = lab.backend / ".pulumi" / "stacks" / "andel" / "dev.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"version": 3, "checkpoint": checkpoint}))
    assert _pending_operations(lab, "dev") is pending
