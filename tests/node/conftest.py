# SPDX-License-Identifier: MPL-2.0
"""Labs with a real node: a tier of its own, since it needs root and a Debian whose packages are pinned."""

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder runs what `andel lab build --node` builds."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("node")
