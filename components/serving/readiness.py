# SPDX-License-Identifier: MPL-2.0
"""When a model counts as standing: what depends on it, its route above all, waits for that."""

import json

import pulumi

from .model import ModelArgs

MARGIN = 300
"""Seconds that a pod may wait for a place before it begins to load."""


def readiness(args: ModelArgs, *conditions: str) -> dict[str, str]:
    """The annotation that holds a resource until conditions are met (source: pulumi-kubernetes, `waitFor`).

    A stopped model gets never ready, and one that may sleep needs not be.
    """
    if not args.wait or args.model.stopped or not args.model.scaling.least:
        return {}
    return {"pulumi.com/waitFor": json.dumps(conditions, separators=(",", ":"))}


def patience(args: ModelArgs) -> pulumi.CustomTimeouts:
    """How long that may take."""
    seconds = f"{args.model.load_seconds + MARGIN}s"
    return pulumi.CustomTimeouts(create=seconds, update=seconds)
