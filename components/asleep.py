# SPDX-License-Identifier: MPL-2.0
"""What a caller is told whose model sleeps and holds no request: 503 with Retry-After, and an error of OpenAI's form.

A `responseOverride` of the model's route policy at the inner gateway (BackendTrafficPolicy, Envoy Gateway v1.8).
"""

import json
from typing import Any


def asleep(model: str, load_seconds: int) -> dict[str, Any]:
    """The answer in place of Envoy's own 503.

    Args:
        model: its public name.
        load_seconds: seconds until a replica answers.
    """
    told = {
        "message": f"{model} is asleep and loads now; try again in {load_seconds} seconds",
        "type": "server_error",
        "code": "model_asleep",
    }
    return {
        "match": {"statusCodes": [{"type": "Value", "value": 503}]},
        "response": {
            "statusCode": 503,
            "contentType": "application/json",
            "body": {"type": "Inline", "inline": json.dumps({"error": told})},
            "header": {"set": [{"name": "Retry-After", "value": str(load_seconds)}]},
        },
    }
