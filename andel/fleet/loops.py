# SPDX-License-Identifier: MPL-2.0
"""Event loops that wait while they wait.

Pulumi's SDK goes round its event loop as fast as a core can until the engine has answered everything (`sleep(0)` in
`wait_for_rpcs`, source: pulumi 3.216.0, `runtime/stack.py`): a whole core per stack, which the engine that it waits for
then lacks. A selector that never looks without waiting a moment ends that; what happens wakes it at once, as before.
Can go when the SDK awaits.
"""

import asyncio
import selectors
from typing import Any

MOMENT = 0.001
"""Seconds. Answers come through the selector and don't wait for it; only steps of the program itself do."""


class PatientSelector(selectors.DefaultSelector):
    """A selector that waits a moment where it was asked to look only."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready, at the latest after the timeout, at the earliest when something is."""
        return super().select(timeout if timeout is None else max(timeout, MOMENT))


class PatientPolicy(asyncio.DefaultEventLoopPolicy):
    """New event loops are patient ones."""

    def new_event_loop(self) -> Any:
        """A loop with such a selector."""
        return asyncio.SelectorEventLoop(PatientSelector())
