# SPDX-License-Identifier: MPL-2.0
"""Work that is not given up half-way when whoever waits for it gives up."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def kept(work: Coroutine[Any, Any, T]) -> T:
    """Wait for work to its end, also when this task is cancelled meanwhile; that is passed on afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except BaseException:  # noqa: BLE001 (its result is asked for below)
            break
    if cancelled is not None:
        if not task.cancelled() and task.exception() is None:
            task.result()
        raise cancelled
    return task.result()
