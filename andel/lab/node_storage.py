# SPDX-License-Identifier: MPL-2.0
"""Disks of a lab's real node: folders, made beforehand, which Kubernetes gives to claims (volumes of kind `local`)."""

from pathlib import Path

from .api import ApiServer
from .node_addresses import NODE

COUNT = 4
"""Disks. One that was given away is not given again while the lab lives."""

CLASS = "andel-lab"
"""The StorageClass, which is the cluster's default."""

SIZE = "10Gi"
"""What a disk says of itself; nothing holds a pod to it."""


def provide(api: ApiServer, folder: Path) -> None:
    """Make the disks known to the cluster.

    Args:
        api: its API server.
        folder: of the node.
    """
    meta = {"name": CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    api.apply(
        f"/apis/storage.k8s.io/v1/storageclasses/{CLASS}",
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": meta,
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
        },
    )
    for number in range(1, COUNT + 1):
        name = f"disk-{number}"
        place = folder / "disks" / name
        place.mkdir(parents=True, exist_ok=True)
        host = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]}
        spec = {
            "capacity": {"storage": SIZE},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": CLASS,
            "persistentVolumeReclaimPolicy": "Retain",
            "local": {"path": str(place)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [host]}]}},
        }
        identity = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}}
        api.apply(f"/api/v1/persistentvolumes/{name}", {**identity, "spec": spec})
