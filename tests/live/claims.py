# SPDX-License-Identifier: MPL-2.0
"""Disks that operations bring, as claims that are bound: on the lab nobody makes any."""

from collections.abc import Iterable
from typing import Any

from andel.lab.api import ApiServer
from config.names import SERVING


def bring_claims(api: ApiServer, names: Iterable[str]) -> None:
    """Make each claim of the models' namespace, with the volume that it is bound to."""
    for name in names:
        shared: dict[str, Any] = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
        claim: dict[str, Any] = {**shared, "volumeName": name, "resources": {"requests": {"storage": "1Gi"}}}
        volume: dict[str, Any] = {**shared, "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/tmp/none"}}
        for kind, path, body in (
            ("PersistentVolume", f"/api/v1/persistentvolumes/{name}", volume),
            ("PersistentVolumeClaim", f"/api/v1/namespaces/{SERVING}/persistentvolumeclaims/{name}", claim),
        ):
            api.apply(path, {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "spec": body})
