# SPDX-License-Identifier: MPL-2.0
"""Which model a request is for, on paths that Envoy AI Gateway (v1.0) doesn't know: Authorino reads it in the body."""

from typing import Any

from config.models import Task

from .edge.headers import MODEL

TOKENS = ("/tokenize", "/detokenize")
"""Tokens of a text, of models that have other paths of their own too."""

PATHS: dict[Task, tuple[str, ...]] = {
    Task.RERANK: ("/v1/rerank", "/v2/rerank", "/v1/score", *TOKENS),
    Task.CLASSIFICATION: ("/classify", *TOKENS),
}
"""Paths by task (source: vLLM 0.32, entrypoints). They go on as they are."""

ALL = tuple(dict.fromkeys(path for paths in PATHS.values() for path in paths))
"""Every such path."""


def model_in_the_body() -> dict[str, Any]:
    """A header for an AuthConfig, on these paths alone: the body's `model` by a path of gjson (Authorino 0.27)."""
    listed = ", ".join(f"'{path}'" for path in ALL)
    when = [{"predicate": f"request.url_path in [{listed}]"}]
    return {MODEL: {"plain": {"selector": "request.body|@fromstr|model"}, "when": when}}
