# SPDX-License-Identifier: MPL-2.0
"""What is refused among a model's arguments: each rule by a case that breaks it and a near-miss that passes."""

from dataclasses import dataclass
from typing import Any

import pytest

from andel.release.vllm import OWNED, VERSIONS, contradictions, judge, mistakes, table, values, variable_mistakes
from andel.release.vllm.owned import OWNED_FIELDS, OWNED_VARIABLES
from config.section import dotted


@dataclass(frozen=True)
class Case:
    """Arguments that break one rule, and such that just don't."""

    broken: dict[str, Any]
    near: dict[str, Any]
    path: str
    wrong: str
    mend: str
    version: str = "0.33.0"

    def __str__(self) -> str:
        return f"{self.path}: {self.wrong}"


NAMES = (
    Case({"max-num-seq": 8}, {"max-num-seqs": 8}, "max-num-seq", "is no argument", "write max-num-seqs"),
    Case({"--max-num-seqs": 8}, {"max-num-seqs": 8}, "--max-num-seqs", "as it is written", "write max-num-seqs"),
    Case({"max_num_seqs": 8}, {"max-num-seqs": 8}, "max_num_seqs", "as it is written", "write max-num-seqs"),
    Case({"maxNumSeqs": 8}, {"max-num-seqs": 8}, "maxNumSeqs", "as it is written", "write max-num-seqs"),
    Case({"tp": 2}, {}, "tp", "is no argument", "no argument has a like name"),
    Case(
        {"no-enable-prefix-caching": True},
        {"enable-prefix-caching": False},
        "no-enable-prefix-caching",
        "as it is written",
        "write `enable-prefix-caching: false`",
    ),
    Case(
        {"disable-prefix-caching": True},
        {"enable-prefix-caching": False},
        "disable-prefix-caching",
        "other way to switch enable-prefix-caching off",
        "write `enable-prefix-caching: false`",
    ),
    Case(
        {"limit-mm-per-prompt.image": 4},
        {"limit-mm-per-prompt": {"image": 4}},
        "limit-mm-per-prompt.image",
        "is a field of limit-mm-per-prompt",
        "write `limit-mm-per-prompt: {image: …}`",
    ),
    # The flag that OS2ai's and KubeAI's own values still pass.
    Case(
        {"disable-log-requests": True},
        {},
        "disable-log-requests",
        "was removed: vLLM 0.23.0 hasn't it, 0.10.2",
        "never",
        "0.23.0",
    ),
    # It came back: 0.33 pairs every `--enable-x` with a `--disable-x`.
    Case({"disable-log-requests": True}, {}, "disable-log-requests", "other way to switch enable-log-requests off", ""),
    Case(
        {"disable-expert-parallel": True}, {}, "disable-expert-parallel", "other way to switch enable-expert", "`gpus`"
    ),
    Case({"rope-theta": 1.0}, {"hf-overrides": {"rope_theta": 1.0}}, "rope-theta", "0.10.2 still had it", "leave it"),
    Case({"max-num-partial-prefills": 2}, {}, "max-num-partial-prefills", "0.24.0 still had it", "leave it out"),
    Case({"performance-mode": "throughput"}, {}, "performance-mode", "is not in vLLM 0.10.2 yet, 0.23.0", "", "0.10.2"),
    Case({"port": 9000}, {}, "port", "is written by the platform", "leave it out"),
    Case({"tensor-parallel-size": 2}, {}, "tensor-parallel-size", "is written by the platform", "`gpus`"),
    Case({"max-model-len": 4096}, {}, "max-model-len", "is written by the platform", "`contextTokens`"),
    Case({"api-key": ["x"]}, {}, "api-key", "is written by the platform", "gateway"),
    Case({"enable-log-requests": True}, {}, "enable-log-requests", "is written by the platform", "never logged"),
    Case(
        {"structured-outputs-config": {"reasoning_parser_plugin": "/tmp/x.py"}},
        {"structured-outputs-config": {"reasoning_parser": "mistral"}},
        "structured-outputs-config.reasoning_parser_plugin",
        "is not set by hand",
        "code of others",
    ),
)

