# SPDX-License-Identifier: MPL-2.0
"""Tables of what fleets cost."""

from bench.fleet.report import tables

UP = {"seconds": 12.0, "memoryMiB": 700, "processor": {"pulumi": 6.0, "andel": 2.0}}


def test_ratios_are_counted_and_what_was_not_measured_is_a_dash() -> None:
    bare = {"objects": 40, "apply": {"seconds": 4.0}, "applyApart": {"seconds": 6.0}}
    text = tables({10: {"up": UP, "bare": bare}, 30: {"up": UP}})
    assert "| times one kubectl | 3.0 | – |" in text
    assert "| times a kubectl each | 2.0 | – |" in text
    assert "| up, s a stack | 1.20 | 0.40 |" in text
    assert "| preview of one municipality, s | – | – |" in text
    assert "| pulumi | 0.20 | 0.00 |" in text


def test_what_a_change_touched_is_counted_by_kind() -> None:
    touched = {"update kubernetes:apps/v1:Deployment": 7}
    text = tables({10: {"change": {"seconds": 1, "stacks": {"changed": 7}, "touched": touched}}})
    assert "| update kubernetes:apps/v1:Deployment | 7 |" in text
    assert "| stacks that were run for it | 7 |" in text
