# SPDX-License-Identifier: MPL-2.0
"""The stack prod on a lab with two control planes: previews show it all, `up` holds back what has no digest."""

import json
from collections.abc import Callable

import pytest

from .laboratory import APPLY, QUIET, Laboratory


@pytest.fixture(scope="module")
def prod_lab(new_lab: Callable[..., Laboratory]) -> Laboratory:
    laboratory = new_lab("prod")
    laboratory.up()
    return laboratory


def test_a_preview_of_prod_reaches_both_clusters(prod_lab: Laboratory) -> None:
    preview = prod_lab.pulumi("preview", "--json", *QUIET)
    assert preview.returncode == 0, preview.stdout + preview.stderr
    providers = {
        step["newState"].get("provider", "").split("::")[-2]
        for step in json.loads(preview.stdout)["steps"]
        if "::" in step["newState"].get("provider", "")
    }
    assert providers == {"gpu", "application"}
    assert set(prod_lab.planes) == {"os2ai-gpu", "os2ai-applications"}


def test_gpu_nodes_stand_in_the_gpu_cluster_alone(prod_lab: Laboratory) -> None:
    nodes = {
        context: [node["metadata"]["name"] for node in plane.api().items("/api/v1/nodes")]
        for context, plane in prod_lab.planes.items()
    }
    assert nodes["os2ai-applications"] == ["system-1"]
    assert len(nodes["os2ai-gpu"]) == 1 + 3 + 2


def test_up_refuses_images_that_nobody_has_seen_and_writes_nothing(prod_lab: Laboratory) -> None:
    """A tag may change its meaning overnight; only a preview may go on with one in production."""
    run = prod_lab.pulumi("up", *APPLY)
    assert run.returncode != 0
    told = run.stdout + run.stderr
    assert "release.name: 2026.11 has no digest for" in told
    assert "Traceback" not in told
    assert prod_lab.writes() == []
