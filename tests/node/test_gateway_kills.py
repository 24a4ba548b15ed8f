# SPDX-License-Identifier: MPL-2.0
"""Each part is killed under load and kept away: what callers see is what docs/gateway.md says, until it is back.

A part is kept away by a node that takes no new pods, and comes back by itself when it takes them again.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from config.names import GATEWAY, SERVING
from config.serving.pod_rules import BEYOND
from tests.support.waiting import until

from .gateway import EDGE, PROXIES, GatewayLab
from .gateway_load import Answer, Load, chat

NODE = "node-1"
CALLERS = {"odense": 4, "aarhus": 2}
ENOUGH = 12
"""Answers by which is judged."""


@dataclass(frozen=True)
class Part:
    """Pods that do one thing."""

    namespace: str
    selector: str
    count: int


AUTHORINO = Part(GATEWAY, "app.kubernetes.io/name=authorino", 1)
LIMITER = Part(PROXIES, "app.kubernetes.io/name=envoy-ratelimit", 2)
STORE = Part(GATEWAY, "app.kubernetes.io/name=limits-store", 1)
BUDGET = Part(GATEWAY, "app.kubernetes.io/name=budget", 2)
PICKER = Part(SERVING, "andel/picker=text", 1)
MODELS = Part(SERVING, "app.kubernetes.io/component=llminferenceservice-workload,andel/model=text", 2)
PROXY = Part(PROXIES, EDGE, 2)


@pytest.fixture
def load(gateway: GatewayLab) -> Iterator[Load]:
    """Callers of two municipalities, who are served."""
    gateway.forget_counts()
    with Load(gateway, CALLERS, pause=1) as running:
        running.wait(ENOUGH)
        yield running


@contextmanager
def away(lab: GatewayLab, part: Part) -> Iterator[None]:
    """Kill all pods of a part, and let none follow them while a block runs."""
    assert lab.kubectl("cordon", NODE).returncode == 0
    try:
        lab.end(part.namespace, part.selector)
        yield
    finally:
        assert lab.kubectl("uncordon", NODE).returncode == 0
    lab.until_ready(part.namespace, part.selector, part.count, seconds=300)


def since_the_first(load: Load, *kinds: int) -> Sequence[Answer]:
    """Enough answers to what was asked after the first one of these statuses came."""
    until(lambda: any(one.status in kinds for one in tuple(load.answers)), 120)
    since = next(one.ended for one in tuple(load.answers) if one.status in kinds)
    return enough(load, since)


def enough(load: Load, since: float) -> Sequence[Answer]:
    """Enough answers to what was asked since a moment."""

    def came() -> list[Answer]:
        return [one for one in tuple(load.answers) if one.began >= since]

    until(lambda: len(came()) >= ENOUGH, 120)
    return came()


def served_again(load: Load) -> None:
    """Wait until everybody is, and nothing else comes any more."""
    until(lambda: {one.status for one in enough(load, time.monotonic())} == {200}, 240)


def band(lab: GatewayLab, municipality: str) -> str:
    """Band of a municipality's newest request on record."""
    return next(str(one["band"]) for one in reversed(lab.records()) if one["municipality"] == municipality)


def test_without_authorino_nobody_gets_in(gateway: GatewayLab, load: Load) -> None:
    """503, whether or not Envoy Gateway knows that no pod of it is left. Nothing reaches a model."""
    with away(gateway, AUTHORINO):
        refused = since_the_first(load, 503)
    assert {one.status for one in refused} == {503}
    assert all("retry-after" in one.headers for one in refused if one.status == 503)
    served_again(load)


