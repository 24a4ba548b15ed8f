# SPDX-License-Identifier: MPL-2.0
"""A picture that lives on a terminal while something long goes on; a log gets none of it."""

import sys
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live


def say(line: str) -> None:
    """A line of its own on the error stream."""
    Console(file=sys.stderr, highlight=False).print(line, markup=False, soft_wrap=True)


class Living:
    """Shows a picture on the error stream while it is entered, if that is a terminal."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stderr, highlight=False)
        self._live = Live(console=self._console, transient=True, auto_refresh=False)

    @property
    def lives(self) -> bool:
        """Whether anybody sees the picture."""
        return self._console.is_terminal

    def __enter__(self) -> Self:
        if self.lives:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.lives:
            self._live.stop()

    def show(self, picture: RenderableType) -> None:
        """Show another picture."""
        self._live.update(picture, refresh=self.lives)

    def say(self, line: str) -> None:
        """A line that stays."""
        self._console.print(line, markup=False, soft_wrap=True)
