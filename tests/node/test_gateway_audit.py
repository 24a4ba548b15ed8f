# SPDX-License-Identifier: MPL-2.0
"""Records of requests reach a collector over OTLP and TLS, and say there what they say on standard output."""

from collections.abc import Iterator

import pytest

from tests.support.waiting import until

from .collector import Attributes, Collector, collector
from .gateway import GatewayLab

PROMPT = "Borgeren har cpr-nummer 010203-1234."
SECONDS = 30
"""Envoy sends what it has after a second, and connects again after some more."""


@pytest.fixture(scope="module")
def kept(gateway: GatewayLab) -> Iterator[Collector]:
    with collector(gateway) as running:
        yield running


def asked(gateway: GatewayLab, **more: object) -> str:
    """Ask a model; the id of the request."""
    with gateway.http(gateway.key("aarhus")) as client:
        answer = client.post(
            "/chat/completions",
            json={"model": "text", "messages": [{"role": "user", "content": PROMPT}], "max_tokens": 5, **more},
        )
    assert answer.status_code == 200, answer.text
    return str(answer.headers["x-request-id"])


def found(kept: Collector, request: str) -> Attributes:
    """The record of a request at the collector."""
    until(lambda: any(one.get("request_id") == request for one in kept.records), SECONDS)
    return next(one for one in kept.records if one.get("request_id") == request)


def test_a_collector_that_is_away_holds_up_nobody(gateway: GatewayLab) -> None:
    """Before any is there."""
    request = asked(gateway)
    assert gateway.record(request)["status"] == 200


@pytest.mark.parametrize("stream", [False, True])
def test_the_collector_is_told_what_standard_output_is(gateway: GatewayLab, kept: Collector, stream: bool) -> None:
    request = asked(gateway, stream=stream)
    there, here = found(kept, request), gateway.record(request)
    assert there["service.name"] == "andel-edge"
    told = {name: there[name] for name in here if name in there}
    assert told == {name: "-" if value is None else str(value) for name, value in here.items()}
    assert (there["municipality"], there["model"], there["status"]) == ("aarhus", "text", "200")
    assert int(there["tokens"]) == int(there["tokens_in"]) + int(there["tokens_out"]) > 0


def test_nothing_of_a_prompt_is_told(gateway: GatewayLab, kept: Collector) -> None:
    there = found(kept, asked(gateway))
    assert there
    assert "010203" not in str(kept.records)
    assert not kept.spans
