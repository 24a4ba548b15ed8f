# SPDX-License-Identifier: MPL-2.0
"""What a caller of a sleeping model is told, and what lies on a pool's disks."""

import json
from typing import Any

import pytest

from components.asleep import asleep
from components.weights_cache import WeightsCacheArgs, cached, node_group
from config.pools import ModelCache

from .arguments import model_args


def test_a_caller_is_told_when_to_come_back_in_openais_words() -> None:
    override = asleep("m", 900)
    assert override["match"] == {"statusCodes": [{"type": "Value", "value": 503}]}
    response: dict[str, Any] = override["response"]
    assert response["header"] == {"set": [{"name": "Retry-After", "value": "900"}]}
    error = json.loads(response["body"]["inline"])["error"]
    assert error["code"] == "model_asleep"
    assert "900 seconds" in error["message"]


@pytest.mark.parametrize(
    ("parameters", "dtype", "room"), [("8", "bfloat16", "17Gi"), ("0.3", "float16", "1Gi"), ("70", "int4", "36Gi")]
)
def test_weights_have_a_tenth_more_room_than_they_need(parameters: str, dtype: str, room: str) -> None:
    size = {"parameters": float(parameters), "dtype": dtype}
    model = model_args("kserve", "reranker", size=size).model
    assert cached("reranker", model, "large")["modelSize"] == room


def test_a_cache_is_opened_as_the_model_itself() -> None:
    closed, open_ = model_args("kserve", "text").model, model_args("kserve", "reranker").model
    assert cached("text", closed, "large")["serviceAccountName"] == "text-storage"
    assert "serviceAccountName" not in cached("reranker", open_, "large")


def test_disks_lie_on_the_nodes_of_their_pool() -> None:
    cache = ModelCache.model_validate({"path": "/var/lib/models", "storage": "500Gi"})
    written = node_group(WeightsCacheArgs(pool="large", cache=cache, node_labels={"b": "2", "a": "1"}, models={}))
    (term,) = written["persistentVolumeSpec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [
        {"key": "a", "operator": "In", "values": ["1"]},
        {"key": "b", "operator": "In", "values": ["2"]},
    ]
    assert written["storageLimit"] == "500Gi"
    assert written["persistentVolumeSpec"]["capacity"] == {"storage": "500Gi"}
    assert written["persistentVolumeClaimSpec"]["resources"] == {"requests": {"storage": "500Gi"}}
