# SPDX-License-Identifier: MPL-2.0
"""What the edge answers by itself: lists of models, and refusals in OpenAI's form."""

import json
import re
from typing import Any

import openai.types
import pytest

from components.edge.headers import MODEL, TIER
from components.edge.script import BODY
from components.model_list import ModelListArgs, answers, filter_spec, free, list_route, listed, unknown_route

from .routing import chosen

ARGS = ModelListArgs(tiers={"small": {"b": 1, "a": 2}, "large": {"c": 3}})


def answer(headers: dict[str, str], path: str = "/v1/models", more: tuple[dict[str, Any], ...] = ()) -> tuple[int, Any]:
    """What a request gets."""
    rule = chosen([*list_route(ARGS)["rules"], *unknown_route()["rules"], *more], headers, path)
    assert rule is not None
    ((only,),) = [[one["extensionRef"]["name"] for one in rule["filters"]]]
    spec = filter_spec(*answers(ARGS)[only])["directResponse"]
    assert spec["contentType"] == "application/json"
    return spec["statusCode"], json.loads(spec["body"]["inline"])


@pytest.mark.parametrize(("tier", "models"), [("small", ["a", "b"]), ("large", ["c"])])
def test_a_caller_sees_what_its_tier_may_use(tier: str, models: list[str]) -> None:
    status, body = answer({TIER: tier})
    assert status == 200
    assert [openai.types.Model.model_validate(one).id for one in body["data"]] == models
    assert body["object"] == "list"


def test_the_script_finds_every_model_of_a_list() -> None:
    """By a pattern, since Lua reads no JSON. Another shape of the list would leave nothing of it to a narrowed key."""
    (pattern,) = re.findall(r"gmatch\('(.*?)'\)", BODY)
    text = filter_spec(200, listed(ARGS.tiers["small"]))["directResponse"]["body"]["inline"]
    # Braces are plain in Lua's patterns; the rest of this one means the same to both.
    found = re.findall(pattern.replace("{", r"\{", 1), text)
    assert [name for _, name in found] == ["a", "b"]
    assert [json.loads(entry) for entry, _ in found] == listed(ARGS.tiers["small"])["data"]


def test_who_has_no_tier_sees_nothing() -> None:
    assert answer({})[0] == 403
    assert answer({TIER: "medium"})[0] == 403


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings", "/v1/models/x", "/"])
def test_any_other_model_is_not_found_as_openai_says_it(path: str) -> None:
    status, body = answer({TIER: "small", MODEL: "c"}, path)
    assert status == 404
    assert body["error"]["code"] == "model_not_found"
    assert body["error"]["param"] == "model"
    assert body["error"].keys() == {"message", "type", "param", "code"}


def test_a_request_that_is_not_yet_known_meets_neither() -> None:
    """Identity has said nothing yet: the first choice must fall on a rule of the AI Gateway, which reads the model."""
    assert chosen(unknown_route()["rules"], {}, "/v1/chat/completions") is None


def test_lists_are_free() -> None:
    """Merged with the gateway's policy they would be counted."""
    assert free() == {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "models"}],
    }
