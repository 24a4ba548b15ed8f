# SPDX-License-Identifier: MPL-2.0
"""Limits of one request, which nobody counts: the longest answer, the models, the largest body."""

import json

import pytest

from config.scalars import amount

from .gateway import GatewayLab
from .gateway_load import chat


@pytest.mark.parametrize(("slug", "tier"), [("skive", "small"), ("aarhus", "large")])
def test_the_longest_answer_is_the_tier_s(gateway: GatewayLab, slug: str, tier: str) -> None:
    """One token more is refused; who wishes nothing gets no more."""
    gateway.forget_counts()
    most = gateway.environment.tiers[tier].output_tokens
    with gateway.http(gateway.key(slug)) as client:
        for name in ("max_tokens", "max_completion_tokens"):
            question = {"model": "text", "messages": [{"role": "user", "content": "Goddag"}]}
            assert client.post("/chat/completions", json={**question, name: most}).status_code == 200
            answer = client.post("/chat/completions", json={**question, name: most + 1})
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "answer_too_long")
        answer = client.post("/chat/completions", json={**question, "ignore_eos": True})
        assert answer.json()["usage"]["completion_tokens"] == most


def test_models_are_the_tier_s(gateway: GatewayLab) -> None:
    gateway.forget_counts()
    question = {"model": "vectors", "input": "Goddag"}
    with gateway.http(gateway.key("skive")) as small, gateway.http(gateway.key("aarhus")) as large:
        answer = small.post("/embeddings", json=question)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
        assert large.post("/embeddings", json=question).status_code == 200


def test_the_largest_request_is_the_edge_s(gateway: GatewayLab) -> None:
    """What is as large as allowed reaches the model; what is larger goes no further. The edge adds its own limit of the
    answer's length to a request, some bytes of it."""
    gateway.forget_counts()
    assert gateway.environment.gateway
    most = int(amount(gateway.environment.gateway.limits.largest_request))
    empty = len(json.dumps(chat(0, user="")))
    with gateway.http(gateway.key("aarhus")) as client:
        for size, status in ((most - 100, 200), (most + 1, 413)):
            body = json.dumps(chat(0, user="x" * (size - empty)))
            answer = client.post("/chat/completions", content=body, headers={"content-type": "application/json"})
            assert (len(body), answer.status_code) == (size, status), answer.text
