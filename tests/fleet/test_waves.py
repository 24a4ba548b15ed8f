# SPDX-License-Identifier: MPL-2.0
"""The order in which stacks have their turn."""

import string

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from andel.fleet.waves import DEFAULT, canary_of, waves

from .made import stack

STACKS = [stack(letter) for letter in string.ascii_lowercase]


@given(
    st.integers(1, len(STACKS)),
    st.lists(st.integers(1, 100), unique=True, max_size=4).map(sorted),
    st.booleans(),
)
def test_everyone_has_one_turn_and_the_canary_goes_first_alone(count: int, percents: list[int], first: bool) -> None:
    stacks = STACKS[:count]
    canary = stacks[count // 2] if first else None
    planned = waves(stacks, canary, percents)
    assert sorted(one.slug for wave in planned for one in wave) == [one.slug for one in stacks]
    assert all(planned)
    if canary:
        assert planned[0] == (canary,)


def test_waves_grow_by_percent_of_the_fleet() -> None:
    assert [len(wave) for wave in waves(STACKS, STACKS[3], (10, 40))] == [1, 3, 7, 15]
    assert [len(wave) for wave in waves(STACKS, None, (100,))] == [26]
    assert [len(wave) for wave in waves(STACKS[:2], STACKS[0], DEFAULT)] == [1, 1]


@pytest.mark.parametrize("percents", [(40, 10), (10, 10), (0, 100), (50, 101)])
def test_percentages_that_are_none_are_refused(percents: tuple[int, ...]) -> None:
    with pytest.raises(click.UsageError):
        waves(STACKS, None, percents)


def test_the_smallest_with_a_chat_goes_first_unless_somebody_is_named() -> None:
    fleet = [stack("large", chat=True), stack("small", chat=True), stack("tiny")]
    citizens = {"large": 300_000, "small": 30_000, "tiny": 3_000}
    assert canary_of(fleet, citizens, None).slug == "small"
    assert canary_of(fleet, citizens, "large").slug == "large"
    assert canary_of(fleet[::2], {}, None).slug == "large"
    assert canary_of(fleet, {"small": 30_000}, None).slug == "small"  # large may be large
    with pytest.raises(click.UsageError, match="nobody"):
        canary_of(fleet, citizens, "nobody")
