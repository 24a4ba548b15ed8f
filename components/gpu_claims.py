# SPDX-License-Identifier: MPL-2.0
"""GPUs by claim (`resource.k8s.io/v1`): a DeviceClass of each pool whose GPUs a driver hands out, and claim templates.

Attributes are those of NVIDIA's DRA driver for GPUs 0.5.0. A class also serves pods that ask for a number, as models do
(`extendedResourceName`, Kubernetes 1.36: on by default), so nothing of a model changes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.pools import Claims, Mig, Pool

from .metadata import POOL, metadata

VERSION = "resource.k8s.io/v1"


@dataclass(frozen=True, kw_only=True)
class GpuClaimsArgs:
    """The pools."""

    pools: Mapping[str, Pool]
    """All of them, by name."""


class GpuClaims(pulumi.ComponentResource):
    """DeviceClasses and ResourceClaimTemplates."""

    def __init__(self, name: str, args: GpuClaimsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:gpu:GpuClaims", name, None, opts)
        for pool, section in args.pools.items():
            if isinstance(section.handout, Claims):
                self._hand_out(name, pool, section, section.handout)
        self.register_outputs({})

    def _hand_out(self, name: str, pool: str, section: Pool, handout: Claims) -> None:
        self._make(f"{name}-{pool}", "DeviceClass", class_of(pool), None, device_class(section, handout))
        for namespace in handout.namespaces:
            for size in handout.sizes:
                about = f"{name}-{pool}-{size}-in-{namespace}"
                self._make(about, "ResourceClaimTemplate", f"{pool}-{size}", namespace, template(pool, size))

    def _make(self, name: str, kind: str, called: str, namespace: str | None, spec: dict[str, Any]) -> None:
        kubernetes.apiextensions.CustomResource(
            name,
            api_version=VERSION,
            kind=kind,
            metadata=metadata(called, namespace) if namespace else metadata(called),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self),
        )


def class_of(pool: str) -> str:
    """Name of a pool's class."""
    return f"andel-{pool}"


def device_class(section: Pool, handout: Claims) -> dict[str, Any]:
    """Devices of the pool's product, and the number's name by which pods may ask for them instead."""
    return {
        "selectors": [{"cel": {"expression": expression(section, handout.driver)}}],
        "extendedResourceName": section.resource,
    }


def expression(section: Pool, driver: str) -> str:
    """CEL: whether a device is the pool's. Feature discovery writes hyphens where the product has spaces."""
    of = f"device.attributes['{driver}']"
    product = "[- ]".join(map(re.escape, section.gpu.product.split("-")))
    if isinstance(section.sharing, Mig):
        kind = f"{of}.type == 'mig' && {of}.profile == '{section.sharing.profile}'"
    else:
        kind = f"{of}.type == 'gpu'"
    return f"device.driver == '{driver}' && {kind} && {of}.productName.matches('^{product}$')"


def template(pool: str, size: int) -> dict[str, Any]:
    """A claim of some shares of one node."""
    asked = {"deviceClassName": class_of(pool), "allocationMode": "ExactCount", "count": size}
    return {
        "metadata": {"labels": {POOL: pool}},
        "spec": {"devices": {"requests": [{"name": "gpus", "exactly": asked}]}},
    }
