# SPDX-License-Identifier: MPL-2.0
"""Prometheus as it is asked for one moment (HTTP API v1, `/api/v1/query`), over httpx, which openai brings."""

import math
from datetime import datetime
from types import TracebackType
from typing import Any

import httpx

from andel.economy.usage import UsageError

SECONDS = 60
"""Longest time for one answer: a day of figures is a question of seconds."""

Labels = tuple[str, ...]


class Prometheus:
    """A Prometheus, or what speaks its API (Thanos, Mimir)."""

    def __init__(self, address: str, token: str | None = None, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._address = address.rstrip("/")
        self._client = httpx.Client(headers=headers, timeout=SECONDS, transport=transport)

    def __enter__(self) -> "Prometheus":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def values(self, expr: str, at: datetime, by: Labels = ()) -> dict[Labels, float]:
        """Values of an expression at a moment, by the values of some labels. What is no number is left out.

        Raises:
            UsageError: it is not reached, is no Prometheus, or refuses the question.
        """
        answer = self._ask({"query": expr, "time": f"{at.timestamp():.3f}"})
        found = {}
        for one in answer["data"]["result"]:
            value = float(one["value"][1])
            if math.isfinite(value):
                found[tuple(one["metric"].get(label, "") for label in by)] = value
        return found

    def _ask(self, parameters: dict[str, str]) -> Any:
        try:
            response = self._client.post(f"{self._address}/api/v1/query", data=parameters)
        except httpx.InvalidURL as error:
            raise UsageError(f"{self._address} is no address: {error}") from None
        except httpx.HTTPError as error:
            hint = "from outside the cluster, `kubectl port-forward` and `--prometheus http://127.0.0.1:9090`"
            raise UsageError(
                f"Prometheus is not reached at {self._address} ({error or type(error).__name__}); {hint}"
            ) from None
        try:
            body = response.json()
            succeeded = body["status"] == "success"
        except (ValueError, KeyError, TypeError):
            told = f"answers {response.status_code} and something that is not Prometheus' API"
            raise UsageError(f"{self._address} {told}; is it the right address?") from None
        if not succeeded:
            raise UsageError(f"Prometheus refuses a question: {body.get('error', response.status_code)}")
        return body
