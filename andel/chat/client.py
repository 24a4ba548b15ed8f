# SPDX-License-Identifier: MPL-2.0
"""Asking a gateway: OpenAI's own client (openai 2.54), so that what works here works in applications.

It retries nothing and follows no redirect: what a gateway said is shown as it was said.
"""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import httpx
import openai

LOOPBACK = ("localhost", "127.0.0.1", "::1")
CONNECT_SECONDS = 10
SILENCE_SECONDS = 3600
"""Longest silence of an answer that is waited for: the gateway's own limit comes first (`streamIdleSeconds`)."""

ANSWERED_BY = "x-andel-answered-by"
DATA_CLASS = "x-andel-data-class"


class Unreadable(openai.OpenAIError):
    """What came is no answer of OpenAI's API, or not the whole of one."""


@dataclass
class Answer:
    """An answer, filled in while it comes."""

    model: str
    text: str = ""
    answered_by: str | None = None
    """Host that gave it, as the edge says."""
    request_id: str | None = None
    finish: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    first_token_seconds: float | None = None
    seconds: float = 0.0


def address(url: str) -> str:
    """The base of OpenAI's routes below an address as people write it.

    Raises:
        click.ClickException: it is none, or would send the key in the clear.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise click.ClickException(f"{url} is no address; write https:// and the host, as https://api.example.dk/v1")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise click.ClickException("http:// would send the key in the clear; write https://")
    return url.rstrip("/") if parts.path.strip("/") else f"{url.rstrip('/')}/v1"


def connect(url: str, key: str, authorities: Path | None = None, data_class: str | None = None) -> openai.OpenAI:
    """A client of a gateway.

    Args:
        url: address of the API.
        key: the application's key.
        authorities: file with certificates to trust beside the system's.
        data_class: class of the data in all requests.

    Raises:
        click.ClickException: the address or the file of certificates is not usable.
    """
    trusted = ssl.create_default_context()
    if authorities is not None:
        try:
            trusted.load_verify_locations(authorities)
        except (OSError, ssl.SSLError) as error:
            raise click.ClickException(f"{authorities} holds no certificates ({error}); name a PEM file") from None
    return openai.OpenAI(
        base_url=address(url),
        api_key=key,
        max_retries=0,
        default_headers={DATA_CLASS: data_class} if data_class else {},
        http_client=httpx.Client(
            verify=trusted, follow_redirects=False, timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        ),
    )


def models(client: openai.OpenAI) -> list[str]:
    """Public names that the key may use."""
    with _readable():
        return sorted(model.id for model in client.models.list())


@contextmanager
def _readable() -> Iterator[None]:
    """Turns what the client stumbles over in an answer into one error: it reads JSON without looking first."""
    try:
        yield
    except (ValueError, TypeError, AttributeError):
        raise Unreadable("what came is no answer of OpenAI's API; check the address") from None


def ask(client: openai.OpenAI, model: str, messages: list[dict[str, str]], answer: Answer) -> Iterator[str]:
    """The answer to a conversation, piece by piece as it comes; `answer` is filled in meanwhile."""
    begun = time.monotonic()
    said: Any = messages
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=said, stream=True, stream_options={"include_usage": True}
    )
    answer.answered_by, answer.request_id = raw.headers.get(ANSWERED_BY), raw.headers.get("x-request-id")
    with _readable(), raw.parse() as stream:
        for chunk in stream:
            answer.model = chunk.model or answer.model
            if chunk.usage is not None:
                answer.usage = {
                    "prompt": chunk.usage.prompt_tokens,
                    "answer": chunk.usage.completion_tokens,
                    "total": chunk.usage.total_tokens,
                }
            for choice in chunk.choices:
                answer.finish = choice.finish_reason or answer.finish
                if piece := choice.delta.content:
                    if answer.first_token_seconds is None:
                        answer.first_token_seconds = round(time.monotonic() - begun, 3)
                    answer.text += piece
                    yield piece
    if answer.finish is None:
        raise Unreadable("the answer broke off; try again")
    answer.seconds = round(time.monotonic() - begun, 3)
