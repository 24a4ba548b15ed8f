# SPDX-License-Identifier: MPL-2.0
"""Labs of the tier `live`: real controllers beside the real API server."""

from pathlib import Path

import pytest

from tests.engine.conftest import new_lab

__all__ = ["new_lab"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder runs what `andel lab build --live` builds."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("live")
