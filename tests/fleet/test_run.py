# SPDX-License-Identifier: MPL-2.0
"""A fleet under way, with workers that only say how it went: no engine, no cluster."""

import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType

import click
import pytest

from andel.fleet.notes import Note
from andel.fleet.outcome import Outcome, State
from andel.fleet.run import Fleet
from andel.fleet.stacks import FleetStack
from andel.fleet.waves import waves
from andel.fleet.worker import Job

from .made import stack

STACKS = [stack(f"{number:02}".translate({48 + n: 97 + n for n in range(10)})) for number in range(20)]
PROGRAM = compile("", "nothing", "exec")
GIB = 1 << 30
CHANGES = {"same": 1}
"""What an engine says of a stack that it has run."""


def job(one: FleetStack, wave: int) -> Job:
    """A turn that needs no file."""
    nowhere = Path("nowhere")
    return Job(
        verb="up", slug=one.slug, stack=one.name, wave=wave, exists=True, kubeconfig=nowhere, folder=nowhere,
        note=Note(nowhere),
    )  # fmt: skip


def labour(act: Callable[[Job], State]) -> Callable[[Connection, CodeType, int], None]:
    """A worker that does this for every job."""

    def work(pipe: Connection, program: CodeType, parent: int) -> None:
        signal.signal(signal.SIGTERM, lambda *_: None)
        while (given := pipe.recv()) is not None:
            state = act(given)
            pipe.send(Outcome(slug=given.slug, state=state, wave=given.wave, changes=CHANGES))

    return work


def fleet(act: Callable[[Job], State], *, keep_going: bool = False, asked: int = 3) -> Fleet:
    """Three at once."""
    return Fleet(
        program=PROGRAM, job=job, memory=100 * GIB, asked=asked, keep_going=keep_going, labour=labour(act), need=GIB
    )


def test_all_have_their_turn_and_no_more_at_once_than_asked() -> None:
    ours = fleet(lambda _: State.CHANGED)
    outcomes = ours.run(waves(STACKS, STACKS[0]))
    assert {one.slug for one in outcomes} == {one.slug for one in STACKS}
    assert {one.state for one in outcomes} == {State.CHANGED}
    assert outcomes[0].slug == STACKS[0].slug
    assert ours.most == 3


def test_memory_allows_fewer() -> None:
    ours = fleet(lambda _: State.CHANGED, asked=8)
    ours.memory, ours.need = 2 * GIB, GIB
    ours.run([tuple(STACKS)])
    assert ours.most == 2


def test_a_canary_that_fails_keeps_all_others_as_they_are() -> None:
    bad = STACKS[4]
    ours = fleet(lambda given: State.FAILED if given.slug == bad.slug else State.CHANGED)
    outcomes = ours.run(waves(STACKS, bad))
    assert {one.slug: one.state for one in outcomes if one.state is not State.LEFT} == {bad.slug: State.FAILED}
    assert sum(one.state is State.LEFT for one in outcomes) == len(STACKS) - 1


def test_a_failure_ends_its_wave_too_and_the_next_never_begins() -> None:
    def act(given: Job) -> State:
        return State.FAILED if given.slug == STACKS[1].slug else State.CHANGED

    outcomes = fleet(act, asked=1).run(waves(STACKS, STACKS[0], (50, 100)))
    states = {one.slug: one.state for one in outcomes}
    assert [states[one.slug] for one in STACKS[:3]] == [State.CHANGED, State.FAILED, State.LEFT]
    assert {one.wave for one in outcomes if one.state is State.LEFT} == {2, 3}


def test_who_keeps_going_gives_all_their_turn() -> None:
    def act(given: Job) -> State:
        return State.LOCKED if given.slug == STACKS[1].slug else State.CHANGED

    outcomes = fleet(act, keep_going=True).run(waves(STACKS, STACKS[0]))
    assert [one.slug for one in outcomes if one.state is not State.CHANGED] == [STACKS[1].slug]


