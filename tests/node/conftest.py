# SPDX-License-Identifier: MPL-2.0
"""Labs with a real node: a tier of its own, since it needs root and a Debian whose packages are pinned."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .gateway import GatewayLab, attached, gateway_lab


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder runs what `andel lab build --node` builds."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("node")


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayLab]:
    """The gateway of `tests/environments/Pulumi.live.yaml`, one for the whole run: it takes minutes to stand.

    `ANDEL_TEST_GATEWAY` names the folder of one that stands already (`python -m tests.node FOLDER`), and goes on.
    """
    if standing := os.environ.get("ANDEL_TEST_GATEWAY"):
        yield attached(Path(standing))
        return
    with gateway_lab(tmp_path_factory.mktemp("gateway")) as lab:
        yield lab
