# SPDX-License-Identifier: MPL-2.0
"""The routing benchmark in small, with everything real: what its figures say of the picker holds on any machine."""

from collections.abc import Iterator
from typing import Any

import pytest

from bench.routing.place import place
from bench.routing.run import BASE, run, strategies
from bench.routing.workload import Workload, read
from tests.conftest import ROOT

FOLDER = ROOT / "bench" / "routing"
RATE = 4.0


def small(name: str, **more: Any) -> Workload:
    """A workload for a minute: a third of the pods' caches holds a beginning each of 24 assistants.

    What a pod works on at once fits its cache: a simulator breaks a stream that it has no room for, where vLLM waits.
    """
    workload = read(FOLDER / f"{name}.yaml")
    few = {"cache_blocks": 500, "requests": 6, "load_factor": 6}
    engine = workload.engine.model_copy(update={**few, "prefill_microseconds_per_token": 100})
    return workload.model_copy(update={"engine": engine, "seconds": 15.0, **more})


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """Of a rung of the friendly workload by each way."""
    workload = small("workload", groups=24)
    ways = {BASE: None, **strategies(FOLDER / "strategies.yaml")}
    with place(tmp_path_factory.mktemp("routing"), workload.engine) as at:
        yield {rung["way"]: rung for rung in run(at, workload, ways, [RATE], lambda _: None)}


def test_every_request_is_answered_by_both_doors(figures: dict[str, dict[str, Any]]) -> None:
    """And the generator kept its times: it measures the pods, not itself."""
    for rung in figures.values():
        assert rung["answered"] == rung["requests"] > 30
        assert rung["refused"] == 0
        assert rung["sentLateSeconds"] < 0.5


@pytest.mark.parametrize("name", strategies(FOLDER / "strategies.yaml"))
def test_the_picker_finds_what_pods_have_cached(name: str, figures: dict[str, dict[str, Any]]) -> None:
    """Five sixths of each prompt are shared; going round finds them by chance."""
    assert figures[name]["cachedShare"] > 0.65
    assert figures[name]["cachedShare"] > 1.5 * figures[BASE]["cachedShare"]
    assert figures[name]["meanSeconds"] < figures[BASE]["meanSeconds"]