def test_a_worker_that_is_killed_is_one_stack_that_failed() -> None:
    def act(given: Job) -> State:
        if given.slug == STACKS[1].slug:
            os.kill(os.getpid(), signal.SIGKILL)
        return State.CHANGED

    outcomes = fleet(act, keep_going=True).run([tuple(STACKS)])
    assert [(one.slug, one.message) for one in outcomes if one.state is State.FAILED] == [
        (STACKS[1].slug, "its worker was killed")
    ]
    assert len(outcomes) == len(STACKS)


def test_ctrl_c_waits_for_what_is_under_way_and_begins_nothing() -> None:
    parent = os.getpid()

    def act(given: Job) -> State:
        if given.slug == STACKS[2].slug:
            os.kill(parent, signal.SIGINT)
        time.sleep(0.3)
        return State.INTERRUPTED

    before = signal.getsignal(signal.SIGINT)
    outcomes = fleet(act).run([tuple(STACKS)])
    states = [one.state for one in outcomes]
    assert states.count(State.INTERRUPTED) == 3
    assert states.count(State.LEFT) == len(STACKS) - 3
    assert signal.getsignal(signal.SIGINT) is before


def test_who_waits_for_a_token_at_ctrl_c_is_left_as_it_was() -> None:
    begun: list[str] = []

    def slow(one: FleetStack, wave: int) -> Job:
        if begun:
            os.kill(os.getpid(), signal.SIGINT)
        begun.append(one.slug)
        return job(one, wave)

    ours = fleet(lambda _: State.CHANGED)
    ours.job = slow
    states = {one.slug: one.state for one in ours.run([tuple(STACKS[:3])])}
    assert states == {STACKS[0].slug: State.CHANGED, STACKS[1].slug: State.LEFT, STACKS[2].slug: State.LEFT}
    assert begun == [STACKS[0].slug, STACKS[1].slug]


def test_a_worker_that_did_not_listen_yet_is_told_again() -> None:
    told = []

    def deaf(pipe: Connection, program: CodeType, parent: int) -> None:
        given = pipe.recv()
        os.kill(parent, signal.SIGINT)
        time.sleep(0.1)  # the first word comes now
        signal.signal(signal.SIGTERM, lambda *_: told.append(True))
        deadline = time.monotonic() + 5
        while not told and time.monotonic() < deadline:
            time.sleep(0.05)
        pipe.send(Outcome(slug=given.slug, state=State.INTERRUPTED if told else State.CHANGED, wave=given.wave))
        pipe.recv()

    ours = fleet(lambda _: State.CHANGED)
    ours.labour = deaf
    assert [one.state for one in ours.run([tuple(STACKS[:1])])] == [State.INTERRUPTED]


def test_who_gets_no_token_has_failed_and_nothing_was_begun() -> None:
    def no_token(one: FleetStack, wave: int) -> Job:
        raise click.ClickException(f"no token for {one.slug}")

    ours = fleet(lambda _: State.CHANGED)
    ours.job = no_token
    outcomes = ours.run(waves(STACKS[:2], STACKS[0]))
    assert [one.state for one in outcomes] == [State.FAILED, State.LEFT]
    assert not [one for one in ours.workers if one.process.is_alive()]


def test_what_a_stack_takes_is_measured_and_takes_the_place_of_the_guess() -> None:
    block = 64 << 20

    def act(given: Job) -> State:
        kept = bytearray(b"x") * block
        time.sleep(1)
        return State.CHANGED if kept else State.FAILED

    ours = fleet(act)
    ours.need = 5 * GIB
    outcomes = ours.run([tuple(STACKS[:1])])
    assert block < outcomes[0].memory == ours.need < GIB


def test_one_that_was_never_made_says_nothing_of_what_others_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "CHANGES", {})

    def act(given: Job) -> State:
        time.sleep(0.3)
        return State.UNCHANGED

    ours = fleet(act)
    ours.run([tuple(STACKS[:1])])
    assert ours.need == GIB
