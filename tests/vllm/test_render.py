# SPDX-License-Identifier: MPL-2.0
"""How arguments are written. That vLLM reads the same back is shown by the tier `live`."""

from typing import Any

import pytest

from andel.release.vllm import Argument, ArgumentTable, going, render, table


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, []),
        ({"enforce-eager": True}, ["--enforce-eager"]),
        ({"enforce-eager": False}, ["--no-enforce-eager"]),
        ({"aggregate-engine-logging": True}, ["--aggregate-engine-logging"]),
        ({"aggregate-engine-logging": False}, []),  # a switch has no negation, and is off by itself
        ({"max-num-seqs": 64}, ["--max-num-seqs=64"]),
        ({"mm-processor-cache-gb": 0.5}, ["--mm-processor-cache-gb=0.5"]),
        ({"generation-config": "vllm"}, ["--generation-config=vllm"]),
        ({"chat-template": "-x y"}, ["--chat-template=-x y"]),
        ({"limit-mm-per-prompt": {"video": 0, "image": 4}}, ['--limit-mm-per-prompt={"image":4,"video":0}']),
        ({"allowed-media-domains": ["b.dk", "a.dk"]}, ["--allowed-media-domains", "b.dk", "a.dk"]),
        ({"middleware": ["a", "b"]}, ["--middleware=a", "--middleware=b"]),
        ({"hf-overrides": "x"}, ["--hf-overrides=x"]),
        ({"hf-overrides": {"sprog": "dansk æøå"}}, ['--hf-overrides={"sprog":"dansk æøå"}']),
        ({"seed": 1, "enforce-eager": True, "max-num-seqs": 2}, ["--enforce-eager", "--max-num-seqs=2", "--seed=1"]),
    ],
)  # fmt: skip
def test_arguments_are_words_of_a_command(arguments: dict[str, Any], words: list[str]) -> None:
    assert render(arguments, table("0.33.0")) == words


def test_the_order_of_the_config_does_not_matter() -> None:
    given = {"seed": 1, "max-num-seqs": 2}
    assert render(given, table("0.33.0")) == render(dict(reversed(given.items())), table("0.33.0"))


def test_what_goes_is_named() -> None:
    old = Argument(name="old", kind="flag", deprecated=True)
    made = ArgumentTable(version="1", source="", arguments={"old": old}, former={}, later={})
    assert going({"old": True, "other": 1}, made) == ["old"]
