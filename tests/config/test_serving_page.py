# SPDX-License-Identifier: MPL-2.0
"""Examples of docs/serving.md: each is judged as a part of a real entry, so the page can't promise what is refused."""

import re
from typing import Any

import pytest
import yaml

from config.judge import judge
from tests.conftest import ROOT

from .edits import edited, environment_of

PAGE = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml base=([\w-]+):([\w-]+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_every_example_names_the_entry_that_it_is_a_part_of() -> None:
    assert len(EXAMPLES) == PAGE.count("```yaml") >= 8


@pytest.mark.parametrize(("environment", "model", "text"), EXAMPLES)
def test_an_example_is_good(environment: str, model: str, text: str) -> None:
    part: dict[str, Any] = yaml.safe_load(text)
    edits = {f"models.{model}.{setting}": value for setting, value in part.items()}
    judge(edited(environment_of(f"tests/environments/Pulumi.{environment}.yaml"), edits))
