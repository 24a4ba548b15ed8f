# SPDX-License-Identifier: MPL-2.0
"""OpenAI's routes through the one address, as its own client library asks them, streamed and not."""

import openai
import pytest

from .gateway import GatewayLab


@pytest.fixture(scope="module")
def client(gateway: GatewayLab) -> openai.OpenAI:
    key = gateway.key("aarhus")
    return openai.OpenAI(base_url=f"https://{gateway.host}/v1", api_key=key, http_client=gateway.http(), max_retries=0)


def test_the_list_of_models_is_what_the_tier_may_use(gateway: GatewayLab, client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["text", "vectors"]
    with gateway.http(gateway.key("skive")) as small:
        assert [model["id"] for model in small.get("/models").json()["data"]] == ["text"]


def test_chat(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="text", messages=[{"role": "user", "content": "Goddag"}], max_tokens=5
    )
    assert answer.choices[0].message.content
    assert answer.usage
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
