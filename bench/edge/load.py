# SPDX-License-Identifier: MPL-2.0
"""Requests at fixed times, over connections that stay open; the time of each counts from when it was due."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import urllib3


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to the models."""

    name: str
    """In the tables."""

    address: str
    """Host and port that are connected to."""

    host: str
    """Whose certificate is expected."""

    key: str | None = None
    """Key of the application."""


class Caller:
    """An application on one way."""

    def __init__(self, way: Way, authority: str, connections: int) -> None:
        host, _, port = way.address.partition(":")
        self._pool = urllib3.HTTPSConnectionPool(
            host,
            int(port or 443),
            ca_cert_data=authority,
            server_hostname=way.host,
            assert_hostname=way.host,
            maxsize=connections,
            block=True,
            retries=False,
            timeout=30,
        )
        shown = {"authorization": f"Bearer {way.key}"} if way.key else {}
        self._headers = {"host": way.host, "content-type": "application/json", **shown}
        self._threads = connections

    def send(self, question: str, times: Sequence[float]) -> list[float]:
        """Ask at some times; gives the milliseconds from when each was due to its whole answer.

        Args:
            question: of every request.
            times: seconds from now.

        Raises:
            RuntimeError: an answer is no answer of a model.
        """
        begin = time.monotonic() + 0.05
        body = {"model": "text", "messages": [{"role": "user", "content": question}], "max_tokens": 1}
        with ThreadPoolExecutor(self._threads) as threads:
            pending = []
            for at in times:
                time.sleep(max(0.0, begin + at - time.monotonic()))
                pending.append(threads.submit(self._ask, json.dumps(body), begin + at))
            return [future.result() for future in pending]

    def _ask(self, body: str, due: float) -> float:
        answer = self._pool.request("POST", "/v1/chat/completions", body=body, headers=self._headers)
        taken = 1000 * (time.monotonic() - due)
        if answer.status != 200 or "usage" not in answer.json():
            raise RuntimeError(f"{answer.status}: {answer.data[:300]!r}")
        return taken
