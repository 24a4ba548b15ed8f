# SPDX-License-Identifier: MPL-2.0
"""Weights kept on the nodes' own disks: LocalModelNodeGroup, LocalModelCache (serving.kserve.io/v1alpha1, v0.20).

KServe's agent on each node fetches a model once; pods then start from the disk.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.models import Model
from config.pools import ModelCache

from .metadata import POOL, metadata
from .serving.model import storage_account_name


@dataclass(frozen=True, kw_only=True)
class WeightsCacheArgs:
    """A pool's disks, and the models that lie on them."""

    pool: str
    """Name of the pool."""

    cache: ModelCache
    """Its section."""

    node_labels: Mapping[str, str]
    """Labels of the pool's nodes."""

    models: Mapping[str, Model]
    """Models that are cached there, by public name."""


class WeightsCache(pulumi.ComponentResource):
    """The disks of a pool, and what is kept on them."""

    def __init__(self, name: str, args: WeightsCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gpu:WeightsCache", name, None, opts)
        group = kubernetes.apiextensions.CustomResource(
            name,
            api_version="serving.kserve.io/v1alpha1",
            kind="LocalModelNodeGroup",
            metadata=metadata(args.pool, labels={POOL: args.pool}),
            spec=node_group(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for model, section in args.models.items():
            kubernetes.apiextensions.CustomResource(
                f"{name}-{model}",
                api_version="serving.kserve.io/v1alpha1",
                kind="LocalModelCache",
                metadata=metadata(model),
                spec=cached(model, section, args.pool),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[group]),
            )
        self.register_outputs({})


def node_group(args: WeightsCacheArgs) -> dict[str, Any]:
    """Nodes and their disks."""
    room = {"storage": args.cache.storage}
    chosen = [{"key": key, "operator": "In", "values": [value]} for key, value in sorted(args.node_labels.items())]
    shared = {"accessModes": ["ReadWriteOnce"], "storageClassName": "local-storage", "volumeMode": "Filesystem"}
    return {
        "storageLimit": args.cache.storage,
        "persistentVolumeSpec": {
            **shared,
            "capacity": room,
            "persistentVolumeReclaimPolicy": "Retain",
            "local": {"path": args.cache.path},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": chosen}]}},
        },
        "persistentVolumeClaimSpec": {**shared, "resources": {"requests": room}},
    }


def cached(name: str, model: Model, pool: str) -> dict[str, Any]:
    """A model, its room on the disk, and how it is fetched."""
    account = {"serviceAccountName": storage_account_name(name)} if model.credentials else {}
    room = (model.weights * Decimal("1.1")).to_integral_value(ROUND_CEILING)
    return {"sourceModelUri": model.source, "modelSize": f"{room}Gi", "nodeGroups": [pool], **account}
