# SPDX-License-Identifier: MPL-2.0
"""Ranks of requests: an InferenceObjective for each tier that may use a model, and one for what is beyond a month.

The edge names the objective from the caller's identity alone. An objective belongs to one pool, so its name has both.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from andel.release.pins import EppDialect

from ..metadata import MODEL, metadata
from .epp import BEYOND_MONTH

BEYOND = "beyond-month"
"""Objective of requests beyond a soft month."""


@dataclass(frozen=True, kw_only=True)
class ObjectivesArgs:
    """A model's pool and the tiers that may use it."""

    model: str
    """Public name of the model."""

    namespace: str
    """Namespace of the pool."""

    pool: str
    """Name of the InferencePool."""

    bands: Mapping[str, int]
    """Priority of each tier."""

    dialect: EppDialect
    """The release's picker: it decides the API group."""


class Objectives(pulumi.ComponentResource):
    """InferenceObjectives of a pool."""

    def __init__(self, name: str, args: ObjectivesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:Objectives", name, None, opts)
        for tier, priority in {**args.bands, BEYOND: BEYOND_MONTH}.items():
            kubernetes.apiextensions.CustomResource(
                f"{name}-{tier}",
                api_version=args.dialect.objective_api_version,
                kind="InferenceObjective",
                metadata=metadata(objective(args.model, tier), args.namespace, labels={MODEL: args.model}),
                spec={"priority": priority, "poolRef": {"name": args.pool}},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def objective(model: str, tier: str) -> str:
    """Name of a tier's objective of a model."""
    return f"{model}-{tier}"
