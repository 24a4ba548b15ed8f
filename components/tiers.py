# SPDX-License-Identifier: MPL-2.0
"""The tiers as the cluster reads them: one ConfigMap, a key a tier, the tier's section as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from config.tiers import Tier

from .metadata import metadata


@dataclass(frozen=True, kw_only=True)
class TiersArgs:
    """The plans."""

    namespace: str
    """Namespace of the platform's settings."""

    tiers: Mapping[str, Tier]
    """The environment's tiers."""


class Tiers(pulumi.ComponentResource):
    """ConfigMap `tiers`."""

    def __init__(self, name: str, args: TiersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gateway:Tiers", name, None, opts)
        kubernetes.core.v1.ConfigMap(
            name,
            metadata=metadata("tiers", args.namespace),
            data={tier: plan.model_dump_json(by_alias=True) for tier, plan in args.tiers.items()},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
