# SPDX-License-Identifier: MPL-2.0
"""What a caller is told whose model has no replica, or whose picker is away: 503 with Retry-After, in OpenAI's form.

Each is a `responseOverride` of the model's route policy at the inner gateway (BackendTrafficPolicy, Envoy Gateway v1.8;
`source` is there from 1.8.2).
"""

import json
from typing import Any

PICKER_SECONDS = 5
"""When to come back while no picker answers: another one is ready some seconds after it starts."""


def asleep(model: str, load_seconds: int) -> dict[str, Any]:
    """The answer in place of Envoy's own 503.

    Args:
        model: its public name.
        load_seconds: seconds until a replica answers.
    """
    message = f"{model} is asleep and loads now; try again in {load_seconds} seconds"
    return {"match": _status(503), "response": _unavailable(message, "model_asleep", load_seconds)}


def unpicked(model: str) -> dict[str, Any]:
    """The answer in place of Envoy's own 500, which it gives while no picker answers; a model's own 500 stays.

    With a 503 the request may overflow, and clients' libraries come back.
    """
    message = f"nobody can choose a replica of {model} now; try again in {PICKER_SECONDS} seconds"
    return {
        "match": _status(500),
        "source": "Local",
        "response": _unavailable(message, "model_unavailable", PICKER_SECONDS),
    }


def _status(code: int) -> dict[str, Any]:
    return {"statusCodes": [{"type": "Value", "value": code}]}


def _unavailable(message: str, code: str, seconds: int) -> dict[str, Any]:
    told = {"message": message, "type": "server_error", "code": code}
    return {
        "statusCode": 503,
        "contentType": "application/json",
        "body": {"type": "Inline", "inline": json.dumps({"error": told})},
        "header": {"set": [{"name": "Retry-After", "value": str(seconds)}]},
    }
