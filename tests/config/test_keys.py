# SPDX-License-Identifier: MPL-2.0
"""Keys as config says them: which are valid, until when, and what can't be said."""

from typing import Any

import pytest
from pydantic import ValidationError

from config import keys
from config.keys import ApplicationKey
from config.section import dotted

CHRISTMAS = "2026-12-24T12:00:00Z"
BROKEN: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "keys_of_tomorrow": (
        {"generation": 2, "retire": [{"generation": 2, "until": CHRISTMAS}]},
        "retire[0].generation",
        {"generation": 2, "retire": [{"generation": 1, "until": CHRISTMAS}]},
    ),
    "keys_retired_twice": (
        {"generation": 3, "retire": [{"generation": 1, "until": CHRISTMAS}] * 2},
        "retire[1].generation",
        {"generation": 3, "retire": [{"generation": n, "until": CHRISTMAS} for n in (1, 2)]},
    ),
    "keys_that_outlive_their_heirs": (
        {"generation": 2, "expires": "2026-12-24T12:59:59+01:00", "retire": [{"generation": 1, "until": CHRISTMAS}]},
        "retire[0].until",
        {"generation": 2, "expires": "2026-12-24T13:00:00+01:00", "retire": [{"generation": 1, "until": CHRISTMAS}]},
    ),
}


def refused(document: dict[str, Any]) -> list[str]:
    """Paths of the mistakes of the rules."""
    with pytest.raises(ValidationError) as error:
        ApplicationKey.model_validate(document)
    (detail,) = error.value.errors()
    return [dotted(mistake.path) for mistake in detail["ctx"]["error"].mistakes]


@pytest.mark.parametrize("rule", BROKEN)
def test_a_rule_refuses_what_breaks_it_and_its_near_miss_passes(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, path, near = BROKEN[rule]
    assert refused(broken) == [path]
    ApplicationKey.model_validate(near)
    monkeypatch.setattr(keys, "RULES", tuple(one for one in keys.RULES if one.__name__ != rule))
    ApplicationKey.model_validate(broken)


def test_every_rule_is_broken_once() -> None:
    assert {rule.__name__ for rule in keys.RULES} == set(BROKEN)


@pytest.mark.parametrize(
    "moment",
    ["2026-12-24", "2026-12-24T12:00:00", "2026-12-24 12:00:00Z", "24.12.2026", "2026-13-01T00:00:00Z", "", "soon"],
)
def test_a_moment_has_date_time_and_zone(moment: str) -> None:
    with pytest.raises(ValidationError, match="moment"):
        ApplicationKey.model_validate({"expires": moment})


@pytest.mark.parametrize("moment", [CHRISTMAS, "2026-12-24T12:00:00+01:00", "2026-12-24T12:00:00.5Z"])
def test_moments(moment: str) -> None:
    assert ApplicationKey.model_validate({"expires": moment}).live == {1: moment}


def test_live_keys_are_the_newest_and_those_that_are_retired() -> None:
    document = {"generation": 4, "retire": [{"generation": 3, "until": CHRISTMAS}]}
    assert ApplicationKey.model_validate(document).live == {4: None, 3: CHRISTMAS}
