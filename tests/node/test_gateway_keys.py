# SPDX-License-Identifier: MPL-2.0
"""What a municipality says of its own keys holds by their Secrets alone: which models they may use, and whether their
requests may leave. Nothing of the platform's is written for it.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from components.application_keys import FIELD
from config.names import GATEWAY, KEY_MODELS, KEY_OVERFLOW
from tests.live.test_vllm_cpu import sound
from tests.support.waiting import until

from .gateway import APPLICATIONS, GatewayLab
from .gateway_counts import clouds, ours
from .test_gateway_identity import key_by_hand, refused
from .test_gateway_overflow import OUTSIDE, ask, failing

CHANGING = "changing"
"""An application of Aarhus of which these tests say this and that; nobody else's."""

QUESTION = [{"role": "user", "content": "Goddag"}]
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/chat/completions", {"model": "text", "messages": QUESTION}),
    "chat as a stream": ("/chat/completions", {"model": "text", "messages": QUESTION, "stream": True}),
    "completions": ("/completions", {"model": "text", "prompt": "Goddag"}),
    "responses": ("/responses", {"model": "text", "input": "Goddag"}),
    "rerank": ("/rerank", {"model": "ranking", "query": "a", "documents": ["b"]}),
    "nobody's": ("/embeddings", {"model": "vectorss", "input": "a"}),
    "all": ("/embeddings", {"model": "*", "input": "a"}),
}
"""Paths and bodies of requests for models that a key of `vectors` may not use."""


def listed(lab: GatewayLab, key: str, **headers: str) -> list[str]:
    """Models that a key is shown."""
    with lab.http(key, **headers) as client:
        answer = client.get("/models")
    assert answer.status_code == 200, answer.text
    assert answer.json()["object"] == "list"
    return [model["id"] for model in answer.json()["data"]]