@pytest.mark.parametrize("part", [LIMITER, STORE], ids=["limiter", "store"])
def test_without_limiter_or_store_requests_are_served_uncounted(gateway: GatewayLab, part: Part) -> None:
    """`limits.whenDown: allow`. What was counted before counts again afterwards."""
    most = gateway.environment.tiers["small"].requests_per_minute
    gateway.forget_counts()
    with gateway.http(gateway.key("skive")) as client:
        until(lambda: client.post("/chat/completions", json=chat()).status_code == 429, 120)
        with away(gateway, part):
            until(lambda: client.post("/chat/completions", json=chat()).status_code == 200, 120)
            answers = [client.post("/chat/completions", json=chat()) for _ in range(most + 1)]
        assert [answer.status_code for answer in answers] == [200] * (most + 1)
        until(lambda: client.post("/chat/completions", json=chat()).status_code == 429, 120)
    gateway.forget_counts()


def test_without_the_budget_a_soft_month_counts_as_within(gateway: GatewayLab, load: Load) -> None:
    """`limits.whenUnknown: within`. The band of each request is on record."""
    gateway.spend("odense", "month", gateway.environment.tiers["large"].month.tokens)
    until(lambda: band(gateway, "odense") == BEYOND, 120)
    with away(gateway, BUDGET):
        until(lambda: band(gateway, "odense") == "large", 120)
        assert {one.status for one in enough(load, time.monotonic())} == {200}
    until(lambda: band(gateway, "odense") == BEYOND, 120)
    gateway.forget_counts()


def test_without_one_proxy_only_its_connections_end(gateway: GatewayLab, load: Load) -> None:
    """Who connects anew is served by the other one; no answer is wrong."""
    first, *_ = gateway.pods(PROXIES, EDGE)
    since = time.monotonic()
    name = first["metadata"]["name"]
    ended = gateway.kubectl("-n", PROXIES, "delete", "pod", "--grace-period=0", "--force", "--wait=false", name)
    assert ended.returncode == 0
    gateway.until_ready(PROXIES, EDGE, PROXY.count, seconds=300)
    served_again(load)
    lost = [one for one in tuple(load.answers) if one.ended >= since and one.status != 200]
    assert {one.status for one in lost} <= {0}
    assert len(lost) <= 2 * sum(CALLERS.values())


def test_without_a_picker_its_model_is_unavailable(gateway: GatewayLab, load: Load) -> None:
    """503 with Retry-After, in OpenAI's form; other models answer."""
    with away(gateway, PICKER):
        refused = since_the_first(load, 503)
        with gateway.http(gateway.key("aarhus")) as client:
            other = client.post("/embeddings", json={"model": "vectors", "input": "Goddag"})
    assert {one.status for one in refused} == {503}
    assert all(int(one.headers["retry-after"]) > 0 and "model_unavailable" in one.text for one in refused)
    assert other.status_code == 200
    served_again(load)


def test_without_one_pod_the_other_serves(gateway: GatewayLab, load: Load) -> None:
    """What that one was answering is lost, and said as 503 at worst."""
    first, *_ = gateway.pods(SERVING, MODELS.selector)
    since = time.monotonic()
    name = first["metadata"]["name"]
    ended = gateway.kubectl("-n", SERVING, "delete", "pod", "--grace-period=0", "--force", "--wait=false", name)
    assert ended.returncode == 0
    gateway.until_ready(SERVING, MODELS.selector, MODELS.count, seconds=300)
    served_again(load)
    lost = [one for one in tuple(load.answers) if one.ended >= since and one.status != 200]
    assert {one.status for one in lost} <= {503}
    assert all("retry-after" in one.headers for one in lost)


def test_without_any_pod_requests_are_held(gateway: GatewayLab, load: Load) -> None:
    """The picker keeps them, and gives them to the first pod that comes: nobody is refused."""
    with away(gateway, MODELS):
        until(lambda: not any_ready(gateway), 60)
        until(lambda: time.monotonic() - load.answers[-1].ended > 3, 60)  # pods answer while they end
        since, before = time.monotonic(), len(load.answers)
        time.sleep(10)
        assert len(load.answers) == before, "somebody answered"
    served_again(load)
    assert {one.status for one in tuple(load.answers) if one.ended >= since} == {200}


def any_ready(lab: GatewayLab) -> bool:
    """Whether a pod of the model is ready."""
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for pod in lab.pods(SERVING, MODELS.selector)
        for condition in pod["status"].get("conditions", [])
    )
