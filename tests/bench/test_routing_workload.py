# SPDX-License-Identifier: MPL-2.0
"""The workloads of the routing benchmark: what their files claim, and that they are drawn alike each time."""

import hashlib
import random
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from bench.routing.workload import Request, Workload, arrivals, one_group, poisson, read, warm_up, working_set
from tests.conftest import ROOT

FOLDER = ROOT / "bench" / "routing"
FILES = sorted(FOLDER.glob("workload*.yaml"))


def named(name: str) -> Workload:
    return read(FOLDER / f"{name}.yaml")


def words(request: Request) -> int:
    return len(f"{request.prefix} {request.question}".split())


DRAWN = {
    "workload": "a4d9937597d5a078",
    "workload-skewed": "7efd519a609b1721",
    "workload-unfriendly": "3ce73ee346f5df01",
}
"""Of the first rung of each as it was first written down. Another generator may not change what is asked."""


@pytest.mark.parametrize("name", DRAWN)
def test_what_was_written_down_before_any_strategy_stays(name: str) -> None:
    workload = named(name)
    asked = repr([(one.at, one.group, one.prefix, one.question) for one in arrivals(workload, 2.0)])
    assert hashlib.sha256(asked.encode()).hexdigest()[:16] == DRAWN[name]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_rung_is_drawn_alike_each_time(file: Path) -> None:
    workload = read(file)
    rate = workload.rates_per_second[0]
    assert arrivals(workload, rate) == arrivals(workload, rate)
    assert warm_up(workload, rate) == warm_up(workload, rate)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_another_rung_and_another_seed_ask_other_questions(file: Path) -> None:
    workload = read(file)
    first, second = 2.0, 3.0
    other = workload.model_copy(update={"seed": workload.seed + 1})
    asked = {one.question for one in arrivals(workload, first)}
    assert not asked & {one.question for one in arrivals(workload, second)}
    assert not asked & {one.question for one in arrivals(other, first)}
    assert not asked & {one.question for one in warm_up(workload, first)}


def test_arrivals_are_poisson() -> None:
    """Mean and deviation of the gaps: an exponential's deviation is its mean."""
    times = list(poisson(random.Random(1), 2.0, 5000))  # noqa: S311
    gaps = [after - before for before, after in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert times == sorted(times)
    assert times[-1] < 5000
    assert mean == pytest.approx(1 / 2, rel=0.03)
    assert deviation == pytest.approx(mean, rel=0.05)


@pytest.mark.parametrize("file", [FOLDER / f"{name}.yaml" for name in DRAWN], ids=lambda file: file.stem)
def test_text_has_four_characters_a_token(file: Path) -> None:
    """One word and the blank behind it are a token of the simulator; the picker reckons with four characters."""
    for one in arrivals(read(file), 2.0)[:20]:
        text = f"{one.prefix} {one.question}".strip()
        assert re.fullmatch(r"[a-z]{2,4}( [a-z]{2,4})*", text)
        assert (len(text) + 1) / len(text.split()) == pytest.approx(4, rel=0.03)


def test_groups_of_the_friendly_one_fill_what_its_file_says() -> None:
    """70 % of all caches, 5.6 times one; five sixths of a prompt are shared; all assistants are asked alike."""
    workload = named("workload")
    one, every = working_set(workload)
    assert (round(one, 1), round(every, 2)) == (5.6, 0.7)
    drawn = arrivals(workload, 12)
    shared = sum(len(one.prefix.split()) for one in drawn) / sum(words(one) for one in drawn)
    assert shared == pytest.approx(5 / 6, abs=0.01)
    counts = Counter(one.group for one in drawn)
    assert len(counts) > 0.97 * workload.groups
    assert max(counts.values()) < 3 * len(drawn) / workload.groups


def test_nothing_is_shared_in_the_unfriendly_one() -> None:
    """Not even the first words, and prompts are as long as in the friendly one."""
    workload = named("workload-unfriendly")
    drawn = [*arrivals(workload, 2.0), *warm_up(workload, 2.0)]
    assert {one.group for one in drawn} == {None}
    assert len({one.question[:80] for one in drawn}) == len(drawn)
    assert sum(map(words, drawn)) / len(drawn) == pytest.approx(4800, rel=0.02)


def test_the_skewed_one_asks_the_first_most() -> None:
    drawn = random.Random(1)  # noqa: S311
    workload = named("workload-skewed")
    counts = Counter(one_group(workload, drawn) for _ in range(9000))
    assert counts[0] / counts[9] == pytest.approx(10, rel=0.35)
    assert max(counts, key=counts.__getitem__) == 0


def test_all_have_the_same_pods() -> None:
    assert len({named(name).engine.model_dump_json() for name in DRAWN}) == 1


def test_a_warm_up_asks_few_groups_often() -> None:
    """Else round-robin would be measured while it still learns what it will have cached."""
    workload = named("workload-few")
    counts = Counter(one.group for one in warm_up(workload, 3))
    assert set(counts) == set(range(workload.groups))
    assert set(counts.values()) == {13}


def test_everything_fits_one_pod_in_the_one_with_few() -> None:
    assert working_set(named("workload-few"))[0] < 0.5


def test_a_warm_up_asks_every_group_once() -> None:
    workload = named("workload")
    assert sorted(one.group for one in warm_up(workload, 1) if one.group is not None) == list(range(workload.groups))
