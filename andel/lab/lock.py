# SPDX-License-Identifier: MPL-2.0
"""One run at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from andel.living import say


@contextmanager
def alone(lock: Path, busy: str) -> Iterator[None]:
    """Hold a lock file. The kernel lets go when we die, so no run is ever locked out by a dead one.

    Args:
        lock: the file; it may be removed by whoever holds it.
        busy: what to say when another run holds it and this one waits.
    """
    while True:
        lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600), "w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(busy)
                fcntl.flock(held, fcntl.LOCK_EX)
            if lock.exists() and os.path.samestat(os.fstat(held.fileno()), lock.stat()):
                yield
                return
