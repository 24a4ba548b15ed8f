# SPDX-License-Identifier: MPL-2.0
"""Rerank, score and classify: paths that the AI Gateway would refuse, for tiers that may use the model."""

from typing import Any

import pytest

from components.edge.headers import MODEL, MODELS, TIER
from components.model_list import UNKNOWN
from components.offers import scores
from components.request_model import ALL, model_in_the_body
from components.scores import ScoresArgs, edge_route, has_scores, inner_route, shown_the_body
from components.serving.endpoint import Endpoint
from config.judge import judge
from config.models import Task
from tests.config.edits import edited, environment_of

from .routing import chosen

DOCUMENT = environment_of("tests/environments/Pulumi.routes.yaml")


def endpoint(**changes: Any) -> Endpoint:
    return Endpoint(
        **{"kind": "Service", "name": "s", "namespace": "n", "port": 80, "model": "m", "metrics_port": None, **changes}
    )


def args(**edits: Any) -> ScoresArgs:
    environment = judge(edited(DOCUMENT, edits))
    assert environment.gateway is not None
    found = scores(environment, environment.gateway, {"ranking": endpoint(), "text": endpoint(kind="InferencePool")})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("path", "headers", "reached"),
    [
        ("/v1/rerank", {MODEL: "ranking", TIER: "small", MODELS: "*"}, True),
        ("/v2/rerank", {MODEL: "ranking", TIER: "large", MODELS: "*"}, True),
        ("/v1/score", {MODEL: "ranking", TIER: "small", MODELS: "*"}, True),
        ("/tokenize", {MODEL: "ranking", TIER: "small", MODELS: "*"}, True),
        ("/v1/rerank", {MODEL: "ranking", TIER: "other", MODELS: "*"}, False),
        ("/v1/rerank", {MODEL: "text", TIER: "small", MODELS: "*"}, False),
        ("/v1/rerank", {TIER: "small", MODELS: "*"}, False),
        ("/v1/rerank/x", {MODEL: "ranking", TIER: "small", MODELS: "*"}, False),
        ("/classify", {MODEL: "ranking", TIER: "small", MODELS: "*"}, False),
        ("/metrics", {MODEL: "ranking", TIER: "small", MODELS: "*"}, False),
        ("/v1/rerank", {MODEL: "ranking", TIER: "small", MODELS: "ranking"}, True),
        ("/v1/rerank", {MODEL: "ranking", TIER: "small", MODELS: "text,rankings"}, False),
        ("/v1/rerank", {MODEL: "ranking", TIER: "small"}, False),
    ],
)
def test_who_reaches_a_model_for_scores(path: str, headers: dict[str, str], reached: bool) -> None:
    assert (chosen(edge_route(args(), "ranking")["rules"], headers, path) is not None) == reached


def test_a_request_that_is_not_yet_known_meets_a_route_without_the_ai_gateways_processor() -> None:
    """Envoy decides on the filters of a request by its first route: the processor would refuse the path."""
    first = [{"matches": [{"path": {"type": "Exact", "value": path}}], "name": UNKNOWN} for path in ALL]
    for path in ALL:
        assert chosen(first, {}, path) is not None


def test_the_key_ends_at_the_edge_and_the_model_is_reached_by_its_service() -> None:
    (rule,) = edge_route(args(), "ranking")["rules"]
    assert rule["filters"][0]["requestHeaderModifier"] == {"remove": ["authorization"]}
    (inner,) = inner_route(args(), "ranking")["rules"]
    assert inner["backendRefs"] == [{"group": "", "kind": "Service", "name": "s", "port": 80}]


def test_identity_is_the_edges_own_and_sees_the_body() -> None:
    asked = shown_the_body(args())["extAuth"]
    assert asked.pop("bodyToExtAuth") == {"maxRequestBytes": 2**20}
    assert asked == args().identity["extAuth"]
    assert asked["failOpen"] is False
    (header,) = model_in_the_body().values()
    assert "/v1/chat/completions" not in header["when"][0]["predicate"]


@pytest.mark.parametrize(
    ("task", "changes", "has"),
    [
        (Task.RERANK, {}, True),
        (Task.CLASSIFICATION, {}, True),
        (Task.CHAT, {}, False),
        (Task.RERANK, {"kind": "InferencePool"}, False),
        (Task.RERANK, {"path_prefix": "/openai/v1"}, False),
    ],
)
def test_models_that_have_such_routes(task: Task, changes: dict[str, Any], has: bool) -> None:
    assert has_scores(task, endpoint(**changes)) == has
