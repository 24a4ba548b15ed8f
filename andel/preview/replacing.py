# SPDX-License-Identifier: MPL-2.0
"""Properties that can't be changed in place: what the providers replace a resource for.

Source: pulumi-kubernetes v4.25.0, provider/pkg/provider/diff.go (`forceNew`, `metadataForceNewProperties`) and
provider.go (`DiffConfig`); pulumi-random, where every input is one. A custom resource's are not known to the provider:
its API server refuses the update, and `up` says so.
"""

from typing import Any

VOLUME_SOURCES = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs "
    "hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
)
OF_CONTAINERS = (
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext "
    "stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir"
)
OF_PODS = (
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork "
    "hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName "
    "readinessGates restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName "
    "shareProcessNamespace subdomain terminationGracePeriodSeconds volumes"
)

SELECTOR = ("spec.selector",)
ROLE = ("roleRef",)
VOLUMES = tuple(f"spec.{source}" for source in VOLUME_SOURCES.split())
CONTAINERS = tuple(
    f"spec.{containers}[*].{field}"
    for containers in ("containers", "initContainers")
    for field in OF_CONTAINERS.split()
)
POD = tuple(f"spec.{field}" for field in OF_PODS.split())

FORCE_NEW: dict[tuple[str, str], tuple[str, ...]] = {
    ("apps/v1", "DaemonSet"): SELECTOR,
    ("apps/v1", "Deployment"): SELECTOR,
    ("apps/v1", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
        *SELECTOR,
    ),
    ("v1", "PersistentVolume"): VOLUMES,
    ("v1", "PersistentVolumeClaim"): (
        "spec.accessModes",
        "spec.storageClassName",
        "spec.volumeName",
        *SELECTOR,
    ),
    ("v1", "Pod"): (*POD, *CONTAINERS),
    ("v1", "ResourceQuota"): ("spec.scopes",),
    ("v1", "Service"): ("spec.clusterIP",),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): ROLE,
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): ROLE,
    ("storage.k8s.io/v1", "StorageClass"): ("parameters", "provisioner"),
    ("batch/v1", "Job"): ("spec.completions", "spec.parallelism", "spec.template", *SELECTOR),
}
"""By API version and kind; the versions that Kubernetes still serves. A property holds for all that is below it."""

IDENTITY = ("metadata.name", "metadata.namespace")
"""Of every object."""

VALUES = {"Secret": ("type", "stringData", "data"), "ConfigMap": ("binaryData", "data")}
"""Of kinds whose values are replaced with them, unless their provider is told that they may be changed."""

MUTABLE = {"Secret": "enableSecretMutable", "ConfigMap": "enableConfigMapMutable"}
"""The provider's settings by which they may."""


def force_new(resource: dict[str, Any], provider: dict[str, Any]) -> tuple[str, ...]:
    """Properties of a Kubernetes object whose changes replace it.

    Args:
        resource: as it will be.
        provider: inputs of its provider.
    """
    inputs = resource["inputs"]
    version, kind = str(inputs.get("apiVersion", "")), str(inputs.get("kind", ""))
    if resource["type"].endswith("Patch"):
        return IDENTITY
    if version == "v1" and kind in VALUES:
        mutable = str(provider.get(MUTABLE[kind], "false")).lower() == "true" and inputs.get("immutable") is not True
        of_kind = ("type",) if kind == "Secret" else ()
        return (*IDENTITY, *(of_kind if mutable else VALUES[kind]))
    return (*IDENTITY, *FORCE_NEW.get((version, kind), ()))


CLUSTER = "clusterIdentifier"
"""Setting of a Kubernetes provider that says which cluster it is; another one is another cluster."""


def another_cluster(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether a Kubernetes provider's inputs name another cluster, so that all that it made is replaced."""
    old, new = before.get(CLUSTER), after.get(CLUSTER)
    if old is not None and new is not None:
        return bool(old != new)
    if old is None and new is None:
        return any(before.get(key) != after.get(key) for key in ("kubeconfig", "context", "cluster"))
    return False  # taking one up or giving one up replaces nothing
