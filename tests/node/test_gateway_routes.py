# SPDX-License-Identifier: MPL-2.0
"""OpenAI's routes through the one address, as its own client library asks them, streamed and not."""

from collections.abc import Iterator

import httpx
import openai
import pytest

from tests.live.test_vllm_cpu import sound

from .gateway import GatewayLab
from .real_engines import real_engines

QUESTION: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "Hvad er en andel?"}]
DOCUMENTS = ["Byggetilladelser gives af kommunen.", "Katte sover.", "x"]


@pytest.fixture(scope="module")
def client(gateway: GatewayLab) -> Iterator[openai.OpenAI]:
    url, key = f"https://{gateway.host}/v1", gateway.key("aarhus")
    with openai.OpenAI(base_url=url, api_key=key, http_client=gateway.http(), max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def real(gateway: GatewayLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the simulator has no answer to: rerank and speech, by the real vLLM."""
    with real_engines(gateway, ("ranking", "hearing"), tmp_path_factory.mktemp("engines")):
        yield


def test_the_list_of_models_is_what_the_tier_may_use(gateway: GatewayLab, client: openai.OpenAI) -> None:
    assert {model.id for model in client.models.list()} == {"text", "vectors", "ranking", "hearing"}
    with gateway.http(gateway.key("skive")) as small:
        assert [model["id"] for model in small.get("/models").json()["data"]] == ["text"]


def test_chat(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="text", messages=QUESTION, max_tokens=6)
    assert answer.choices[0].message.content
    assert answer.model == "text"
    assert answer.usage
    assert 0 < answer.usage.completion_tokens <= 6
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_chat_as_a_stream(client: openai.OpenAI) -> None:
    """Pieces come one after the other, and the last one counts, asked for or not."""
    pieces = list(client.chat.completions.create(model="text", messages=QUESTION, max_tokens=6, stream=True))
    assert sum(bool(piece.choices and piece.choices[0].delta.content) for piece in pieces) > 1
    assert pieces[-1].usage
    assert pieces[-1].usage.completion_tokens > 0


def test_completions(client: openai.OpenAI) -> None:
    answer = client.completions.create(model="text", prompt="Byrådet har", max_tokens=6)
    assert answer.choices[0].text
    assert answer.usage
    assert answer.usage.completion_tokens > 0


def test_completions_as_a_stream(client: openai.OpenAI) -> None:
    """Usage has to be asked for: vLLM always tells it (`--enable-force-include-usage`), the simulator can't."""
    told: openai.types.chat.ChatCompletionStreamOptionsParam = {"include_usage": True}
    answer = client.completions.create(model="text", prompt="Byrådet", max_tokens=6, stream=True, stream_options=told)
    pieces = list(answer)
    assert "".join(piece.choices[0].text for piece in pieces if piece.choices)
    assert pieces[-1].usage
    assert pieces[-1].usage.completion_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
def test_responses(client: openai.OpenAI, *, stream: bool) -> None:
    answer = client.responses.create(model="text", input="Goddag", max_output_tokens=16, stream=stream)
    if isinstance(answer, openai.Stream):
        (done,) = [event for event in answer if event.type == "response.completed"]
        assert done.response.usage
        assert done.response.usage.output_tokens > 0
    else:
        assert answer.usage
        assert answer.usage.output_tokens > 0
        assert answer.output_text


def test_embeddings(client: openai.OpenAI) -> None:
    answer = client.embeddings.create(model="vectors", input=["en andel", "noget andet"])
    assert len(answer.data) == 2
    assert answer.data[0].embedding
    assert answer.usage.total_tokens > 0


@pytest.mark.usefixtures("real")
def test_rerank_and_score(client: openai.OpenAI) -> None:
    body = {"model": "ranking", "query": "byggeri", "documents": DOCUMENTS}
    for path in ("/rerank", "https://{host}/v2/rerank"):
        results = client.post(path.format(host=client.base_url.host), body=body, cast_to=httpx.Response).json()[
            "results"
        ]
        assert sorted(one["index"] for one in results) == [0, 1, 2]
        scores = [one["relevance_score"] for one in results]
        assert scores == sorted(scores, reverse=True)
    pairs = {"model": "ranking", "text_1": "byggeri", "text_2": DOCUMENTS}
    assert len(client.post("/score", body=pairs, cast_to=httpx.Response).json()["data"]) == 3


@pytest.mark.usefixtures("real")
def test_tokens_of_a_model(client: openai.OpenAI) -> None:
    url = f"https://{client.base_url.host}/tokenize"
    answer = client.post(url, body={"model": "ranking", "prompt": "en andel"}, cast_to=httpx.Response).json()
    assert answer["count"] == len(answer["tokens"]) > 0


@pytest.mark.usefixtures("real")
def test_speech(client: openai.OpenAI) -> None:
    file = ("a.wav", sound(), "audio/wav")
    assert isinstance(client.audio.transcriptions.create(model="hearing", file=file, language="da").text, str)
    assert isinstance(client.audio.translations.create(model="hearing", file=file).text, str)
    pieces = list(client.audio.transcriptions.create(model="hearing", file=file, language="da", stream=True))
    assert pieces


def test_models_and_paths_that_are_not_there(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(model="nothing", messages=QUESTION)
    assert refused.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        client.get("/nothing", cast_to=httpx.Response)
