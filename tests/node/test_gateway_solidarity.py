# SPDX-License-Identifier: MPL-2.0
"""Who is served when more is asked than the pods can give: in turn within a band, and the higher band first.

The pods are made slow, so that requests wait in the picker. It looks at them every 50 ms and sends on one request a
millisecond until it has seen that they are full: some tens at once. What is shared fairly is what waits beyond those,
so far more callers wait here than that.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from andel.lab.node_images import simulated
from config.names import SERVING
from config.serving.pod_rules import BEYOND
from tests.support.waiting import until

from .gateway import GatewayLab
from .gateway_load import Load, chat, jain

MODEL = "app.kubernetes.io/component=llminferenceservice-workload,andel/model=text"
PICKER = "andel/picker=text"
SLOW = ("--max-num-seqs=2", "--inter-token-latency=20ms")
QUESTION = chat(max_tokens=20, ignore_eos=True)
"""What takes a slow pod 0.4 seconds: two pods with two places answer ten in a second."""
MANY, FEW = 120, 40
"""Callers of two municipalities. Served as they come, they would get shares of 0.75 and 0.25 (Jain's index 0.8)."""
ANSWERS = 150
"""Answers after which shares are taken."""


@pytest.fixture(scope="module")
def slow(gateway: GatewayLab) -> Iterator[GatewayLab]:
    """The gateway with slow pods."""
    begin_anew(gateway, *SLOW)
    yield gateway
    begin_anew(gateway)


def begin_anew(lab: GatewayLab, *arguments: str) -> None:
    """Other pods of the model, whose simulators have other arguments."""
    image = lab.pods(SERVING, MODEL)[0]["spec"]["containers"][0]["image"]
    lab.load({image: simulated(*arguments)})
    lab.end(SERVING, MODEL)
    lab.until_ready(SERVING, MODEL, 2, seconds=300)
    with lab.http(lab.key("aarhus")) as client:
        until(lambda: client.post("/chat/completions", json=chat()).status_code == 200, 120)
    lab.forget_counts()


def waiting(lab: GatewayLab) -> dict[tuple[str, int], int]:
    """Requests that wait in the picker, by municipality and priority of their band."""
    (pod,) = lab.pods(SERVING, PICKER)
    said = httpx.get(f"http://{pod['status']['podIP']}:9090/metrics").text
    found = re.findall(r"^inference_extension_flow_control_queue_size\{(.*)\} (\d+)$", said, re.MULTILINE)
    labelled = [(dict(re.findall(r'(\w+)="([^"]*)"', labels)), int(count)) for labels, count in found]
    return {(labels["fairness_id"], int(labels["priority"])): count for labels, count in labelled}


def shares(load: Load, since: float) -> dict[str, float]:
    """Shares of the answers since a moment, by municipality."""
    got = Counter(one.municipality for one in tuple(load.answers) if one.ended >= since and one.status == 200)
    return {slug: got[slug] / got.total() for slug in load.callers}


def spend_the_month(lab: GatewayLab, slug: str) -> None:
    """Let a municipality have nothing left of its month, and wait until the edge knows."""
    with lab.http(lab.key(slug)) as client:
        assert client.post("/chat/completions", json=chat()).status_code == 200
    lab.spend(slug, "month", lab.environment.tiers[lab.environment.municipalities[slug].tier].month.tokens)
    assert lab.environment.gateway
    time.sleep(lab.environment.gateway.limits.budget_cache_seconds + 1)


def test_municipalities_of_one_tier_are_served_in_turn(slow: GatewayLab) -> None:
    """However many requests each of them has waiting. The figure stands in the test's output."""
    slow.forget_counts()
    with Load(slow, {"aarhus": MANY, "odense": FEW}, QUESTION) as load:
        until(lambda: min(waiting(slow).get((slug, 20), 0) for slug in load.callers) > 0, 120)
        load.wait(MANY // 2)
        start, before = time.monotonic(), load.statuses()[200]
        load.wait(before + ANSWERS)
        measured = shares(load, start)
    index = jain(list(measured.values()))
    print(f"shares {measured}, Jain's index {index:.3f}")  # noqa: T201
    assert index >= 0.9
    assert set(load.statuses()) <= {200, 503}  # Authorino on a busy machine


def test_beyond_the_month_is_served_while_others_are_idle_and_waits_while_they_are_not(slow: GatewayLab) -> None:
    slow.forget_counts()
    spend_the_month(slow, "odense")
    with Load(slow, {"odense": FEW}, QUESTION) as beyond:
        beyond.wait(FEW)
        assert waiting(slow).get(("odense", -1), 0) > 0
        with Load(slow, {"aarhus": MANY}, QUESTION) as within:
            within.wait(MANY // 2)  # what the pods had taken before is done
            start, before = time.monotonic(), within.statuses()[200]
            within.wait(before + ANSWERS // 2)
            end = time.monotonic()
        served = Counter(one.status for one in within.between(start, end))
        yielded = Counter(one.status for one in beyond.between(start, end))
        print(f"within the month {dict(served)}, beyond it {dict(yielded)}")  # noqa: T201
        beyond.wait(FEW, since=end)
    assert yielded.total() < 0.1 * served[200]
    records = [one for one in slow.records() if one["municipality"] == "odense" and one["status"] == 200]
    assert records[-1]["band"] == BEYOND
    slow.forget_counts()
