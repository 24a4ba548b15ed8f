# SPDX-License-Identifier: MPL-2.0
"""A worker: a process forked from one that has everything imported, which runs one stack after the other.

Programs run inline, so an interpreter and its imports are paid for once and not per stack. Each worker has one at a
time.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from types import CodeType, FrameType

from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import CommandError, ConcurrentUpdateError
from pulumi.automation.events import EngineEvent, OpType

from .engine import Engine, MunicipalStack, workspace
from .notes import Note, ends_with_parent
from .outcome import Outcome, State

PATIENCE = 60
"""Seconds to wait for an engine of a killed run of ours that still runs: without its program it comes to an end."""

NO_STEPS = (OpType.SAME, OpType.READ, OpType.REFRESH)
"""What leaves a resource as it is."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A stack's turn."""

    verb: str
    """`preview`, `up`, `refresh` or `destroy`."""

    slug: str
    """Whose stack."""

    stack: str
    """Its name."""

    wave: int
    """Which wave it is in."""

    exists: bool
    """Whether the back end knows it."""

    kubeconfig: Path
    """As whom it is run."""

    folder: Path
    """The project folder."""

    note: Note
    """Where its engine is noted."""

    secrets_provider: str | None = None
    """Who encrypts its secrets, if its file says so."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something was begun in a stack."""

    slug: str
    what: str


def work(pipe: Connection, program: CodeType, parent: int, engine: Engine | None = None) -> None:
    """Run jobs until there are no more; steps and outcomes go back through the pipe.

    Args:
        pipe: to the parent.
        program: what each stack runs.
        parent: process id of the one who forked.
        engine: the parent's, from before the fork: it knows its version already.
    """
    # Ctrl-C is the parent's to hear, and its own to pass on. What is ignored is handed down: an engine locks its stack
    # before it listens (source: pulumi 3.216.0, `pkg/backend/diy/backend.go`), and a word in between would kill it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine, one_at_a_time = engine or Engine(), Lock()

    def tell(said: Step | Outcome) -> None:
        with (
            one_at_a_time,
            suppress(OSError),
        ):  # events come on threads of their own, the last ones late; or nobody listens
            pipe.send(said)

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        engine.stop()

    signal.signal(signal.SIGTERM, stop)
    ends_with_parent()
    while os.getppid() == parent:
        try:
            job: Job | None = pipe.recv()
        except EOFError:
            return
        if job is None:
            return
        tell(carried_out(job, engine, program, tell))


def carried_out(job: Job, engine: Engine, program: CodeType, tell: Callable[[Step], None]) -> Outcome:
    """What became of a job. It raises nothing: one stack's trouble is not another's."""
    began = time.monotonic()
    run = _Run(job, engine, program, tell)
    try:
        state, message = run.carry_out()
    except CommandError as error:
        state, message = _refused(error, run, stopping=engine.stopping)
    except Exception as error:  # noqa: BLE001 (whatever it is, the others go on by the fleet's rules)
        state, message = State.FAILED, f"{type(error).__name__}: {error}"
    return Outcome(
        slug=job.slug,
        state=state,
        wave=job.wave,
        changes=run.changes,
        touched=tuple(run.touched),
        seconds=round(time.monotonic() - began, 2),
        message=message,
        resumed=run.resumed,
    )


def _refused(error: CommandError, run: "_Run", *, stopping: bool) -> tuple[State, str]:
    if stopping:
        return State.INTERRUPTED, "stopped"
    if isinstance(error, ConcurrentUpdateError):
        return State.LOCKED, said(str(error))
    return State.FAILED, "\n".join(run.errors) or said(str(error))


def said(error: str) -> str:
    """The engine's own words, without the frame that the API puts around them."""
    lines = [line.strip().removeprefix("stderr:").strip() for line in error.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith(("code:", "stdout:")))


class _Run:
    """One run of one stack."""

    def __init__(self, job: Job, engine: Engine, program: CodeType, tell: Callable[[Step], None]) -> None:
        self._job, self._engine, self._program, self._tell = job, engine, program, tell
        self.changes: dict[str, int] = {}
        self.touched: list[str] = []
        self.errors: list[str] = []
        self.resumed = False
        self._left = job.note.read()

    def carry_out(self) -> tuple[State, str]:
        """Run it.

        Raises:
            CommandError: the engine refuses, or doesn't end well.
        """
        job = self._job
        if not job.exists and job.verb in ("refresh", "destroy"):
            return State.UNCHANGED, "was never made"
        place = workspace(job.folder, self._engine, variables={"KUBECONFIG": str(job.kubeconfig)})
        place.secrets_provider = job.secrets_provider
        if not job.exists:
            place.create_stack(job.stack)
        stack = MunicipalStack(job.stack, place, StackInitMode.SELECT)
        self._engine.note = job.note
        self._take_up(stack)
        self._run(stack)
        changed = sum(count for what, count in self.changes.items() if what not in NO_STEPS)
        return (State.CHANGED if changed else State.UNCHANGED), ""

    def _take_up(self, stack: MunicipalStack) -> None:
        """End what a killed run of ours left: its lock, and what it had begun.

        Objects have fixed names, so what is begun again finds what was made.
        """
        left = self._left
        if left is None or self._job.verb == "preview":
            return
        deadline = time.monotonic() + PATIENCE
        while left.alive and time.monotonic() < deadline and not self._engine.stopping:
            time.sleep(0.2)
        self.resumed = True
        if (stack.export_stack().deployment or {}).get("pending_operations"):
            self._unlocked(stack, lambda: stack.refresh(clear_pending_creates=True, color="never"))

    def _unlocked(self, stack: MunicipalStack, run: Callable[[], object]) -> None:
        """Do something; once more if only the lock of a killed run of ours stood in the way."""
        try:
            run()
        except ConcurrentUpdateError as error:
            if self._left is None or not self._left.explains(str(error)):
                if self._left is not None:  # the refused engine's own note took its place
                    self._job.note.write(self._left)
                raise
            stack.cancel()
            run()

    def _run(self, stack: MunicipalStack) -> None:
        match self._job.verb:
            case "preview":
                stack.preview(program=self._inline, on_event=self._hear, color="never", suppress_outputs=True)
            case "up":
                self._unlocked(
                    stack,
                    lambda: stack.up(program=self._inline, on_event=self._hear, color="never", suppress_outputs=True),
                )
            case "refresh":
                self._unlocked(stack, lambda: stack.refresh(on_event=self._hear, color="never"))
            case "destroy":
                self._unlocked(stack, lambda: stack.destroy(on_event=self._hear, color="never"))

    def _inline(self) -> None:
        """`municipalities/__main__.py`, as the language host would run it."""
        exec(self._program, {"__name__": "__main__", "__file__": self._program.co_filename})  # noqa: S102

    def _hear(self, event: EngineEvent) -> None:
        if event.resource_pre_event is not None:
            metadata = event.resource_pre_event.metadata
            if metadata.op not in NO_STEPS:
                name = metadata.urn.rpartition("::")[2]
                self.touched.append(f"{OpType(metadata.op).value} {metadata.type} {name}")
                self._tell(Step(slug=self._job.slug, what=self.touched[-1]))
        if event.diagnostic_event is not None and event.diagnostic_event.severity == "error":
            self.errors.append(event.diagnostic_event.message.strip())
        if event.summary_event is not None:
            counted = event.summary_event.resource_changes
            self.changes = {OpType(what).value: count for what, count in counted.items()}
