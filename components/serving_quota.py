# SPDX-License-Identifier: MPL-2.0
"""The ceiling of the serving namespace: no more GPU shares than the pools have."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from config.pools import Pool

from .metadata import metadata


@dataclass(frozen=True, kw_only=True)
class ServingQuotaArgs:
    """The pools that may be used up."""

    namespace: str
    """Namespace of the models."""

    pools: Mapping[str, Pool]
    """The environment's pools."""


class ServingQuota(pulumi.ComponentResource):
    """A ResourceQuota over the pools' extended resources."""

    def __init__(self, name: str, args: ServingQuotaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gpu:ServingQuota", name, None, opts)
        kubernetes.core.v1.ResourceQuota(
            name,
            metadata=metadata("gpu-shares", args.namespace),
            spec={"hard": hard_limits(args.pools)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def hard_limits(pools: Mapping[str, Pool]) -> dict[str, str]:
    """Shares of all pools by extended resource. Quotas know extended resources as `requests.` alone."""
    total: dict[str, int] = {}
    for pool in pools.values():
        total[pool.resource] = total.get(pool.resource, 0) + pool.shares
    return {f"requests.{resource}": str(shares) for resource, shares in sorted(total.items())}
