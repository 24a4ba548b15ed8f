# SPDX-License-Identifier: MPL-2.0
"""The one summary at the end, and the exit status."""

import json

import pytest

from andel.fleet.outcome import Outcome, State, exit_code, report, row, sentence, show

OUTCOMES = [
    Outcome(slug="aarhus", state=State.CHANGED, wave=1, changes={"create": 3, "same": 4}, seconds=2.5, memory=5 << 20),
    Outcome(slug="odense", state=State.FAILED, wave=2, message="no such quota\nand more", resumed=True),
    Outcome(slug="samso", state=State.LEFT, wave=3),
]


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([], 0),
        ([State.UNCHANGED, State.CHANGED], 0),
        ([State.CHANGED, State.FAILED], 1),
        ([State.CHANGED, State.LOCKED], 1),
        ([State.CHANGED, State.LEFT], 1),
    ],
)
def test_the_exit_status_says_whether_all_is_well(states: list[State], code: int) -> None:
    assert exit_code([Outcome(slug="a", state=state, wave=1) for state in states]) == code


def test_who_is_stopped_says_so_unless_all_was_done() -> None:
    left = [Outcome(slug="a", state=State.LEFT, wave=1)]
    assert exit_code(left, stopped=True) == 130
    assert exit_code([Outcome(slug="a", state=State.INTERRUPTED, wave=1)], stopped=True) == 130
    assert exit_code([Outcome(slug="a", state=State.CHANGED, wave=1)], stopped=True) == 0


def test_the_table_and_those_who_had_no_turn(capsys: pytest.CaptureFixture[str]) -> None:
    show("up", "dev", OUTCOMES, 12.3, 2)
    said = capsys.readouterr().out
    assert "fleet up of dev" in said
    assert "taken up; no such quota" in said
    assert "and more" not in said
    assert "up: 1 changed, 1 failed, 1 left; 12 s, 2 at once" in said
    assert said.strip().endswith("left as they were: samso")


def test_a_message_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    show("up", "dev", [Outcome(slug="a", state=State.FAILED, wave=1, message="no [/group] of [red]it")], 1, 1)
    assert "no [/group] of [red]it" in capsys.readouterr().out


def test_all_is_well_names_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    show("preview", "dev", OUTCOMES[:1], 1, 1)
    assert "left" not in capsys.readouterr().out
    assert sentence("preview", OUTCOMES[:1], 1, 1) == "preview: 1 changed; 1 s, 1 at once"


def test_json_holds_all_of_it() -> None:
    whole = json.loads(report("up", "dev", OUTCOMES, 12.345, 2))
    assert whole["states"] == {"unchanged": 0, "changed": 1, "failed": 1, "locked": 0, "interrupted": 0, "left": 1}
    assert [one["slug"] for one in whole["stacks"]] == ["aarhus", "odense", "samso"]
    assert whole["stacks"][0]["changes"] == {"create": 3, "same": 4}
    assert whole["seconds"] == 12.35 or whole["seconds"] == 12.34
    assert row(OUTCOMES[0]).MiB == 5
