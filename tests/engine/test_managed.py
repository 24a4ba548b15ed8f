# SPDX-License-Identifier: MPL-2.0
"""A platform that installs its operators itself, from the release's charts, on a cluster that has none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from andel.lab.parts import DEFINITIONS
from tests.conftest import ROOT

from .laboratory import Laboratory, objects, stack_file


@pytest.fixture(scope="module")
def managed_lab(new_lab: Callable[..., Laboratory], tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    settings: Path = tmp_path_factory.mktemp("managed")
    text = (ROOT / "tests/environments/Pulumi.managed.yaml").read_text(encoding="utf-8")
    stack_file(settings, "managed", text.replace("charts: /charts", f"charts: {DEFINITIONS.folder / 'charts'}"))
    laboratory = new_lab("managed", settings)
    laboratory.up()
    return laboratory


def test_operators_come_from_charts_and_go_again(managed_lab: Laboratory) -> None:
    """Operators' pods get ready (KWOK plays their nodes), a second `up` writes nothing, destroy leaves nothing."""
    before = objects(managed_lab.api)
    managed_lab.deploy()
    running = {
        f"{item['metadata']['namespace']}/{item['metadata']['name']}": item["status"].get("availableReplicas", 0)
        for item in managed_lab.api.items("/apis/apps/v1/deployments")
    }
    assert {name.split("/")[0] for name in running} == {"envoy-ai-gateway-system", "lws-system"}
    assert all(running.values()), running

    writes = len(managed_lab.writes())
    managed_lab.deploy("--expect-no-changes")
    assert len(managed_lab.writes()) == writes

    managed_lab.destroy()
    assert objects(managed_lab.api) == before
