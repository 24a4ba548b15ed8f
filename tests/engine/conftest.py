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


@pytest.fixture(scope="module")
def new_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Laboratory]]:
    """Make labs: of stacks of the checkout, or of other settings files. They end with the file: idle, each still
    takes a fifth of a processor.
    """
    made: list[Laboratory] = []

    def make(stack: str, stacks: Path = CHECKOUT) -> Laboratory:
        made.append(laboratory(tmp_path_factory, stack, stacks))
        return made[-1]

    yield make
    for one in made:
        lifecycle.down(one.lab)


@pytest.fixture(scope="session")
def dev_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A running lab of the stack dev, with nothing on it. Who stands something up takes it down."""
    made = laboratory(tmp_path_factory, "dev", CHECKOUT)
    made.up()
    yield made
    lifecycle.down(made.lab)


def laboratory(tmp_path_factory: pytest.TempPathFactory, stack: str, stacks: Path) -> Laboratory:
    """A lab in a folder of the run, not started."""
    return Laboratory(LabFolder(root=tmp_path_factory.mktemp(f"lab-{stack}"), stacks=stacks), stack)
