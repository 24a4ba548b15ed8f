# SPDX-License-Identifier: MPL-2.0
"""How a fleet goes, while it goes: a living table on a terminal, a line for each ended stack in a log."""

import time

from rich.console import Group
from rich.table import Table
from rich.text import Text

from andel.living import Living

from .outcome import Outcome
from .run import Board
from .worker import Job, Step


class ShownBoard(Living, Board):
    """A board for people, on the error stream."""

    def __init__(self, verb: str, stacks: int, waves: int) -> None:
        super().__init__()
        self._verb, self._stacks, self._waves = verb, stacks, waves
        self._began = time.monotonic()
        self._at: dict[str, tuple[Job, float, str]] = {}
        self._ended = 0

    def began(self, job: Job) -> None:
        """A line of its own."""
        self._at[job.slug] = job, time.monotonic(), "begins"

    def step(self, step: Step) -> None:
        """What it is at now."""
        if step.slug in self._at:
            job, began, _ = self._at[step.slug]
            self._at[step.slug] = job, began, step.what

    def ended(self, outcome: Outcome) -> None:
        """One line that stays."""
        self._ended += 1
        self._at.pop(outcome.slug, None)
        self.say(self.line(outcome))

    def tick(self) -> None:
        """Show what runs."""
        if self.lives:
            self.show(self._picture())

    def line(self, outcome: Outcome) -> str:
        """An outcome in words."""
        done = ", ".join(f"{count} {what}" for what, count in sorted(outcome.changes.items()) if what != "same")
        why = outcome.message.strip().splitlines()
        wave = f"wave {outcome.wave}/{self._waves} " if outcome.wave else ""
        return f"[{self._ended}/{self._stacks}] {wave}{outcome.slug}: {outcome.state}" + "".join(
            f", {one}" for one in (done, f"{outcome.seconds:.1f} s", *why[:1]) if one
        )

    def _picture(self) -> Group:
        running = Table.grid(padding=(0, 2))
        for slug, (_, began, what) in self._at.items():
            running.add_row(slug, f"{time.monotonic() - began:.0f} s", Text(what, overflow="ellipsis", no_wrap=True))
        head = f"{self._verb}: {self._ended} of {self._stacks}, {time.monotonic() - self._began:.0f} s"
        return Group(Text(head), running)
