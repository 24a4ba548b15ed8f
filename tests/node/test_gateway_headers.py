# SPDX-License-Identifier: MPL-2.0
"""Headers that callers forge change nothing: a model's pod sees what it would have seen, and so does the record.

A recorder joins the pods of a model and keeps what they are told; what is compared are whole sets of headers.
"""

import socket
import ssl
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.waiting import until

from .gateway import GatewayLab
from .gateway_counts import SERVING, ours
from .recorder import Recorder, Seen, recorder

PORT = 8000
"""Port of the pool's pods."""

DIFFERS = {"time", "request_id", "milliseconds", "milliseconds_to_first_byte"}
"""What two records of the same request differ in."""

NEW = {"x-request-id", "x-ai-eg-internal-req-id", "traceparent"}
"""Headers that each request gets anew."""

FORGED: dict[str, list[tuple[str, str]]] = {
    "municipality": [("x-andel-municipality", "odense")],
    "municipality, twice and loud": [("X-Andel-Municipality", "odense"), ("X-ANDEL-MUNICIPALITY", "skive")],
    "tier": [("x-andel-tier", "small")],
    "application": [("x-andel-application", "archive")],
    "period": [("x-andel-period", "2020-01")],
    "band": [("x-andel-band", "beyond-month")],
    "models of the key": [("x-andel-models", "vectors")],
    "consent": [("x-andel-overflow", "withheld")],
    "entry": [("x-andel-model", "vectors")],
    "objective": [("x-gateway-inference-objective", "text-large"), ("x-llm-d-inference-objective", "text-large")],
    "fairness": [("x-gateway-inference-fairness-id", "odense"), ("x-llm-d-inference-fairness-id", "odense")],
    "priority": [("x-vllm-priority", "-100"), ("x-request-priority", "100")],
    "model of the route": [("x-ai-eg-model", "vectors")],
    "path of the route": [("x-ai-eg-original-path", "/v1/embeddings"), ("x-ai-eg-internal-req-id", "x")],
    "picked pod": [("x-gateway-destination-endpoint", "10.0.0.1:80")],
    "picked pods": [("x-gateway-destination-endpoint-subset", "10.0.0.1:80")],
    "served by": [("x-gateway-destination-endpoint-served", "10.0.0.1:80")],
    "model of the picker": [("x-gateway-model-name", "vectors"), ("x-gateway-model-name-rewrite", "vectors")],
    "prefill pod": [("x-prefiller-host-port", "10.0.0.1:80"), ("x-prefiller-url", "http://10.0.0.1")],
    "rank of the engine": [("x-data-parallel-host-port", "10.0.0.1:80")],
    "address": [("x-forwarded-for", "10.0.0.1"), ("x-real-ip", "10.0.0.1"), ("true-client-ip", "10.0.0.1")],
    "address, the standard's way": [("forwarded", "for=10.0.0.1;host=admin;proto=http")],
    "address, Envoy's way": [("x-envoy-external-address", "10.0.0.1"), ("x-envoy-internal", "true")],
    "host": [("x-forwarded-host", "admin.example"), ("x-forwarded-port", "80"), ("x-forwarded-proto", "http")],
    "path": [
        ("x-original-url", "/v1/models"),
        ("x-rewrite-url", "/v1/models"),
        ("x-envoy-original-path", "/v1/models"),
    ],
    "method": [("x-http-method-override", "GET")],
    "client's certificate": [("x-forwarded-client-cert", "By=spiffe://andel/edge;Subject=CN=admin")],
    "times": [("x-envoy-upstream-rq-timeout-ms", "1"), ("x-envoy-upstream-rq-per-try-timeout-ms", "1")],
    "retries": [("x-envoy-retry-on", "5xx"), ("x-envoy-max-retries", "9"), ("x-envoy-retriable-status-codes", "200")],
    "other cluster": [("x-envoy-original-dst-host", "10.0.0.1:80"), ("x-envoy-upstream-alt-stat-name", "x")],
    "no counting": [("x-envoy-ratelimited", "true"), ("x-envoy-decorator-operation", "x")],
    "attempts": [("x-envoy-attempt-count", "7"), ("x-envoy-is-timeout-retry", "true")],
    "tenant": [("x-tenant-id", "odense"), ("x-user-id", "admin")],
    "id": [("x-request-id", "00000000-0000-0000-0000-000000000000")],
    "headers of identity named as the connection's": [("connection", "x-andel-municipality, x-andel-tier")],
    "key of a cloud": [("api-key", "forged"), ("x-api-key", "forged")],
}


@dataclass(frozen=True)
class Told:
    """What came of a request: what the model's pod saw of it, and its record."""

    seen: Seen
    record: dict[str, Any]

    @property
    def headers(self) -> list[tuple[str, str]]:
        """All that the pod saw, but for what each request gets anew."""
        return sorted(one for one in self.seen.headers if one[0].lower() not in NEW)

    @property
    def recorded(self) -> dict[str, Any]:
        """The record, but for what is new each time."""
        return {name: value for name, value in self.record.items() if name not in DIFFERS}


class Asker:
    """Asks until the recorder is the one that answers."""

    def __init__(self, lab: GatewayLab, kept: Recorder) -> None:
        self._lab, self._kept, self._asked = lab, kept, 0

    def seen(self, headers: list[tuple[str, str]]) -> Seen:
        """What the recorder saw of a request with more headers. Others of the pool answer in between."""
        key = self._lab.key("aarhus")
        # One proxy alone: each says its own address to the next.
        with self._lab.http(address=self._lab.proxies()[0]) as client:
            for _ in range(100):
                self._asked += 1
                mark = f"question {self._asked:05}"
                body = {"model": "text", "messages": [{"role": "user", "content": mark}], "max_tokens": 1}
                told = [("authorization", f"Bearer {key}"), *headers]
                answer = client.post("/chat/completions", json=body, headers=told)
                assert answer.status_code == 200, answer.text
                if found := self._kept.about(mark):
                    assert found.id == answer.headers["x-request-id"]
                    return found
        raise AssertionError("the recorder was never asked")


