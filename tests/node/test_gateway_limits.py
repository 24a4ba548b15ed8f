# SPDX-License-Identifier: MPL-2.0
"""Each limit of each tier is hit where it is declared: counted over both proxies, streamed or not, through restarts.

Minutes are the limiter's own, so whatever fits into one shares it: `spent` lives through three of them. The small tier
is spent to the last by requests; most of the large one is written into the counters that its first request made.
"""

import json
import threading
import time
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from typing import Any, Self

import httpx
import openai
import pytest

from config.names import GATEWAY
from config.serving.pod_rules import BEYOND
from tests.support.waiting import until

from .gateway import EDGE, PROXIES, GatewayLab
from .gateway_load import chat

LIMITER = "app.kubernetes.io/name=envoy-ratelimit"
STORE = "app.kubernetes.io/name=limits-store"
PAST = 20
"""Requests past a limit."""
WORDS = 570
"""Length of prompts. What is past the minute's tokens has to leave less than a minute's of the month."""
LEFT = {"requests": 12, "tokens": 1000, "month": 1500}
"""What of the large tier's limits is spent by requests."""
CROWD = 4
"""Callers at one time of one municipality."""
TRIES = 3
"""Minutes that a scenario may take that has to fit into one, and times that a caller asks."""


@dataclass(frozen=True)
class Spent:
    """What each municipality got, one after the other."""

    requests: dict[str, list[httpx.Response]]
    """In a minute of short requests, in `skive`'s and `aarhus'` case past the limit."""
    lists: list[httpx.Response]
    """Lists of models for who was past the limit."""
    tokens: dict[str, list[httpx.Response]]
    """In a minute of long requests, past the limit."""
    later: dict[str, list[httpx.Response]]
    """In the next one, after a restart of every part that counts: to the end of the month, and past it."""


class Callers:
    """Two clients of one municipality, one at each proxy, that take turns; every other answer is streamed."""

    def __init__(self, lab: GatewayLab, slug: str) -> None:
        self.slug, key = slug, lab.key(slug)
        self._clients = [lab.http(key, address=address) for address in lab.proxies()]
        assert len(self._clients) == 2
        self._turns = cycle([(client, streamed) for streamed in (False, True) for client in self._clients])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()

    def ask(self, words: int = 1) -> httpx.Response:
        """An answer. Whom Authorino did not know in time, on a busy machine, was not counted and asks again (503)."""
        client, streamed = next(self._turns)
        more = {"stream": True, "stream_options": {"include_usage": True}} if streamed else {}
        for _ in range(TRIES):
            answer = client.post("/chat/completions", json=chat(words, **more))
            if answer.status_code != 503:
                break
        return answer

    def times(self, count: int) -> list[httpx.Response]:
        """Answers to so many requests."""
        return [self.ask() for _ in range(count)]

    def until_refused(self, more: int = 3) -> list[httpx.Response]:
        """Answers to long requests, one after the other, to the first refusal and some beyond."""
        got = []
        while more:
            got.append(self.ask(WORDS))
            more -= got[-1].status_code != 200
            time.sleep(1.5)  # a request is charged when its answer has ended, a moment after its caller knows
        return got

    def models(self) -> httpx.Response:
        return self._clients[0].get("/models")