def posted(lab: GatewayLab, key: str, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    """The answer to a request."""
    with lab.http(key, **headers) as client:
        return client.post(path, json=body)


def chatted(lab: GatewayLab, key: str) -> int:
    """Status of the answer to a question to `text`."""
    return posted(lab, key, *OTHERS["chat"]).status_code


def test_a_narrowed_key_is_shown_its_own_models_alone(gateway: GatewayLab) -> None:
    assert listed(gateway, gateway.key("aarhus", "narrow")) == ["vectors"]
    assert listed(gateway, gateway.key("aarhus", "quiet")) == ["hearing", "ranking", "text", "vectors"]
    token = gateway.token(municipality="aarhus")
    until(lambda: chatted(gateway, token) == 200)
    assert listed(gateway, token) == ["hearing", "ranking", "text", "vectors"]


def test_a_list_never_widens_a_plan(gateway: GatewayLab) -> None:
    key, body = gateway.key("skive", "narrow"), {"model": "vectors", "input": "a"}
    assert listed(gateway, key) == []
    refused(posted(gateway, key, "/embeddings", body), 404, "model_not_found")


@pytest.mark.parametrize("forged", [{}, {"x_andel_models": "*"}, {"x_andel_models": "text,ranking,hearing"}])
def test_a_narrowed_key_is_refused_all_other_models_whatever_it_claims(
    gateway: GatewayLab, forged: dict[str, str]
) -> None:
    key, before = gateway.key("aarhus", "narrow"), ours(gateway)
    for path, body in OTHERS.values():
        refused(posted(gateway, key, path, body, **forged), 404, "model_not_found")
    with gateway.http(key, **forged) as client:
        file = {"file": ("a.wav", sound(), "audio/wav")}
        answer = client.post("/audio/transcriptions", data={"model": "hearing"}, files=file)
        refused(answer, 404, "model_not_found")
    # One that is answered: when it shows in the counts, so does whatever came before it.
    assert chatted(gateway, gateway.key("aarhus")) == 200
    until(lambda: ours(gateway) != before)
    assert (ours(gateway) - before).requests == 1
    assert listed(gateway, key, **forged) == ["vectors"]
    assert posted(gateway, key, "/embeddings", {"model": "vectors", "input": "a"}, **forged).status_code == 200


@pytest.mark.parametrize("written", ["", "*", "-", "text vectors", "text, vectors", ".+", "TEXT"])
def test_a_list_that_nobody_can_read_is_of_none(gateway: GatewayLab, written: str) -> None:
    with key_by_hand(gateway, "andel-m-aarhus", {KEY_MODELS: written}) as key:
        until(lambda: chatted(gateway, key) != 401)
        assert chatted(gateway, key) == 404
        assert listed(gateway, key) == []


@pytest.fixture(scope="module")
def changing(gateway: GatewayLab) -> Iterator[Callable[..., str]]:
    """Says something of the application `changing`, as its municipality's stack does; gives its key. It is the same."""

    def change(**section: object) -> str:
        given: dict[str, dict[str, Any]] = dict.fromkeys(gateway.environment.municipalities, APPLICATIONS)
        given["aarhus"] = {**APPLICATIONS, **({CHANGING: section} if section else {})}
        gateway.furnish(gateway.keys, given)
        return gateway.secret("andel-m-aarhus", f"key-{CHANGING}-1")[FIELD] if section else ""

    yield change
    change()


def platforms(lab: GatewayLab) -> dict[str, int]:
    """Generations of what the platform wrote at the edge: each change of a spec counts one on."""
    kinds = {"authorino.kuadrant.io/v1beta3": "authconfigs", "gateway.networking.k8s.io/v1": "httproutes"}
    kinds |= {"gateway.envoyproxy.io/v1alpha1": "envoyextensionpolicies"}
    found = {}
    for version, plural in kinds.items():
        for one in lab.api.items(f"/apis/{version}/namespaces/{GATEWAY}/{plural}"):
            found[f"{plural}/{one['metadata']['name']}"] = one["metadata"]["generation"]
    return found


def test_a_municipality_narrows_and_widens_a_key_without_the_platform(
    gateway: GatewayLab, changing: Callable[..., str]
) -> None:
    before = platforms(gateway)
    assert "authconfigs/edge" in before
    key = changing(models=["vectors"])
    until(lambda: chatted(gateway, key) == 404)
    assert listed(gateway, key) == ["vectors"]
    assert changing(models=["text", "vectors"]) == key
    until(lambda: chatted(gateway, key) == 200)
    assert listed(gateway, key) == ["text", "vectors"]
    assert changing(models=["ranking"]) == key
    until(lambda: chatted(gateway, key) == 404)
    assert listed(gateway, key) == ["ranking"]
    assert platforms(gateway) == before


def by_whom(lab: GatewayLab) -> tuple[int, str]:
    """Status and giver of an answer to public data of the application `changing`, while our own models fail."""
    answer = ask(lab, "aarhus", CHANGING, classes=("public",))
    return answer.status, answer.by


def test_consent_is_given_and_taken_back_without_the_platform(
    gateway: GatewayLab, changing: Callable[..., str]
) -> None:
    before = platforms(gateway)
    key = changing(generation=1)
    until(lambda: chatted(gateway, key) == 200)
    with failing(gateway, "rate_limit"):
        assert by_whom(gateway)[0] == 429
        changing(overflow=True)
        until(lambda: by_whom(gateway) == (200, OUTSIDE))
        changing(overflow=False)
        until(lambda: by_whom(gateway)[0] == 429)
        outside = clouds(gateway)
        assert {by_whom(gateway)[0] for _ in range(10)} == {429}
        assert clouds(gateway) == outside
    assert platforms(gateway) == before


@pytest.mark.parametrize("written", ["", "true", "yes", "Allowed", "withheld"])
def test_another_word_is_no_consent(gateway: GatewayLab, written: str) -> None:
    with key_by_hand(gateway, "andel-m-aarhus", {KEY_OVERFLOW: written}) as key, failing(gateway, "rate_limit"):
        until(lambda: chatted(gateway, key) != 401)
        answer = posted(gateway, key, *OTHERS["chat"], x_andel_data_class="public", x_andel_overflow="allowed")
        assert answer.status_code == 429


def test_tokens_leave_as_the_environment_says(gateway: GatewayLab) -> None:
    """No municipality's stack says anything of a token: its issuer and who may overflow are governance."""
    token = gateway.token(municipality="aarhus")
    with failing(gateway, "rate_limit"):
        body = {**OTHERS["chat"][1], "max_tokens": 1}
        until(lambda: posted(gateway, token, "/chat/completions", body, x_andel_data_class="public").status_code == 200)
        assert posted(gateway, token, "/chat/completions", body, x_andel_data_class="personal").status_code == 429
