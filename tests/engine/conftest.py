# SPDX-License-Identifier: MPL-2.0
"""Labs of the engine tier: one for the whole run, others by the tests that need them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from andel.lab import lifecycle
from andel.lab.folders import CHECKOUT, LabFolder

from .laboratory import Laboratory


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder runs the engine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("engine")


@pytest.fixture(scope="session")
def new_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Laboratory]]:
    """Make labs: of stacks of the checkout, or of other settings files. They end with the run."""
    made: list[LabFolder] = []

    def make(stack: str, stacks: Path = CHECKOUT) -> Laboratory:
        lab = LabFolder(root=tmp_path_factory.mktemp(f"lab-{stack}"), stacks=stacks)
        made.append(lab)
        return Laboratory(lab, stack)

    yield make
    for lab in made:
        lifecycle.down(lab)


@pytest.fixture(scope="session")
def dev_lab(new_lab: Callable[..., Laboratory]) -> Laboratory:
    """A running lab of the stack dev, with nothing on it. Who stands something up takes it down."""
    laboratory = new_lab("dev")
    laboratory.up()
    return laboratory
