# SPDX-License-Identifier: MPL-2.0
"""LiteLLM's proxy between an application and the platform, as some have it: to the edge it is one more application."""

import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from andel.lab.build import build
from andel.lab.litellm import LITELLM
from andel.lab.processes import Process, await_page, free_ports, start, stop

from .gateway import GatewayLab

START_SECONDS = 240
"""Patience with a proxy that imports for half a minute on an idle machine."""


@pytest.fixture(scope="module")
def client(gateway: GatewayLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    folder, (port,) = tmp_path_factory.mktemp("litellm"), free_ports(1)
    build((LITELLM,))
    process = proxy(gateway, folder, port)
    start(process)
    try:
        await_page(process, f"http://127.0.0.1:{port}/health/liveliness", START_SECONDS)
        with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0) as client:
            yield client
    finally:
        stop(process.note)


def proxy(gateway: GatewayLab, folder: Path, port: int) -> Process:
    """The proxy, with the edge's name and authority known to it alone."""
    backend = {"api_base": f"https://{gateway.host}/v1", "api_key": "os.environ/ANDEL_KEY"}
    models = [
        {"model_name": name, "litellm_params": {"model": f"openai/{name}", **backend}} for name in ("text", "vectors")
    ]
    (folder / "config.yaml").write_text(json.dumps({"model_list": models}))
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n{gateway.edge} {gateway.host}\n")
    (folder / "ca.crt").write_text(gateway.authority)
    words = [sys.executable, "-m", "litellm.proxy.proxy_cli", "--config", "config.yaml", "--port", str(port)]
    shell = f"mount --bind {shlex.quote(str(folder / 'hosts'))} /etc/hosts && exec {shlex.join(words)}"
    return Process(
        name="litellm",
        command=["unshare", "--mount", "sh", "-c", shell],
        folder=folder,
        environment={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(LITELLM.folder),
            "SSL_CERT_FILE": str(folder / "ca.crt"),
            "ANDEL_KEY": gateway.key("aarhus"),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
    )


@pytest.mark.parametrize("stream", [False, True])
def test_chat(client: openai.OpenAI, *, stream: bool) -> None:
    messages: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "Goddag"}]
    told: openai.types.chat.ChatCompletionStreamOptionsParam = {"include_usage": True}
    if stream:
        pieces = list(
            client.chat.completions.create(
                model="text", messages=messages, max_tokens=5, stream=True, stream_options=told
            )
        )
        assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
        usage = pieces[-1].usage
    else:
        answer = client.chat.completions.create(model="text", messages=messages, max_tokens=5)
        assert answer.choices[0].message.content
        usage = answer.usage
    assert usage
    assert usage.completion_tokens > 0


def test_embeddings(client: openai.OpenAI) -> None:
    assert client.embeddings.create(model="vectors", input=["en andel"]).data[0].embedding


def test_a_refusal_of_the_edge_is_told_on(client: openai.OpenAI) -> None:
    """More than the tier's longest answer: refused by the edge, and LiteLLM says so with its status."""
    messages: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "Goddag"}]
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="text", messages=messages, max_tokens=100_000)
    assert "is above the 512 tokens of this plan" in str(refused.value)