VALUES = (
    Case({"max-num-seqs": "8"}, {"max-num-seqs": 8}, "max-num-seqs", "is text", "write a whole number"),
    Case({"max-num-seqs": True}, {"max-num-seqs": 1}, "max-num-seqs", "is true or false", "write a whole number"),
    Case({"max-num-seqs": 8.5}, {"max-num-seqs": 8}, "max-num-seqs", "is a number", "write a whole number"),
    Case({"max-num-seqs": 0}, {"max-num-seqs": 1}, "max-num-seqs", "out of bounds", "of at least 1"),
    Case({"watermark": 1.0}, {"watermark": 0.99}, "watermark", "out of bounds", "below 1"),
    Case({"kv-cache-metrics-sample": 2}, {"kv-cache-metrics-sample": 1}, "kv-cache-metrics-sample", "bounds", "most 1"),
    Case(
        {"mm-processor-cache-gb": float("nan")},
        {"mm-processor-cache-gb": 0.5},
        "mm-processor-cache-gb",
        "is a number",
        "write a number",
    ),
    Case({"enforce-eager": "yes"}, {"enforce-eager": True}, "enforce-eager", "is text", "true or false"),
    Case({"chat-template": 3}, {"chat-template": "/mnt/models/t"}, "chat-template", "is a number", "write text"),
    Case({"limit-mm-per-prompt": 4}, {"limit-mm-per-prompt": {"image": 4}}, "limit-mm-per-prompt", "", "an object"),
    Case({"hf-overrides": ["x"]}, {"hf-overrides": "{}"}, "hf-overrides", "is a list", "an object or text"),
    Case({"seed": None}, {"seed": 0}, "seed", "has no value", "leave the argument out"),
    Case(
        {"tool-call-parser": "mistal"}, {"tool-call-parser": "mistral"}, "tool-call-parser", "choices", "write mistral"
    ),
    Case(
        {"cudagraph-capture-sizes": 8}, {"cudagraph-capture-sizes": [8]}, "cudagraph-capture-sizes", "several", "list"
    ),
    Case(
        {"cudagraph-capture-sizes": []}, {"cudagraph-capture-sizes": [1]}, "cudagraph-capture-sizes", "empty", "leave"
    ),
    Case(
        {"cudagraph-capture-sizes": [1, "2"]},
        {"cudagraph-capture-sizes": [1, 2]},
        "cudagraph-capture-sizes[1]",
        "is text",
        "a whole number",
    ),
    Case(
        {"allowed-media-domains": ["--help"]},
        {"allowed-media-domains": ["example.dk"]},
        "allowed-media-domains[0]",
        "begins with a dash",
        "without",
    ),
    Case(
        {"compilation-config": {"mod": 3}}, {"compilation-config": {"mode": 3}}, "compilation-config.mod", "no field",
        "write mode",
    ),
    Case(
        {"chat-template": "$(HF_TOKEN)"}, {"chat-template": "$HF_TOKEN"}, "chat-template", "holds $( or {{", "file"
    ),
    Case(
        {"default-chat-template-kwargs": {"x": ["{{.Name}}"]}},
        {"default-chat-template-kwargs": {"x": [{"y": {}}]}},
        "default-chat-template-kwargs",
        "holds $( or {{",
        "file",
    ),
)  # fmt: skip

TOGETHER = {
    "tool_choice_without_a_parser": Case(
        {"enable-auto-tool-choice": True},
        {"enable-auto-tool-choice": True, "tool-call-parser": "mistral"},
        "enable-auto-tool-choice", "needs tool-call-parser", "parser of this model",
    ),
    "effort_that_is_no_text": Case(
        {"reasoning-effort-map": {"high": 1}},
        {"reasoning-effort-map": {"high": "1"}},
        "reasoning-effort-map.high",
        "no text",
        "in quotes",
    ),
    "negative_keep_alive": Case(
        {"sse-keep-alive-interval": -1}, {"sse-keep-alive-interval": 0}, "sse-keep-alive-interval", "negative", "0"
    ),
    "step_smaller_than_its_requests": Case(
        {"max-num-batched-tokens": 63, "max-num-seqs": 64},
        {"max-num-batched-tokens": 64, "max-num-seqs": 64},
        "max-num-batched-tokens", "max-num-seqs is 64", "at least 64",
    ),
    "more_active_than_at_once": Case(
        {"max-num-active-seqs": 65, "max-num-seqs": 64},
        {"max-num-active-seqs": 64, "max-num-seqs": 64},
        "max-num-active-seqs", "max-num-seqs is 64", "at most 64",
    ),
    "shared_cache_of_another_type": Case(
        {"mm-shm-cache-max-object-size-mb": 64},
        {"mm-shm-cache-max-object-size-mb": 64, "mm-processor-cache-type": "shm"},
        "mm-shm-cache-max-object-size-mb", "shared cache", "shm",
    ),
    "scales_without_fp8": Case(
        {"mm-encoder-fp8-scale-path": "/mnt/models/s"},
        {"mm-encoder-fp8-scale-path": "/mnt/models/s", "mm-encoder-attn-dtype": "fp8"},
        "mm-encoder-fp8-scale-path", "fp8", "fp8",
    ),
    "scales_read_and_saved": Case(
        {"mm-encoder-fp8-scale-path": "a", "mm-encoder-fp8-scale-save-path": "b", "mm-encoder-attn-dtype": "fp8"},
        {"mm-encoder-fp8-scale-save-path": "b", "mm-encoder-attn-dtype": "fp8"},
        "mm-encoder-fp8-scale-save-path", "beside", "one of them",
    ),
    "said_twice": Case(
        {"spec-tokens": 2, "speculative-config": {"num_speculative_tokens": 3}},
        {"spec-tokens": 2, "speculative-config": {"method": "ngram"}},
        "spec-tokens", "speculative-config.num_speculative_tokens", "one of them",
    ),
    "whitespace_of_another_backend": Case(
        {"structured-outputs-config": {"disable_any_whitespace": True, "backend": "outlines"}},
        {"structured-outputs-config": {"disable_any_whitespace": True, "backend": "xgrammar"}},
        "structured-outputs-config.disable_any_whitespace", "xgrammar or guidance", "guidance",
    ),
    "properties_of_another_backend": Case(
        {"structured-outputs-config": {"disable_additional_properties": True, "backend": "xgrammar"}},
        {"structured-outputs-config": {"disable_additional_properties": True, "backend": "guidance"}},
        "structured-outputs-config.disable_additional_properties", "guidance", "guidance",
    ),
}  # fmt: skip

