# SPDX-License-Identifier: MPL-2.0
"""What a caller is told whose model sleeps and holds no request: 503 with Retry-After, and an error of OpenAI's form.

A BackendTrafficPolicy (gateway.envoyproxy.io/v1alpha1, Envoy Gateway 1.8) on the HTTPRoute that the AI Gateway makes of
the model's route, under the same name.
"""

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from .metadata import MODEL, metadata


@dataclass(frozen=True, kw_only=True)
class AsleepArgs:
    """A model that may have no replica."""

    model: str
    """Its public name, and that of its route."""

    namespace: str
    """Namespace of the route."""

    load_seconds: int
    """Seconds until a replica answers."""


class Asleep(pulumi.ComponentResource):
    """A BackendTrafficPolicy of a model's route."""

    def __init__(self, name: str, args: AsleepArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:Asleep", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="gateway.envoyproxy.io/v1alpha1",
            kind="BackendTrafficPolicy",
            metadata=metadata(args.model, args.namespace, labels={MODEL: args.model}),
            spec=spec(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def spec(args: AsleepArgs) -> dict[str, Any]:
    """The answer in place of Envoy's own."""
    told = {
        "message": f"{args.model} is asleep and loads now; try again in {args.load_seconds} seconds",
        "type": "server_error",
        "code": "model_asleep",
    }
    return {
        # Without it this policy would take the place of the Gateway's, and the route would know no limits.
        "mergeType": "StrategicMerge",
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": args.model}],
        "responseOverride": [
            {
                "match": {"statusCodes": [{"type": "Value", "value": 503}]},
                "response": {
                    "statusCode": 503,
                    "contentType": "application/json",
                    "body": {"type": "Inline", "inline": json.dumps({"error": told})},
                    "header": {"set": [{"name": "Retry-After", "value": str(args.load_seconds)}]},
                },
            }
        ],
    }
