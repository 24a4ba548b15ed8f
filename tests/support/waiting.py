# SPDX-License-Identifier: MPL-2.0
"""Waiting for what happens soon."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Return as soon as a condition holds; fail if it doesn't within some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen in {seconds} s"
        time.sleep(0.02)
