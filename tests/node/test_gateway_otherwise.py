# SPDX-License-Identifier: MPL-2.0
"""The other choices of `gateway.limits`, made by a second `pulumi up`: what callers see is what docs/gateway.md says.

The first choices are those of `test_gateway_kills.py`. Afterwards the settings are what they were.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from andel.lab import engine
from components.edge.script import AWAY
from config.serving.pod_rules import BEYOND
from tests.support.waiting import until

from .gateway import PROXIES, GatewayLab, await_answers
from .gateway_load import Load, chat
from .test_gateway_kills import BUDGET, LIMITER, STORE, Part, away, band

OTHERWISE = {"whenDown": "refuse", "whenUnknown": "beyond", "parallelRequests": 4}


@pytest.fixture(scope="module")
def other(gateway: GatewayLab) -> Iterator[GatewayLab]:
    """The gateway with the other choices."""
    first = gateway.lab.settings(gateway.stack).read_text(encoding="utf-8")
    try:
        bring_up(gateway, changed(first, OTHERWISE))
        yield gateway
    finally:
        bring_up(gateway, first)


def bring_up(lab: GatewayLab, text: str) -> None:
    """Bring the stack up with other settings, and wait until all that was started anew goes on answering."""
    lab.lab.settings(lab.stack).write_text(text, encoding="utf-8")
    engine.prepare(lab.lab, lab.stack)
    lab.deploy()
    # It reads its settings when it starts, and while one starts the one before it goes on.
    ended = lab.kubectl("-n", PROXIES, "rollout", "status", "deployment/envoy-gateway", "--timeout=100s")
    assert ended.returncode == 0, ended.stderr
    lab.give_addresses()
    await_answers(lab)
    with lab.http(lab.key("odense")) as client:
        until(lambda: all(client.post("/chat/completions", json=chat()).status_code == 200 for _ in range(5)), 120)
    lab.forget_counts()


def changed(text: str, limits: Mapping[str, Any]) -> str:
    """Settings with other limits."""
    document = yaml.safe_load(text)
    document["config"]["andel:environment"]["gateway"]["limits"] |= limits
    return yaml.safe_dump(document)


@pytest.mark.parametrize("part", [LIMITER, STORE], ids=["limiter", "store"])
def test_without_limiter_or_store_nobody_is_served_uncounted(other: GatewayLab, part: Part) -> None:
    """`limits.whenDown: refuse`: 503 in OpenAI's form, and nothing reaches a model. It ends by itself."""
    with other.http(other.key("odense")) as client:
        with away(other, part):
            until(lambda: client.post("/chat/completions", json=chat()).status_code == 503, 120)
            refused = [client.post("/chat/completions", json=chat()) for _ in range(5)]
        assert {answer.status_code for answer in refused} == {503}
        assert {answer.json()["error"]["code"] for answer in refused} == {AWAY}
        assert all("retry-after" in answer.headers for answer in refused)
        until(lambda: client.post("/chat/completions", json=chat()).status_code == 200, 120)
    assert all(
        other.record(answer.headers["x-request-id"])["tokens"] in (None, "-", 0)
        for answer in refused
        if "x-request-id" in answer.headers
    )


def test_without_the_budget_a_soft_month_counts_as_beyond(other: GatewayLab) -> None:
    """`limits.whenUnknown: beyond`: who has plenty left is served all the same, in the band of those who don't."""
    with Load(other, {"odense": 2}, pause=1):
        until(lambda: band(other, "odense") == "large", 60)
        with away(other, BUDGET):
            until(lambda: band(other, "odense") == BEYOND, 120)
        until(lambda: band(other, "odense") == "large", 120)


def test_more_requests_at_one_time_than_a_replica_carries_are_refused(other: GatewayLab) -> None:
    """`limits.parallelRequests: 4`, for each of two replicas and each step: what is beyond gets 503, and soon."""
    began = time.monotonic()
    with Load(other, {"odense": 60}, question=chat(words=20, max_tokens=400, ignore_eos=True)) as load:
        load.wait(1, status=503)
        load.wait(60)
    statuses = Counter(one.status for one in load.answers)
    refused = next(one for one in load.answers if one.status == 503)
    assert refused.ended - began < 30
    assert set(statuses) <= {0, 200, 503}, statuses
    assert "retry-after" in refused.headers
    assert "UO" in other.record(refused.headers["x-request-id"])["flags"]  # Envoy: upstream overflow
