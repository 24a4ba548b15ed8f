# SPDX-License-Identifier: MPL-2.0
"""What leaves the platform when our own models can't answer: only of who opted in, only data that may, and on record.

The models' failures are the simulator's own (llm-d-inference-sim, `/admin/config`).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from components.overflow import exit_host
from components.request_headers import ANSWERED_BY, DATA_CLASS
from tests.support.waiting import until

from .gateway import GatewayLab
from .gateway_counts import Counts, charged, clouds, models, ours
from .gateway_outside import CLOUD, CLOUD_KEY, NAMESPACE, TLS
from .recorder import NAME, recorder

OUTSIDE = exit_host("cloud")
"""What answers and records call the cloud."""

FAILURES = {"rate_limit": 429, "server_error": 503}
"""Kinds of failure, and the status that they are."""


@dataclass(frozen=True)
class Asked:
    """A request, and what came of it."""

    of: str
    id: str
    status: int
    by: str
    usage: dict[str, Any]


def ask(
    lab: GatewayLab,
    municipality: str,
    application: str = "journal",
    *,
    stream: bool = False,
    words: int = 3,
    classes: tuple[str, ...] = (),
) -> Asked:
    """Ask a model for an answer.

    Args:
        lab: where.
        municipality: whose key is shown.
        application: which of its keys.
        stream: whether the answer comes bit by bit.
        words: length of the question, and about that of the answer.
        classes: what the request says of its data, a header each.
    """
    body = {"model": "text", "messages": [{"role": "user", "content": "god dag " * words}], "max_tokens": words}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    headers = [(DATA_CLASS, one) for one in classes]
    with lab.http(lab.key(municipality, application)) as client:
        answer = client.post("/chat/completions", json=body, headers=headers)
    usage = used(answer.text, stream=stream) if answer.status_code == 200 else {}
    told = answer.headers
    return Asked(municipality, told["x-request-id"], answer.status_code, told.get(ANSWERED_BY, ""), usage)


def used(text: str, *, stream: bool) -> dict[str, Any]:
    """What an answer says of its tokens."""
    parts = [line[6:] for line in text.splitlines() if line.startswith("data: {")] if stream else [text]
    (usage,) = (part["usage"] for part in map(json.loads, parts) if part.get("usage"))
    return dict(usage)


@contextmanager
def failing(lab: GatewayLab, kind: str) -> Iterator[None]:
    """Let every pod of the model fail."""

    def set_all(rate: int) -> None:
        for address in models(lab, "text"):
            wanted = {"failure-injection-rate": rate, "failure-types": [kind]}
            httpx.post(f"{address}/admin/config", json=wanted, timeout=30).raise_for_status()

    set_all(100)
    try:
        yield
    finally:
        set_all(0)


LEAVE = {"host", "authorization", "content-type", "content-length", "accept", "accept-encoding", "user-agent"}
"""Headers of a request that leaves: all of them."""

STAYS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "no class": ("aarhus", "journal", ()),
    "a class that may not": ("aarhus", "journal", ("internal",)),
    "personal data": ("aarhus", "journal", ("personal",)),
    "a class that nobody knows": ("aarhus", "journal", ("publics",)),
    "a class in other letters": ("aarhus", "journal", ("PUBLIC",)),
    "two classes in one": ("aarhus", "journal", ("public, personal",)),
    "an empty class": ("aarhus", "journal", ("",)),
    "a key of personal data": ("aarhus", "archive", ()),
    "a key of personal data that says otherwise": ("aarhus", "archive", ("public",)),
    "a key of personal data that says otherwise twice": ("aarhus", "archive", ("public", "public")),
    "a key without consent": ("aarhus", "quiet", ("public",)),
    "a key without consent that names no class": ("aarhus", "quiet", ()),
    "not opted in": ("odense", "journal", ("public",)),
    "not opted in, another tier": ("skive", "journal", ("public",)),
}
"""Municipality, application and classes of requests that stay, whatever happens."""


@pytest.mark.parametrize(("kind", "status"), FAILURES.items(), ids=FAILURES)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_only_who_opted_in_leaves_and_only_with_data_that_may(
    gateway: GatewayLab, kind: str, status: int, stream: bool
) -> None:
    own, before = ours(gateway), clouds(gateway)
    with failing(gateway, kind):
        stayed = {name: ask(gateway, *who, stream=stream, classes=said) for name, (*who, said) in STAYS.items()}
        left = ask(gateway, "aarhus", stream=stream, classes=("public",))
    assert {name: one.status for name, one in stayed.items()} == dict.fromkeys(STAYS, status)
    assert OUTSIDE not in {one.by for one in stayed.values()}
    assert (left.status, left.by) == (200, OUTSIDE)
    until(lambda: clouds(gateway) != before)
    assert clouds(gateway) - before == Counts(1, left.usage["prompt_tokens"], left.usage["completion_tokens"])
    assert ours(gateway) == own


@pytest.mark.parametrize("classes", [("public", "personal"), ("personal", "public"), ("public", "public")])
def test_two_classes_are_refused(gateway: GatewayLab, classes: tuple[str, ...]) -> None:
    """Envoy's routes match a header where any of its values does."""
    before = clouds(gateway)
    with failing(gateway, "rate_limit"):
        assert ask(gateway, "aarhus", classes=classes).status == 400
        assert ask(gateway, "aarhus", classes=("public",)).status == 200
    until(lambda: clouds(gateway) != before)
    assert (clouds(gateway) - before).requests == 1


