# SPDX-License-Identifier: MPL-2.0
"""Prometheus' own tool on our rules: in order, every alert fires when it should, figures are right."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from andel.lab.build import build
from andel.lab.scaling_parts import PROMTOOL
from andel.preview.graph import Registration
from components.monitoring.rules import spec
from tests.components.program import normalised, platform_graph
from tests.monitoring.cases import ALERTS, FIGURES, environment, groups, promtool_tests

RULES = "rules.yaml"


@pytest.fixture(scope="module", autouse=True)
def promtool() -> None:
    build((PROMTOOL,))


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(PROMTOOL.folder / PROMTOOL.program), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def written(folder: Path, tests: dict[str, Any]) -> None:
    (folder / RULES).write_text(yaml.safe_dump(spec(groups()), sort_keys=False))
    (folder / "tests.yaml").write_text(yaml.safe_dump(tests, sort_keys=False))


def test_rules_of_a_whole_platform_are_in_order(tmp_path: Path) -> None:
    """What `pulumi up` writes, as the operator hands it to Prometheus."""
    rules = [one for one in platform_graph(environment()) if is_rule(one)]
    assert len(rules) == 1
    (tmp_path / RULES).write_text(yaml.safe_dump(normalised(rules[0].inputs["spec"])))
    found = run(tmp_path, "check", "rules", "--lint=all", "--lint-fatal", RULES)
    assert found.returncode == 0, found.stdout + found.stderr


def is_rule(one: Registration) -> bool:
    return bool(one.inputs.get("kind") == "PrometheusRule")


def test_every_alert_and_figure_is_what_the_series_make_of_it(tmp_path: Path) -> None:
    tests = promtool_tests(RULES)
    assert len(tests["tests"]) == 2 * len(ALERTS) + len(FIGURES)
    written(tmp_path, tests)
    found = run(tmp_path, "test", "rules", "tests.yaml")
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_figure_that_is_wrong_is_noticed(tmp_path: Path) -> None:
    """The tool would say so: without that the test above proves nothing."""
    tests = promtool_tests(RULES)
    tests["tests"] = tests["tests"][-1:]
    tests["tests"][0]["promql_expr_test"][0]["exp_samples"][0]["value"] += 1
    written(tmp_path, tests)
    assert run(tmp_path, "test", "rules", "tests.yaml").returncode == 1
