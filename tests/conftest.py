# SPDX-License-Identifier: MPL-2.0
"""What all tests share: environments, and the counting of tiers."""

import os
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis.configuration import set_hypothesis_home_dir

from config.environment import Environment

ROOT = Path(__file__).resolve().parents[1]
set_hypothesis_home_dir(ROOT / ".venv" / ".hypothesis")  # nothing is written into the checkout
TIERS = ("unit", "engine", "live", "node", "browser")

# Nothing is written into the checkout but .venv.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".venv" / ".hypothesis"))


def stack_document(stack: str) -> dict[str, Any]:
    """The environment of a stack file of this checkout, not judged."""
    document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    environment: dict[str, Any] = document["config"]["andel:environment"]
    return environment


@pytest.fixture(params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> str:
    """Each stack of the checkout."""
    return str(request.param)


@pytest.fixture
def environment(stack: str) -> Environment:
    """The environment of a stack."""
    return Environment.model_validate(stack_document(stack))


@pytest.fixture
def dev() -> dict[str, Any]:
    """The dev environment as a document that a test may change."""
    return stack_document("dev")


def tier(item: pytest.Item) -> str:
    """The tier of a test: its marker, or `unit`."""
    return next((name for name in TIERS if item.get_closest_marker(name)), "unit")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write the tier down: a report's keywords hold folders too, and a checkout may lie in one called `live`."""
    report = yield
    report.user_properties.append(("tier", tier(item)))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Iterator[None]:
    """Say how many tests of each tier ran, and which did not and why: a skip is never silent."""
    counts: Counter[tuple[str, str]] = Counter()
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            counts[dict(getattr(report, "user_properties", ())).get("tier", "unit"), outcome] += 1
    yield
    terminalreporter.section("tiers")
    for name in TIERS:
        ran = ", ".join(f"{count} {outcome}" for (t, outcome), count in sorted(counts.items()) if t == name)
        terminalreporter.write_line(f"{name:7} {ran or 'none collected'}")
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"skipped {report.nodeid}: {report.longrepr[-1]}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skip fails the run: the machine has all that the recipe provides."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("ANDEL_CI") and reporter and reporter.stats.get("skipped") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