@pytest.fixture(scope="module")
def told(gateway: GatewayLab) -> dict[str, Told]:
    """What came of each forged request, and of a plain one (`plain`)."""
    with recorder(gateway, SERVING, pool(gateway), PORT) as kept:
        asker = Asker(gateway, kept)
        found = {name: asker.seen(headers) for name, headers in {"plain": [], **FORGED, "again": []}.items()}
    gateway.forget_counts()
    ids = {name: one.id for name, one in found.items()}
    records: dict[str, dict[str, Any]] = {}

    def written() -> bool:
        records.update({one["request_id"]: one for one in gateway.records()})
        return set(ids.values()) <= set(records)

    until(written, 60)
    return {name: Told(seen, records[ids[name]]) for name, seen in found.items()}


def pool(lab: GatewayLab) -> dict[str, str]:
    """Labels by which the pool of the model finds its pods."""
    path = f"/apis/inference.networking.k8s.io/v1/namespaces/{SERVING}/inferencepools/text-inference-pool"
    found = lab.api.get(path)
    assert found
    return dict(found["spec"]["selector"]["matchLabels"])


def test_two_plain_requests_differ_in_nothing(told: dict[str, Told]) -> None:
    assert told["again"].headers == told["plain"].headers
    assert told["again"].recorded == told["plain"].recorded


def test_a_plain_request_says_who_asks(told: dict[str, Told]) -> None:
    seen, record = told["plain"].seen, told["plain"].record
    assert seen.values("x-andel-municipality") == [record["municipality"]] == ["aarhus"]
    assert seen.values("x-andel-tier") == [record["tier"]] == ["large"]
    assert seen.values("x-andel-application") == [record["application"]] == ["journal"]
    assert not seen.values("authorization")


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_header_changes_nothing(told: dict[str, Told], name: str) -> None:
    assert told[name].headers == told["plain"].headers
    assert told[name].recorded == told["plain"].recorded


def test_ids_are_the_edges_own(told: dict[str, Told]) -> None:
    assert len({one.seen.id for one in told.values()}) == len(told)
    assert told["id"].seen.id not in dict(FORGED["id"]).values()


UNREADABLE: dict[str, tuple[int, bytes]] = {
    "underscores": (400, b"x_andel_tier: small\r\n"),
    "underscores for some hyphens": (400, b"x-andel_municipality: odense\r\n"),
    "two lengths": (400, b"content-length: 3\r\n"),
    "length and chunks": (400, b"transfer-encoding: chunked\r\n"),
    "unknown coding": (400, b"transfer-encoding: gzip\r\n"),
    "two hosts": (404, b"host: admin.example\r\n"),
    "a space before the colon": (400, b"x-andel-tier : small\r\n"),
    "a zero in a value": (400, b"x-one: a\x00b\r\n"),
}
"""What two readers might read in two ways, and what Envoy answers."""


@pytest.mark.parametrize(("status", "header"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_can_be_read_in_two_ways_is_refused(gateway: GatewayLab, status: int, header: bytes) -> None:
    before = ours(gateway)
    assert by_hand(gateway, "/v1/chat/completions", header) == status
    assert by_hand(gateway, "/v1/chat/completions", b"x-one: a\r\n") == 200
    until(lambda: ours(gateway) != before)
    assert (ours(gateway) - before).requests == 1


def test_a_caller_can_take_off_nothing_but_its_own_key(gateway: GatewayLab) -> None:
    """Headers that `connection` names end at the edge, before it sets any."""
    with gateway.http(gateway.key("aarhus")) as client:
        assert client.get("/models", headers={"connection": "keep-alive, authorization"}).status_code == 401
        assert client.get("/models", headers={"connection": "keep-alive, x-andel-tier"}).status_code == 200


TARGETS: dict[str, tuple[int, str, str | None]] = {
    "another host": (404, "/v1/chat/completions", "admin.example"),
    "another host in the target": (404, "https://admin.example/v1/chat/completions", None),
    "a slash in disguise": (400, "/v1%2fchat/completions", None),
    "a way back": (404, "/v1/chat/../../admin", None),
}


@pytest.mark.parametrize(("status", "target", "host"), TARGETS.values(), ids=TARGETS)
def test_hosts_and_paths_in_disguise(gateway: GatewayLab, status: int, target: str, host: str | None) -> None:
    before = ours(gateway)
    assert by_hand(gateway, target, b"", host) == status
    assert by_hand(gateway, "/v1/chat/completions", b"") == 200
    until(lambda: ours(gateway) != before)
    assert (ours(gateway) - before).requests == 1


def by_hand(lab: GatewayLab, target: str, header: bytes, host: str | None = None) -> int:
    """Status of the answer to a request that no client library would write."""
    body = b'{"model": "text", "messages": [{"role": "user", "content": "Goddag"}], "max_tokens": 1}'
    head = (
        f"POST {target} HTTP/1.1\r\nhost: {host or lab.host}\r\nauthorization: Bearer {lab.key('aarhus')}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
    )
    context = ssl.create_default_context(cadata=lab.authority)
    plain = socket.create_connection((lab.edge, 443), timeout=60)
    with context.wrap_socket(plain, server_hostname=lab.host) as connection:
        connection.sendall(head.encode() + header + b"\r\n" + body)
        return int(connection.recv(65536).split()[1])
