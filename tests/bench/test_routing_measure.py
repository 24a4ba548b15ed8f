# SPDX-License-Identifier: MPL-2.0
"""Figures of the routing benchmark from outcomes that are known, and how they are shown."""

import json
import math
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench.routing.envoy import bootstrap
from bench.routing.load import Outcome
from bench.routing.measure import quantile, ratio, ratios, summary, verdict
from bench.routing.report import write
from bench.routing.run import BASE, picker, strategies
from bench.routing.workload import read
from tests.conftest import ROOT

FOLDER = ROOT / "bench" / "routing"


def outcome(first_token: float, **more: Any) -> Outcome:
    values = {"at": 0.0, "answered": True, "status": 200, "prompt": 100, "cached": 80, "pod": "pod-0", **more}
    return Outcome(first_token=first_token, **values)


def test_figures_of_known_outcomes() -> None:
    """Three in time, one late, one given up after 20 s: it counts as late, and by its whole wait in the mean."""
    given_up = outcome(20.0, answered=False, status=0, prompt=0, cached=0, pod="")
    outcomes = [outcome(1.0), outcome(2.0, cached=0), outcome(3.0, pod="pod-1"), outcome(4.0), given_up]
    figures = summary(outcomes, seconds=10, objective=3, pods=2)
    assert (figures["requests"], figures["answered"], figures["refused"]) == (5, 4, 0)
    assert figures["meanSeconds"] == pytest.approx(6.0)
    assert (figures["p50Seconds"], figures["p95Seconds"]) == (3.0, 20.0)
    assert figures["inTime"] == pytest.approx(0.6)
    assert figures["goodputPerSecond"] == pytest.approx(0.3)
    assert figures["goodputPerSecondBy"] == {"1": 0.1, "2": 0.2, "3": 0.3, "5": 0.4}
    assert figures["cachedShare"] == pytest.approx(240 / 400)
    assert figures["busiestPod"] == pytest.approx(3 / 4 * 2)


def test_a_refusal_is_never_in_time() -> None:
    refused = outcome(0.01, answered=False, status=429, prompt=0, cached=0, pod="")
    figures = summary([refused, refused], seconds=1, objective=3, pods=1)
    assert (figures["refused"], figures["inTime"], figures["goodputPerSecond"]) == (2, 0, 0)


def test_figures_of_nothing() -> None:
    assert summary([], seconds=1, objective=3, pods=8)["meanSeconds"] == 0


@pytest.mark.parametrize(("part", "value"), [(0.5, 2), (0.95, 4), (0.25, 1), (0.26, 2), (1.0, 4), (0.0, 1)])
def test_quantiles_are_values_that_were_measured(part: float, value: int) -> None:
    assert quantile([1, 2, 3, 4], part) == value


def test_ratios_say_how_many_times_better() -> None:
    base = {"meanSeconds": 3.0, "p95Seconds": 8.0, "goodputPerSecond": 2.0}
    other = {"meanSeconds": 1.0, "p95Seconds": 2.0, "goodputPerSecond": 5.0}
    assert ratios(base, other) == {"mean": 3.0, "p95": 4.0, "goodput": 2.5}
    assert (ratio(1, 0), ratio(0, 0)) == (math.inf, 1.0)


def test_a_rate_is_carried_only_with_every_lower_one() -> None:
    rungs = [{"rate": rate, "inTime": met, "goodputPerSecond": rate * met} for rate, met in ((1, 1), (2, 0.9), (3, 1))]
    assert verdict(rungs) == {"bestGoodputPerSecond": 3, "carriedPerSecond": 1}


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    """JSON without infinities, a table whose rows have one length, and a chart that is XML."""
    workload = read(FOLDER / "workload.yaml")
    ways = {BASE: None, **strategies(FOLDER / "strategies.yaml")}
    figures = summary([outcome(1.0)], 60, 3, 8) | {"warmUpSeconds": 1.0, "processors": {"pod": 0.5}}
    rungs = [{"rate": rate, "way": way, **figures} for rate in (1.0, 2.0) for way in ways]
    write(tmp_path, "run", workload, ways, rungs, "abc")
    assert json.loads((tmp_path / "run.json").read_text())["workingSet"]["ofAllPods"] == pytest.approx(0.7, abs=0.01)
    tables = re.split(r"\n\n", (tmp_path / "run.md").read_text())
    for lines in (table.splitlines() for table in tables if table.startswith("|")):
        assert len({line.count("|") for line in lines}) == 1
    ElementTree.fromstring((tmp_path / "run.svg").read_text())  # noqa: S314 (written a moment ago)


@pytest.mark.parametrize("name", strategies(FOLDER / "strategies.yaml"))
def test_every_strategy_is_one_of_the_platform(name: str) -> None:
    """The picker's configuration is what the platform writes, with what the picker here knows."""
    config = picker(strategies(FOLDER / "strategies.yaml")[name])
    assert config["kind"] == "EndpointPickerConfig"
    assert config["schedulingProfiles"]


def test_both_doors_lead_to_the_same_pods() -> None:
    """One asks the picker and fails without it, the other goes round."""
    config = bootstrap({"round-robin": 1, "picked": 2}, 3, [("127.0.0.1", 8001), ("127.0.0.1", 8002)], 9002)
    doors = {one["name"]: one for one in config["static_resources"]["listeners"]}
    filters = {
        name: [one["name"] for one in door["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"]]
        for name, door in doors.items()
    }
    assert filters == {"round-robin": ["router"], "picked": ["picker", "router"]}
    clusters = {one["name"]: one for one in config["static_resources"]["clusters"]}
    assert clusters["pods"]["lb_policy"] == "ROUND_ROBIN"
    assert len(clusters["pods"]["load_assignment"]["endpoints"][0]["lb_endpoints"]) == 2
    assert clusters["chosen"]["original_dst_lb_config"]["http_header_name"] == "x-gateway-destination-endpoint"
