# SPDX-License-Identifier: MPL-2.0
"""One line a part: how long it has taken, how long it takes as a rule, and what comes next."""

import time
from typing import Self

from rich.text import Text

from andel.living import Living

QUIET_SECONDS = 10
"""Without a terminal, a line at least this often: silence looks like a hang."""


class Progress(Living):
    """Progress over named parts with known lengths. A terminal gets one living line, a log gets plain ones."""

    def __init__(self, parts: list[tuple[str, int]]) -> None:
        super().__init__()
        self._parts = parts
        self._at = -1
        self._began = self._said = time.monotonic()

    def __enter__(self) -> Self:
        minutes = sum(seconds for _, seconds in self._parts) / 60
        self.say(f"building {len(self._parts)} parts of the lab, about {minutes:.0f} min on two cores")
        return super().__enter__()

    def begin(self) -> None:
        """The next part is under way."""
        self._at += 1
        self._began = time.monotonic()
        self.say(self._line("…"))

    def tick(self) -> None:
        """Still at it."""
        if self.lives:
            self.show(Text(self._line("…")))
        elif time.monotonic() - self._said >= QUIET_SECONDS:
            self.say(self._line("…"))

    def end(self) -> None:
        """The part is finished."""
        self.say(self._line("built"))

    def _line(self, state: str) -> str:
        self._said = time.monotonic()
        name, seconds = self._parts[self._at]
        following = self._parts[self._at + 1 :]
        left = max(0, seconds - (self._said - self._began)) + sum(length for _, length in following)
        then = f"; next {following[0][0]}" if following else ""
        elapsed = self._said - self._began
        place = f"[{self._at + 1}/{len(self._parts)}]"
        return f"{place} {name:20} {state:5} {elapsed:4.0f} s of about {seconds} s{then}; {left / 60:.0f} min left"
