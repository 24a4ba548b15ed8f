# SPDX-License-Identifier: MPL-2.0
"""A fleet under way: workers, whose turn it is, and when it stops."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from types import CodeType, FrameType

import click

from . import budget
from .outcome import GOOD, Outcome, State
from .stacks import FleetStack
from .waves import Wave
from .worker import Job, Step, work

TICK = 0.25
"""Seconds between looks at memory and board."""

JobOf = Callable[[FleetStack, int], Job]
"""Makes the job of a stack in a wave."""


class Board:
    """Who is told how it goes. This one says nothing."""

    def began(self, job: Job) -> None:
        """A stack has its turn."""

    def step(self, step: Step) -> None:
        """Something was begun in it."""

    def ended(self, outcome: Outcome) -> None:
        """It has ended."""

    def tick(self) -> None:
        """Time goes by."""


@dataclass
class Worker:
    """A worker, and what it is at."""

    process: ForkProcess
    pipe: Connection
    job: Job | None = None
    peak: int = 0


@dataclass
class Fleet:
    """Stacks that are run."""

    program: CodeType
    """What each of them runs, compiled."""

    job: JobOf
    """Makes a stack's job; it may ask for a token."""

    memory: int
    """Bytes that all may take together."""

    asked: int | None
    """How many may run at once, if somebody said so."""

    keep_going: bool
    """Whether the others have their turn when one fails."""

    board: Board = field(default_factory=Board)
    labour: Callable[[Connection, CodeType, int], None] = work
    """What a worker does all its life."""

    need: int = budget.NEED
    """What a stack takes: measured, as soon as one has run."""

    workers: list[Worker] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    interrupted: bool = False
    most: int = 0
    """How many ran at once at most."""

    _measured: bool = False

    def run(self, waves: Sequence[Wave]) -> list[Outcome]:
        """Run all waves, one after the other.

        Returns:
            What became of every stack: of those, too, that had no turn.
        """
        try:
            with self._listening():
                for number, wave in enumerate(waves, 1):
                    self._run_wave(deque(wave), number)
        finally:
            self._dismiss()
        ended = {one.slug for one in self.outcomes}
        left = [(stack, number) for number, wave in enumerate(waves, 1) for stack in wave if stack.slug not in ended]
        return [*self.outcomes, *(Outcome(slug=one.slug, state=State.LEFT, wave=number) for one, number in left)]

    @property
    def stopped(self) -> bool:
        """Whether nobody has a turn any more."""
        failed = any(one.state not in GOOD for one in self.outcomes)
        return self.interrupted or (failed and not self.keep_going)

    def _run_wave(self, waiting: deque[FleetStack], number: int) -> None:
        while True:
            while waiting and not self.stopped and (worker := self._free_worker()):
                self._begin(worker, waiting.popleft(), number)
            busy = [worker for worker in self.workers if worker.job is not None]
            if not busy:
                return
            for ready in wait([worker.pipe for worker in busy], timeout=TICK):
                self._hear(next(worker for worker in busy if worker.pipe is ready))
            for worker in busy:
                worker.peak = max(worker.peak, budget.taken(worker.process.pid or 0))
                if self.interrupted:  # again: the first word may have come before it listened
                    worker.process.terminate()
            self.board.tick()

    def _free_worker(self) -> Worker | None:
        busy = sum(worker.job is not None for worker in self.workers)
        if busy >= budget.at_once(self.memory, self.need, budget.cores(), self.asked):
            return None
        self.most = max(self.most, busy + 1)
        for worker in self.workers:
            if worker.job is None:
                return worker
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(
            target=_live,
            args=(self.labour, theirs, self.program, os.getpid(), [ours, *(one.pipe for one in self.workers)]),
        )
        process.start()
        theirs.close()
        self.workers.append(Worker(process, ours))
        return self.workers[-1]

    def _begin(self, worker: Worker, stack: FleetStack, number: int) -> None:
        try:
            job = self.job(stack, number)
            if self.interrupted:  # while its token was asked for
                return
            worker.pipe.send(job)
            worker.job, worker.peak = job, 0
            self.board.began(job)
        except (click.ClickException, OSError) as error:
            message = error.message if isinstance(error, click.ClickException) else str(error)
            self._end(Outcome(slug=stack.slug, state=State.FAILED, wave=number, message=message))

    def _hear(self, worker: Worker) -> None:
        """Take what a worker says: a step, or the outcome of its job. One that died says nothing more."""
        job = worker.job
        if job is None:
            return
        try:
            heard = worker.pipe.recv()
        except (EOFError, OSError):
            self.workers.remove(worker)
            state = State.INTERRUPTED if self.interrupted else State.FAILED
            self._end(Outcome(slug=job.slug, state=state, wave=job.wave, message="its worker was killed"))
            return
        if isinstance(heard, Step):
            self.board.step(heard)
            return
        worker.job = None
        outcome = replace(heard, memory=worker.peak)
        if outcome.state in GOOD and outcome.changes:  # an engine ran: one that was never made took next to nothing
            # One that is over in a blink was hardly looked at: what was measured before still holds.
            self.need = max(worker.peak, self.need if self._measured else 0) or self.need
            self._measured = True
        self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.board.ended(outcome)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """While it runs, a word to stop stops it cleanly: engines are told once, and awaited."""

        def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
            if not self.interrupted:
                self.interrupted = True
                for worker in self.workers:
                    if worker.job is not None:
                        worker.process.terminate()

        before: Mapping[int, object] = {
            number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)  # type: ignore[arg-type]

    def _dismiss(self) -> None:
        """Send all workers home; those that are at something have been told to stop."""
        for worker in self.workers:
            with suppress(OSError):
                worker.pipe.send(None)
            worker.pipe.close()
        for worker in self.workers:
            worker.process.join(timeout=None if self.interrupted else 30)
            if worker.process.is_alive():
                worker.process.terminate()
                worker.process.join()


def _live(
    labour: Callable[[Connection, CodeType, int], None],
    pipe: Connection,
    program: CodeType,
    parent: int,
    others: Sequence[Connection],
) -> None:
    """A worker's life, without what it inherited of the others' pipes: else none would hear that the parent is gone."""
    for one in others:
        one.close()
    labour(pipe, program, parent)
