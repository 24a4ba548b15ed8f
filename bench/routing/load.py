# SPDX-License-Identifier: MPL-2.0
"""An open-loop load generator: a request is sent when its time has come, whether or not others were answered.

The time to the first token counts from when a request was *due*, so a generator that falls behind makes results worse
and hides nothing. Answers are streamed; the first token is the first chunk with content in it. What is not answered
when patience ends is given up: it counts as late, with the time that it had waited.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import urllib3

from .workload import Request

MODEL = "chat"

CHAT = "/v1/chat/completions"

MOST_IN_FLIGHT = 1500
"""Threads at most: far more than the ladder's last rung leaves unanswered."""

WARMING = 32
"""Requests in flight while pods warm up: four a pod."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a request."""

    at: float
    """When it was due, in seconds after the rung's beginning."""

    first_token: float
    """Seconds from then to the first token; to where it was given up, for one that got none."""

    answered: bool
    """Whether a first token came."""

    status: int
    """Status of the answer; 0 for none."""

    prompt: int = 0
    """Tokens of the prompt, as the engine counts them. 0 for an answer that was given up before its end."""

    cached: int = 0
    """Those of them that the engine had in its cache."""

    pod: str = ""
    """Which pod answered."""

    refusal: str = ""
    """Beginning of an answer that is none, or how the answer broke."""

    sent_late: float = 0.0
    """Seconds between when it was due and when it was sent: what the generator itself is to blame for."""


class Load:
    """Requests to one address.

    Args:
        address: scheme, host and port.
        model: that is asked.
        headers: of every request, beside the type of its body.
        tls: what a connection is checked by (urllib3: `ca_cert_data`, `server_hostname`, `assert_hostname`).
    """

    def __init__(self, address: str, model: str = MODEL, headers: Mapping[str, str] | None = None, **tls: Any) -> None:
        self._address, self._model = address, model
        self._headers = {"content-type": "application/json", **(headers or {})}
        self._pool = urllib3.PoolManager(maxsize=MOST_IN_FLIGHT, retries=False, **tls)

    def rung(self, requests: Sequence[Request], answer: int, patience: float) -> list[Outcome]:
        """Send requests at their times.

        Args:
            requests: what is sent, in order of time.
            answer: tokens of each answer.
            patience: seconds after the last request at which the rest is given up.
        """
        begin = time.monotonic()
        end = begin + (requests[-1].at if requests else 0) + patience
        with ThreadPoolExecutor(MOST_IN_FLIGHT) as threads:
            pending = []
            for one in requests:
                time.sleep(max(0.0, begin + one.at - time.monotonic()))
                pending.append(threads.submit(self._send, one, answer, begin + one.at, end))
            return [future.result() for future in pending]

    def warm(self, requests: Iterable[Request]) -> list[Outcome]:
        """Send requests as fast as a few at a time are answered, with answers of one token."""
        with ThreadPoolExecutor(WARMING) as threads:
            return list(threads.map(lambda one: self._send(one, 1, time.monotonic(), time.monotonic() + 300), requests))

    def _send(self, request: Request, answer: int, due: float, end: float) -> Outcome:
        sent_late = time.monotonic() - due
        status, pod, first, usage, refusal = 0, "", None, (0, 0), ""
        try:
            response = self._pool.request(
                "POST",
                f"{self._address}{CHAT}",
                body=json.dumps(body(self._model, request, answer)),
                headers=self._headers,
                timeout=urllib3.Timeout(connect=10, read=max(0.1, end - time.monotonic())),
                preload_content=False,
            )
            status, pod = response.status, served_by(response.headers)
            if status != 200:
                refusal = response.read(400).decode(errors="replace")
            for chunk in chunks(response):
                if first is None and has_content(chunk):
                    first = time.monotonic() - due
                usage = tokens(chunk) or usage
            response.release_conn()
        except urllib3.exceptions.HTTPError as error:  # given up, or broken on the way
            refusal = f"{type(error).__name__}: {error}"
        return Outcome(
            at=request.at,
            first_token=time.monotonic() - due if first is None else first,
            answered=first is not None and status == 200,
            status=status,
            prompt=usage[0],
            cached=usage[1],
            pod=pod,
            refusal=refusal,
            sent_late=sent_late,
        )


def body(model: str, request: Request, answer: int) -> dict[str, Any]:
    """A chat completion: what is shared as the assistant's instructions, the rest as the caller's question."""
    system = [{"role": "system", "content": request.prefix}] if request.prefix else []
    return {
        "model": model,
        "messages": [*system, {"role": "user", "content": request.question}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": answer,
        "ignore_eos": True,
    }


def chunks(response: urllib3.BaseHTTPResponse) -> Iterator[dict[str, Any]]:
    """The events of a stream, as they come."""
    rest = b""
    for data in response.stream(None):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            text = line.removeprefix(b"data:").strip()
            if line.startswith(b"data:") and text != b"[DONE]":
                yield json.loads(text)


def has_content(chunk: dict[str, Any]) -> bool:
    """Whether a token is in it: the first event names the role alone."""
    return any(choice.get("delta", {}).get("content") for choice in chunk.get("choices") or ())


def tokens(chunk: dict[str, Any]) -> tuple[int, int] | None:
    """Tokens of the prompt and cached ones among them, from the event that has the usage."""
    usage = chunk.get("usage")
    if not usage:
        return None
    return usage["prompt_tokens"], (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)


def served_by(headers: Any) -> str:
    """Name of the pod (source: llm-d-inference-sim v0.10.2, pkg/communication/http.go)."""
    return str(headers.get("x-inference-pod", ""))
