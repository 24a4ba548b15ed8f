# SPDX-License-Identifier: MPL-2.0
"""Load on the gateway: callers of several municipalities that ask again and again, and what each of them got."""

import asyncio
import gc
import threading
import time
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from tests.support.waiting import until

from .gateway import AsyncEdge, GatewayLab

LONGEST_WAIT = 120
"""Seconds after which a caller gives up: above what a picker holds."""

APART = 0.05
"""Seconds between the first questions of a municipality's callers."""
AGAIN = 1.0
"""Seconds after which a caller who was refused asks again."""


def chat(words: int = 1, **more: Any) -> dict[str, Any]:
    """A question of so many words to the model `text`; a word is a token to the simulator, or nearly."""
    return {"model": "text", "messages": [{"role": "user", "content": "goddag " * words}], "max_tokens": 1, **more}


@dataclass(frozen=True)
class Answer:
    """What a caller got."""

    municipality: str
    status: int
    """Status; 0 where the connection ended without an answer."""

    began: float
    """When it was asked, on the monotonic clock."""

    ended: float
    """When all of the answer had come."""

    headers: Mapping[str, str]
    text: str
    """The body; the failure, where no answer came."""


@dataclass
class Load:
    """Callers who go on asking while a block runs. Each waits for its answer before it asks again.

    Args:
        lab: whose edge is asked.
        callers: number of them, by municipality.
        question: what they ask.
        pause: seconds between a caller's questions.
    """

    lab: GatewayLab
    callers: Mapping[str, int]
    question: Mapping[str, Any] = field(default_factory=chat)
    pause: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    _ends: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._keys = {slug: self.lab.key(slug) for slug in self.callers}
        self._address, self._authority = self.lab.edge, self.lab.authority
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with warnings.catch_warnings():
            # A connection that is given up while it is made is never closed by httpcore.
            warnings.simplefilter("ignore", ResourceWarning)
            self._ends.set()
            self._thread.join()
            gc.collect()

    def wait(self, count: int, status: int = 200, seconds: float = 120, since: float = 0.0) -> None:
        """Until so many answers of a status to questions after a moment have come."""
        try:
            until(lambda: self.statuses(since=since)[status] >= count, seconds)
        except AssertionError:
            raise AssertionError(f"{count} answers {status} did not come: {self.statuses(since=since)}") from None

    def statuses(self, municipality: str | None = None, since: float = 0.0) -> Counter[int]:
        """How many answers there were of each status, to questions after a moment."""
        return Counter(
            one.status for one in tuple(self.answers) if one.began >= since and municipality in (None, one.municipality)
        )

    def between(self, start: float, end: float) -> Sequence[Answer]:
        """Answers that came between two moments."""
        return [one for one in tuple(self.answers) if start <= one.ended < end]

    async def _run(self) -> None:
        clients = {slug: self._client(slug) for slug in self.callers}
        tasks = [
            asyncio.create_task(self._ask(slug, clients[slug], at * APART))
            for slug, count in self.callers.items()
            for at in range(count)
        ]
        while not self._ends.is_set():
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for client in clients.values():
            await client.aclose()

    def _client(self, slug: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"https://{self.lab.host}/v1",
            headers={"Authorization": f"Bearer {self._keys[slug]}"},
            transport=AsyncEdge(self._address, self.lab.host, self._authority),
            timeout=LONGEST_WAIT,
        )

    async def _ask(self, slug: str, client: httpx.AsyncClient, later: float) -> None:
        await asyncio.sleep(later)
        while True:
            began = time.monotonic()
            try:
                got = await client.post("/chat/completions", json=dict(self.question))
                status, headers, text = got.status_code, dict(got.headers), got.text
            except httpx.TransportError as error:
                status, headers, text = 0, {}, repr(error)
            self.answers.append(Answer(slug, status, began, time.monotonic(), headers, text))
            await asyncio.sleep(self.pause if status == 200 else max(self.pause, AGAIN))


def jain(shares: Sequence[float]) -> float:
    """Jain's index of fairness: 1 where all are equal, 1/n where one has everything."""
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))
