# SPDX-License-Identifier: MPL-2.0
"""Event loops of workers wait while they wait, and wake at once."""

import asyncio
import threading
import time

from andel.fleet.loops import PatientPolicy


async def spinning(until: "asyncio.Future[float]") -> float:
    """What the SDK does while the engine answers."""
    while not until.done():
        await asyncio.sleep(0)
    return time.monotonic() - until.result()


def test_who_asks_again_and_again_takes_hardly_any_time_of_a_core_and_hears_at_once() -> None:
    loop = PatientPolicy().new_event_loop()
    answered: asyncio.Future[float] = loop.create_future()

    def answer() -> None:
        time.sleep(0.5)
        loop.call_soon_threadsafe(lambda: answered.set_result(time.monotonic()))

    before = time.process_time()
    thread = threading.Thread(target=answer)
    thread.start()
    late = loop.run_until_complete(spinning(answered))
    thread.join()
    loop.close()
    assert time.process_time() - before < 0.2
    assert late < 0.2
