# SPDX-License-Identifier: MPL-2.0
"""Arguments that vLLM takes one by one and refuses together, before or while it loads a model.

Source: vLLM 0.33.0, `validate_parsed_serve_args` (entrypoints/common/cli_args.py), the validators of its config classes
(config/scheduler.py, multimodal.py, structured_outputs.py), and `EngineArgs` (engine/arg_utils.py).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from config.section import Mistake

Arguments = Mapping[str, Any]


def tool_choice_without_a_parser(given: Arguments) -> Iterator[Mistake]:
    """Answers can't be read for calls of tools without knowing how the model writes them."""
    if given.get("enable-auto-tool-choice") is True and "tool-call-parser" not in given:
        yield Mistake(("enable-auto-tool-choice",), "needs tool-call-parser", "write the parser of this model")


def negative_keep_alive(given: Arguments) -> Iterator[Mistake]:
    """Nothing is sent every minus one seconds."""
    if _number(given, "sse-keep-alive-interval", 0) < 0:
        yield Mistake(("sse-keep-alive-interval",), "is negative", "write seconds, or 0 for none")


def effort_that_is_no_text(given: Arguments) -> Iterator[Mistake]:
    """Efforts are mapped to names that the chat template knows."""
    for effort, meant in _object(given, "reasoning-effort-map").items():
        if not isinstance(meant, str):
            yield Mistake(("reasoning-effort-map", effort), "is no text", "write the template's name for it, in quotes")


def step_smaller_than_its_requests(given: Arguments) -> Iterator[Mistake]:
    """Each request that runs takes at least a token of a step."""
    tokens, requests = _number(given, "max-num-batched-tokens"), _number(given, "max-num-seqs")
    if tokens and requests and tokens < requests:
        yield Mistake(
            ("max-num-batched-tokens",),
            f"is {tokens}, and max-num-seqs is {requests}",
            f"write at least {requests}, or fewer requests at once",
        )


def more_active_than_at_once(given: Arguments) -> Iterator[Mistake]:
    """Requests that decode are some of those that run."""
    active, requests = _number(given, "max-num-active-seqs"), _number(given, "max-num-seqs")
    if active and requests and active > requests:
        yield Mistake(
            ("max-num-active-seqs",), f"is {active}, and max-num-seqs is {requests}", f"write at most {requests}"
        )


def shared_cache_of_another_type(given: Arguments) -> Iterator[Mistake]:
    """Only the cache in shared memory has objects of a largest size."""
    if "mm-shm-cache-max-object-size-mb" in given and given.get("mm-processor-cache-type") != "shm":
        yield Mistake(("mm-shm-cache-max-object-size-mb",), "needs a shared cache", "add mm-processor-cache-type: shm")


SCALES = ("mm-encoder-fp8-scale-path", "mm-encoder-fp8-scale-save-path")


def scales_without_fp8(given: Arguments) -> Iterator[Mistake]:
    """Scales belong to an encoder that computes in fp8."""
    for scale in SCALES:
        if scale in given and given.get("mm-encoder-attn-dtype") != "fp8":
            yield Mistake((scale,), "needs an encoder in fp8", "add mm-encoder-attn-dtype: fp8")


def scales_read_and_saved(given: Arguments) -> Iterator[Mistake]:
    """Scales are saved while they are found out, not when they are given."""
    if all(scale in given for scale in SCALES):
        yield Mistake((SCALES[1],), f"can't stand beside {SCALES[0]}", "leave one of them out")


TWICE = {
    "attention-backend": ("attention-config", "backend"),
    "enable-flashinfer-autotune": ("kernel-config", "enable_flashinfer_autotune"),
    "cudagraph-capture-sizes": ("compilation-config", "cudagraph_capture_sizes"),
    "max-cudagraph-capture-size": ("compilation-config", "max_cudagraph_capture_size"),
    "spec-method": ("speculative-config", "method"),
    "spec-model": ("speculative-config", "model"),
    "spec-tokens": ("speculative-config", "num_speculative_tokens"),
}
"""Arguments that are short for a field of another one."""


def said_twice(given: Arguments) -> Iterator[Mistake]:
    """A thing is said by its own argument or by the object, not by both."""
    for argument, (whole, field) in TWICE.items():
        if argument in given and field in _object(given, whole):
            yield Mistake((argument,), f"is said again by {whole}.{field}", "leave one of them out")


def whitespace_of_another_backend(given: Arguments) -> Iterator[Mistake]:
    """Only two backends can be told about whitespace."""
    config = _object(given, "structured-outputs-config")
    if config.get("disable_any_whitespace") is True and config.get("backend") not in ("xgrammar", "guidance"):
        yield Mistake(
            ("structured-outputs-config", "disable_any_whitespace"),
            "needs the backend xgrammar or guidance",
            "add backend: guidance",
        )


def properties_of_another_backend(given: Arguments) -> Iterator[Mistake]:
    """Only one backend can be told about further properties."""
    config = _object(given, "structured-outputs-config")
    if config.get("disable_additional_properties") is True and config.get("backend") != "guidance":
        yield Mistake(
            ("structured-outputs-config", "disable_additional_properties"),
            "needs the backend guidance",
            "add backend: guidance",
        )


RULES: tuple[Callable[[Arguments], Iterator[Mistake]], ...] = (
    tool_choice_without_a_parser,
    negative_keep_alive,
    effort_that_is_no_text,
    step_smaller_than_its_requests,
    more_active_than_at_once,
    shared_cache_of_another_type,
    scales_without_fp8,
    scales_read_and_saved,
    said_twice,
    whitespace_of_another_backend,
    properties_of_another_backend,
)
"""Every rule between arguments. Each gets arguments whose values fit the table."""


def _number(given: Arguments, name: str, otherwise: float | None = None) -> Any:
    value = given.get(name)
    return value if isinstance(value, int | float) else otherwise


def _object(given: Arguments, name: str) -> Mapping[str, Any]:
    value = given.get(name)
    return value if isinstance(value, Mapping) else {}
