# SPDX-License-Identifier: MPL-2.0
"""A model that holds GPU memory, and the errors of bringing one."""

import asyncio
import time
from dataclasses import dataclass, field
from enum import StrEnum

from .engine import Engine
from .gate import Gate
from .model import Model


class NoRoom(Exception):
    """The model doesn't fit beside what is loaded; nothing was tried."""


class TooLarge(Exception):
    """The model turned out larger than said, and doesn't fit; it is gone again, and its size known from now on."""


class State(StrEnum):
    """Of a resident."""

    LOADING = "loading"
    LOADED = "loaded"
    LEAVING = "leaving"
    STUCK = "stuck"
    """It could not be unloaded; the next unload tries again."""


@dataclass
class Resident:
    """A model that holds GPU memory, or is about to."""

    model: Model
    bytes: int
    state: State = State.LOADING
    engine: Engine | None = None
    gate: Gate | None = None
    work: "asyncio.Task[None] | None" = None
    """What loads or unloads it at the moment."""

    called_off: bool = False
    """Whether the load that goes on is to end without success."""

    waiters: int = 0
    used: float = field(default_factory=time.monotonic)
