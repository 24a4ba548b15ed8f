# SPDX-License-Identifier: MPL-2.0
"""`andel capacity`: the numbers that a steering group buys GPUs by."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from andel.capacity import cases, command, model_use, placings, pool_use
from andel.capacity_picture import lines
from config.environment import Environment
from config.judge import judge
from tests.conftest import ROOT, stack_document

from .edits import edited

MIG = {
    "pools.small.gpu": {"product": "A100-SXM4-80GB", "memory": "80Gi", "perNode": 2},
    "pools.small.nodes.labels": {"nvidia.com/gpu.product": "A100-SXM4-80GB"},
    "pools.small.nodes.count": 3,
    "models.e5-large.scaling": {"kind": "fixed", "replicas": 5},
}

SHARING: dict[str, tuple[dict[str, Any], tuple[str, int, float]]] = {
    "whole GPUs": ({}, ("nvidia.com/gpu", 6, 72.0)),
    "MIG instances": (
        {"pools.small.sharing": {"kind": "mig", "profile": "1g.10gb", "perGpu": 7}},
        ("nvidia.com/mig-1g.10gb", 42, 8.4),
    ),
    "time slices": (
        {"pools.small.sharing": {"kind": "timeSlicing", "replicas": 4}},
        ("nvidia.com/gpu.shared", 24, 18.0),
    ),
}


@pytest.mark.parametrize(("edits", "wanted"), SHARING.values(), ids=SHARING.keys())
def test_shares_and_their_memory_follow_the_sharing(edits: dict[str, Any], wanted: tuple[str, int, float]) -> None:
    """3 nodes x 2 GPUs of 80 GiB, of which vLLM takes 0.9; an instance of 10 GB (10**9) has 9.3 GiB."""
    environment = judge(edited(stack_document("dev"), {**MIG, **edits}))
    pool = next(row for row in pool_use(environment) if row.pool == "small")
    model = next(row for row in model_use(environment) if row.model == "e5-large")
    assert (pool.resource, pool.shares, model.usable) == wanted
    assert (pool.used, pool.free) == (5, pool.shares - 5)


def test_memory_is_weights_and_cache_and_overhead() -> None:
    """Mistral Small 3.2: 24e9 x 2 B = 44.7 GiB, 4 x 32,768 tokens x 160 KiB = 20 GiB, and 2 GiB beside."""
    (row,) = (row for row in model_use(judge(stack_document("prod"))) if row.model == "mistral-small")
    assert (row.memory, row.usable, row.shares) == (66.7, 72.0, 4)


def test_tables_and_json_tell_the_same() -> None:
    file = str(ROOT / "Pulumi.prod.yaml")
    rows = json.loads(CliRunner().invoke(command, [file, "--json"]).output)
    shown = CliRunner().invoke(command, [file]).output
    assert {row["pool"] for row in rows["pools"]} == {"a100-80", "a100-20"}
    for row in (*rows["pools"], *rows["models"], *rows["cases"]):
        assert any(all(f" {value} " in line for value in row.values()) for line in shown.splitlines()), row


def loaded() -> Environment:
    """Dev with a second model on the small pool that may grow beyond it together with the first."""
    document = stack_document("dev")
    load = {"kind": "load", "minReplicas": 1, "maxReplicas": 2}
    second = {**document["models"]["e5-large"], "displayName": "Second", "scaling": load}
    edits = {
        "models.second": second,
        "tiers.basis.models": ["e5-large", "mistral-small", "second"],
        "monitoring": {"prometheus": "http://prometheus.monitoring.svc:9090"},
    }
    return judge(edited(document, edits))


def test_cases_tell_what_a_lost_node_and_the_highest_load_cost() -> None:
    """Each pool of dev has one node of two GPUs; without it nobody stands."""
    found = {(row.case, row.pool): row for row in cases(loaded())}
    assert found["now", "small"].fit == "certain"
    assert found["one node lost", "small"].waiting == "e5-large 1, second 1"
    assert found["one node lost", "large"].waiting == "mistral-small 1"
    most = found["all at their most", "small"]
    assert (most.asked, most.shares, most.free, most.fit, most.waiting) == (3, 2, 0, "short", "second 1")


def test_the_picture_shows_every_share_and_who_waits() -> None:
    environment = loaded()
    now = [line.plain for line in lines(environment, placings(environment, "now"))]
    assert now == [
        "large: 1 x 2 GRID-A100D-80C",
        "     1 A ·",
        "small: 1 x 2 GRID-A100D-20C",
        "     1 B C ",
        "       A mistral-small  B e5-large  C second  · free",
    ]
    most = [line.plain for line in lines(environment, placings(environment, "all at their most"))]
    assert "  wait C " in most


def test_the_picture_as_a_file_is_the_same_in_every_run(tmp_path: Path) -> None:
    """It stands in docs: a diff of it means that something changed."""
    files = [tmp_path / name for name in ("one.svg", "other.svg")]
    for file in files:
        result = CliRunner().invoke(command, [str(ROOT / "Pulumi.prod.yaml"), "--svg", str(file)])
        assert result.exit_code == 0
    one, other = (file.read_text(encoding="utf-8") for file in files)
    assert one == other
    assert "a100-80" in one
    assert one.startswith("<svg")


def test_a_file_that_is_refused_has_no_capacity(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "Pulumi.none.yaml")])
    assert result.exit_code == 1
    assert "andel check" in result.output


def test_of_a_refused_file_its_pools_are_still_counted(tmp_path: Path) -> None:
    """To be short of GPUs is what one wants to see; what is wrong by itself can't be counted."""
    text = (ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8")
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(text.replace("GRID-A100D-80C}, count: 3", "GRID-A100D-80C}, count: 1"), encoding="utf-8")
    assert CliRunner().invoke(command, [str(file), "--json"]).exit_code == 1
    told = json.loads(CliRunner().invoke(command, [str(file), "--json", "--refused"]).output)
    assert told["pools"][0] | {"used": 4, "shares": 2, "free": -2} == told["pools"][0]
    assert {row["fit"] for row in told["cases"] if row["pool"] == "a100-80"} == {"short"}
    assert told["models"] == []
    assert "a100-80" in CliRunner().invoke(command, [str(file), "--refused"]).output
    file.write_text(text.replace("GRID-A100D-80C}, count: 3", "GRID-A100D-80C}, count: -1"), encoding="utf-8")
    refused = CliRunner().invoke(command, [str(file), "--refused"])
    assert refused.exit_code == 1
    assert "pools.a100-80.nodes.count: out of range" in refused.output


def test_a_good_file_is_counted_the_same_refused_or_not() -> None:
    file = str(ROOT / "Pulumi.prod.yaml")
    told = [json.loads(CliRunner().invoke(command, [file, "--json", *more]).output) for more in ((), ("--refused",))]
    assert [told[0][key] for key in ("pools", "cases")] == [told[1][key] for key in ("pools", "cases")]
