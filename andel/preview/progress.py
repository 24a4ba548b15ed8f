# SPDX-License-Identifier: MPL-2.0
"""What is built while one waits: a line a stack, on standard error, so that what is asked for stands alone."""

import sys
import time
from collections.abc import Callable

from rich.console import Console


def told() -> Callable[[str], None]:
    """A hearer of what is done, which says it with the seconds since the start."""
    console, began = Console(file=sys.stderr, highlight=False), time.monotonic()

    def hear(what: str) -> None:
        console.print(f"{time.monotonic() - began:5.1f} s  {what}", markup=False, style="dim", soft_wrap=True)

    return hear