ALL = (*NAMES, *VALUES, *TOGETHER.values())


@pytest.mark.parametrize("case", ALL, ids=str)
def test_a_mistake_is_told_at_its_argument_and_nowhere_else(case: Case) -> None:
    (found,) = mistakes(case.broken, table(case.version))
    assert dotted(found.path) == case.path
    assert case.wrong in found.wrong
    assert case.mend in found.mend
    assert found.mend


@pytest.mark.parametrize("case", ALL, ids=str)
def test_its_near_miss_is_taken(case: Case) -> None:
    assert list(mistakes(case.near, table(case.version))) == []


@pytest.mark.parametrize("name", TOGETHER)
def test_a_contradiction_passes_when_its_rule_is_taken_away(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tuple(rule for rule in contradictions.RULES if rule.__name__ != name)
    monkeypatch.setattr(contradictions, "RULES", kept)
    assert list(mistakes(TOGETHER[name].broken, table("0.33.0"))) == []


@pytest.mark.parametrize("case", VALUES, ids=str)
def test_a_value_passes_when_values_are_not_judged(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "value_mistakes", lambda *_: ())
    assert list(mistakes(case.broken, table(case.version))) == []


def test_every_contradiction_has_a_case() -> None:
    assert set(TOGETHER) == {rule.__name__ for rule in contradictions.RULES}


@pytest.mark.parametrize("name", sorted(OWNED))
def test_what_the_platform_owns_is_an_argument_of_some_version(name: str) -> None:
    assert any(name in table(version).arguments for version in VERSIONS)


@pytest.mark.parametrize("name", sorted(OWNED))
def test_what_the_platform_owns_is_refused_whatever_its_value(name: str) -> None:
    values_of_all_kinds: list[Any] = [True, 1, "x", ["x"], {"x": 1}, None]
    for value in values_of_all_kinds:
        (found,) = mistakes({name: value}, table("0.33.0"))
        assert found.path == (name,)
        assert found.mend in OWNED.values()


def test_the_fields_that_nobody_sets_are_fields_of_an_argument() -> None:
    fields = {key for version in VERSIONS for one in table(version).arguments.values() for key in one.keys}
    assert set(OWNED_FIELDS) & fields


def test_no_message_shows_a_value() -> None:
    secret = "hf_" + "a" * 34
    for name, argument in table("0.33.0").arguments.items():
        for value in (secret, [secret], {secret[:3]: secret}, f"$({secret})"):
            for found in mistakes({name: value}, table("0.33.0")):
                assert secret not in f"{found.wrong} {found.mend}", argument


def test_what_kubernetes_puts_in_is_found_at_any_depth() -> None:
    assert list(values.texts({"a": [{"b": ("c", 1)}]})) == ["a", "b", "c"]


def test_variables_that_would_undo_arguments_are_refused_and_others_are_not() -> None:
    found = list(variable_mistakes([*OWNED_VARIABLES, "OMP_NUM_THREADS", "VLLM_LOGGING_LEVEL"]))
    assert [mistake.path for mistake in found] == [(name,) for name in OWNED_VARIABLES]
    assert all(mistake.mend for mistake in found)
