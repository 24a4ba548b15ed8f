# SPDX-License-Identifier: MPL-2.0
"""Controllers come and go with the lab, and leave nothing that stands in the way of a lab without them."""

from collections.abc import Callable

import pytest

from andel.lab import lifecycle
from andel.lab.controllers import ADMISSION, CONTROLLERS
from andel.lab.processes import running, stop
from tests.engine.laboratory import Laboratory

KINDS = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")


def webhooks(laboratory: Laboratory) -> list[str]:
    return [one["metadata"]["name"] for kind in KINDS for one in laboratory.api.items(f"{ADMISSION}/{kind}")]


@pytest.fixture
def laboratory(new_lab: Callable[..., Laboratory]) -> Laboratory:
    laboratory = new_lab("dev")
    lifecycle.up(laboratory.lab, "dev", laboratory.environment, with_controllers=True)
    return laboratory


def test_webhooks_stand_as_long_as_their_controllers_run(laboratory: Laboratory) -> None:
    """A webhook that nobody answers refuses every write of its kinds."""
    notes = [laboratory.plane.folder / f"{part.name}.pid" for part in CONTROLLERS]
    assert all(map(running, notes))
    assert len(webhooks(laboratory)) > 5
    laboratory.up()  # without controllers: those that run stay
    assert len(webhooks(laboratory)) > 5
    for note in notes:
        stop(note)
    laboratory.up()
    assert webhooks(laboratory) == []
    lifecycle.down(laboratory.lab)
    assert not any(map(running, notes))