@pytest.fixture(scope="module")
def spent(gateway: GatewayLab) -> Iterator[Spent]:
    lists: list[httpx.Response] = []
    requests = in_one_minute(gateway, lambda: many_requests(gateway, lists))
    tokens = in_one_minute(gateway, lambda: many_tokens(gateway))
    month = gateway.environment.tiers["large"].month.tokens
    gateway.spend("odense", "month", month - LEFT["month"] - sum(map(cost, tokens["odense"])))
    restart(gateway)
    next_minute()
    with ThreadPoolExecutor(1) as pool, Callers(gateway, "morso") as small, Callers(gateway, "odense") as large:
        hard = pool.submit(small.until_refused)
        soft = [large.ask(WORDS) for _ in range(LEFT["month"] // WORDS + 1)]
        time.sleep(seconds_to_be_noticed(gateway))
        later = {"morso": hard.result(), "odense": soft + large.times(PAST // CROWD)}
    yield Spent(requests, lists, tokens, later)
    gateway.forget_counts()


def many_requests(lab: GatewayLab, lists: list[httpx.Response]) -> dict[str, list[httpx.Response]]:
    """Short requests: of two tiers past their limit, and of a third municipality just to it, beside the refused one."""
    small, large = (lab.environment.tiers[name].requests_per_minute for name in ("small", "large"))
    refused = threading.Event()

    with Callers(lab, "aarhus") as aarhus:
        begun = aarhus.times(1)
    lab.spend("aarhus", "requests", large - LEFT["requests"] - 1)

    def crowd() -> list[httpx.Response]:
        with Callers(lab, "aarhus") as aarhus:
            return aarhus.times((LEFT["requests"] + PAST) // CROWD)

    def first() -> list[httpx.Response]:
        with Callers(lab, "skive") as skive:
            got = skive.times(small + 1)
            refused.set()
            lists.extend(skive.models() for _ in range(PAST))
            return got + skive.times(PAST - 1)

    def second() -> list[httpx.Response]:
        assert refused.wait(60)
        with Callers(lab, "morso") as morso:
            return morso.times(small)

    with ThreadPoolExecutor(CROWD + 2) as pool:
        many = [pool.submit(crowd) for _ in range(CROWD)]
        one, other = pool.submit(first), pool.submit(second)
        return {
            "aarhus": begun + [answer for future in many for answer in future.result()],
            "skive": one.result(),
            "morso": other.result(),
        }


def many_tokens(lab: GatewayLab) -> dict[str, list[httpx.Response]]:
    """Long requests of two tiers, past their limit."""
    limit = lab.environment.tiers["large"].tokens_per_minute
    with ThreadPoolExecutor(1) as pool, Callers(lab, "morso") as small, Callers(lab, "odense") as large:
        first = pool.submit(small.until_refused)
        begun = [large.ask(WORDS)]
        time.sleep(1)
        lab.spend("odense", "tokens", limit - LEFT["tokens"] - cost(begun[0]))
        return {"odense": begun + large.until_refused(), "morso": first.result()}


def in_one_minute(
    lab: GatewayLab, run: Callable[[], dict[str, list[httpx.Response]]]
) -> dict[str, list[httpx.Response]]:
    """What a run gives that neither began before a minute of its own nor ended after it."""
    for _ in range(TRIES):
        lab.forget_counts()
        minute = next_minute()
        got = run()
        if int(time.time()) // 60 == minute:
            return got
    raise AssertionError(f"this machine is too slow: {TRIES} times it did not fit into a minute")


def next_minute() -> int:
    """Sleep till a minute begins; its number."""
    minute = int(time.time()) // 60 + 1
    time.sleep(minute * 60 - time.time() + 0.1)
    return minute


def restart(lab: GatewayLab) -> None:
    """Kill proxies, limiter and store, and wait for those that follow them."""
    for namespace, selector, count in ((PROXIES, EDGE, 2), (PROXIES, LIMITER, 1), (GATEWAY, STORE, 1)):
        lab.end(namespace, selector)
        lab.until_ready(namespace, selector, count, seconds=300)
    for address in lab.proxies():
        with lab.http(lab.key("aarhus"), address=address) as client:
            until(partial(counted, client), 120)


def counted(client: httpx.Client) -> bool:
    """Whether the edge serves and counts, ten times: while the limiter connects to a new store, it lets requests pass
    uncounted, and an answer says nothing of what is left."""
    try:
        answers = [client.post("/chat/completions", json=chat()) for _ in range(10)]
    except httpx.TransportError:
        return False
    return all(one.status_code == 200 and "x-ratelimit-remaining" in one.headers for one in answers)


def seconds_to_be_noticed(lab: GatewayLab) -> int:
    """Seconds after which the edge knows what a month has left."""
    assert lab.environment.gateway
    return lab.environment.gateway.limits.budget_cache_seconds + 1


def statuses(answers: Sequence[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def cost(answer: httpx.Response) -> int:
    """Tokens that an answer says it took; a refusal takes none."""
    if answer.status_code != 200:
        return 0
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return int(answer.json()["usage"]["total_tokens"])
    said = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    return next(int(one["usage"]["total_tokens"]) for one in reversed(said) if one.get("usage"))


def refused_in_openai_s_form(answer: httpx.Response) -> dict[str, Any]:
    """The error of a refusal past a limit."""
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["code"] == "rate_limit_exceeded"
    return error


def records_of(lab: GatewayLab, slug: str) -> list[dict[str, Any]]:
    """Records of a municipality's requests, the oldest first."""
    return [record for record in lab.records() if record["municipality"] == slug]


def to_the_end_of_the_month() -> float:
    """Seconds."""
    now = datetime.now(UTC)
    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return begin.timestamp() + monthrange(now.year, now.month)[1] * 86_400 - now.timestamp()


def test_requests_a_minute_are_counted_over_both_proxies(gateway: GatewayLab, spent: Spent) -> None:
    """In order where they come one by one, and in number where they come all at once."""
    small = gateway.environment.tiers["small"].requests_per_minute
    assert statuses(spent.requests["skive"]) == [200] * small + [429] * PAST
    assert sorted(statuses(spent.requests["aarhus"])) == [200] * (LEFT["requests"] + 1) + [429] * PAST
    for answer in spent.requests["skive"][small:]:
        assert "each minute" in refused_in_openai_s_form(answer)["message"]
        assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_who_is_past_a_limit_blocks_nobody_else(gateway: GatewayLab, spent: Spent) -> None:
    """A municipality of the same tier gets all of its own while the other is refused."""
    assert statuses(spent.requests["morso"]) == [200] * gateway.environment.tiers["small"].requests_per_minute


def test_lists_of_models_are_free_past_every_limit(gateway: GatewayLab, spent: Spent) -> None:
    assert statuses(spent.lists) == [200] * PAST
    assert {model["id"] for answer in spent.lists for model in answer.json()["data"]} == {"text"}


@pytest.mark.parametrize(("slug", "tier"), [("morso", "small"), ("odense", "large")])
def test_tokens_a_minute_are_counted_streamed_or_not(gateway: GatewayLab, spent: Spent, slug: str, tier: str) -> None:
    """A budget is looked at before a request, and charged after it: the one that goes past it is served whole."""
    got, limit = spent.tokens[slug], gateway.environment.tiers[tier].tokens_per_minute
    if tier == "large":
        limit = LEFT["tokens"] + cost(got[0])  # the rest was written
    served = [answer for answer in got if answer.status_code == 200]
    assert statuses(got) == [200] * len(served) + [429] * (len(got) - len(served))
    assert sum(map(cost, served[:-1])) <= limit < sum(map(cost, served))
    for answer in got[len(served) :]:
        assert "each minute" in refused_in_openai_s_form(answer)["message"]
        assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_a_hard_month_outlives_proxies_limiter_and_store(gateway: GatewayLab, spent: Spent) -> None:
    """What was spent before every part that counts was killed is spent afterwards."""
    tier = gateway.environment.tiers["small"]
    before, got = sum(map(cost, spent.tokens["morso"])), spent.later["morso"]
    served = [answer for answer in got if answer.status_code == 200]
    assert statuses(got) == [200] * len(served) + [429] * (len(got) - len(served))
    assert before + sum(map(cost, served[:-1])) <= tier.month.tokens < before + sum(map(cost, served))
    assert sum(map(cost, served)) <= tier.tokens_per_minute, "it was the minute that ended"
    for answer in got[len(served) :]:
        assert "month" in refused_in_openai_s_form(answer)["message"]
        assert abs(int(answer.headers["retry-after"]) - to_the_end_of_the_month()) < 600


def test_a_soft_month_refuses_nobody(gateway: GatewayLab, spent: Spent) -> None:
    """What is past it is served in the lowest band, and the record says so."""
    got, past = spent.later["odense"], PAST // CROWD
    assert statuses(got) == [200] * len(got)
    assert sum(map(cost, got[: -past - 1])) <= LEFT["month"] < sum(map(cost, got[:-past]))
    until(lambda: len(records_of(gateway, "odense")) == len(got), 30)  # the proxies are new, and wrote nothing before
    bands = [record["band"] for record in records_of(gateway, "odense")]
    assert bands == ["large"] + bands[1:-past] + [BEYOND] * past


def test_a_client_library_knows_the_refusal(gateway: GatewayLab, spent: Spent) -> None:
    """`openai` raises what applications catch."""
    with openai.OpenAI(
        base_url=f"https://{gateway.host}/v1",
        api_key=gateway.key("morso"),
        http_client=gateway.http(),
        max_retries=0,
    ) as client:
        with pytest.raises(openai.RateLimitError) as refusal:
            client.chat.completions.create(model="text", messages=[{"role": "user", "content": "Goddag"}])
        assert refusal.value.code == "rate_limit_exceeded"
        assert [model.id for model in client.models.list()] == ["text"]