def test_nothing_leaves_while_our_own_answer(gateway: GatewayLab) -> None:
    own, before = ours(gateway), clouds(gateway)
    answered = [ask(gateway, "aarhus", classes=("public",)) for _ in range(5)]
    assert {one.status for one in answered} == {200}
    assert OUTSIDE not in {one.by for one in answered}
    until(lambda: (ours(gateway) - own).requests == 5)
    assert clouds(gateway) == before


def test_records_agree_with_what_was_answered_to_the_token(gateway: GatewayLab) -> None:
    own, outside, paid = ours(gateway), clouds(gateway), charged(gateway, "aarhus")
    asked = [*varied(gateway)]
    with failing(gateway, "rate_limit"):
        asked += varied(gateway)
    with failing(gateway, "server_error"):
        asked += varied(gateway)
    ids = {one.id for one in asked}
    assert len(ids) == len(asked)
    records: dict[str, dict[str, Any]] = {}

    def written() -> bool:
        records.update({one["request_id"]: one for one in gateway.records() if one["request_id"] in ids})
        return len(records) == len(asked)

    until(written, 60)
    for one in asked:
        record = records[one.id]
        assert record["status"] == one.status
        assert record["answered_by"] == one.by
        assert (record["municipality"], record["application"], record["tier"]) == (one.of, "journal", "large")
        assert record["tokens_in"] == one.usage.get("prompt_tokens")
        assert record["tokens_out"] == one.usage.get("completion_tokens")
    recorded = {True: Counts(), False: Counts()}
    for record in records.values():
        if record["status"] == 200:
            there = record["answered_by"] == OUTSIDE
            recorded[there] += Counts(1, record["tokens_in"], record["tokens_out"])
    assert recorded[True].requests
    assert recorded[False].requests
    assert {True: clouds(gateway) - outside, False: ours(gateway) - own} == recorded
    tokens = sum(
        record["tokens"] for record in records.values() if record["municipality"] == "aarhus" and record["tokens"]
    )
    assert charged(gateway, "aarhus") - paid == tokens


def varied(lab: GatewayLab) -> list[Asked]:
    """Requests of several kinds and lengths."""
    return [
        ask(lab, municipality, stream=stream, words=words, classes=classes)
        for words, stream in ((1, False), (7, True), (19, False), (40, True))
        for municipality, classes in (("aarhus", ("public",)), ("aarhus", ()), ("odense", ("public",)))
    ]


def test_the_cloud_is_told_nothing_of_who_asks(gateway: GatewayLab) -> None:
    key, path = gateway.key("aarhus"), f"/api/v1/namespaces/{NAMESPACE}/services/cloud"
    with recorder(gateway, NAMESPACE, {"app": NAME}, TLS, tls="cloud-tls") as kept, failing(gateway, "rate_limit"):
        select(gateway, path, NAME)
        try:
            gateway.end(NAMESPACE, "app=cloud")  # its connections too: they would go on
            until(lambda: ask(gateway, "aarhus", classes=("public",)).status == 200 and kept.requests, 60)
            told = kept.requests[-1]
        finally:
            select(gateway, path, "cloud")
            gateway.until_ready(NAMESPACE, "app=cloud")
    assert told.values("authorization") == [f"Bearer {CLOUD_KEY}"]
    assert told.values("host") == [CLOUD]
    assert json.loads(told.body)["model"] == "gpt-4o-mini"
    assert key not in f"{told.headers} {told.body!r}"
    assert {name.lower() for name, _ in told.headers} == LEAVE


def select(lab: GatewayLab, path: str, app: str) -> None:
    """Let the cloud's Service find other pods."""
    identity = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "cloud"}}
    lab.api.apply(path, {**identity, "spec": {"selector": {"app": app}, "ports": [{"port": 443, "targetPort": TLS}]}})
