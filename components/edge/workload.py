# SPDX-License-Identifier: MPL-2.0
"""Parts that all pods of the edge share: *restricted*, two of them apart, and no token where none is needed."""

from typing import Any

from ..metadata import COMMON_LABELS
from ..pod_security import CONTAINER_SECURITY, POD_SECURITY

USER = 65532
"""User of pods whose images name root or a user by its name; *restricted* wants a number."""


def labels(role: str) -> dict[str, str]:
    """Labels by which Services and policies find the pods of a role."""
    return {"app.kubernetes.io/name": role}


def pod(
    role: str, containers: list[dict[str, Any]], volumes: list[dict[str, Any]], user: int = USER, **more: Any
) -> dict[str, Any]:
    """A pod template. A pod that calls no API server gets no token."""
    apart = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels(role)},
    }
    return {
        "metadata": {"labels": {**COMMON_LABELS, **labels(role)}},
        "spec": {
            "automountServiceAccountToken": False,
            "securityContext": {**POD_SECURITY, "runAsUser": user, "runAsGroup": user, "fsGroup": user},
            "topologySpreadConstraints": [apart],
            "containers": containers,
            "volumes": volumes,
            **more,
        },
    }


def container(name: str, image: str, memory: str, cpu: str, **more: Any) -> dict[str, Any]:
    """A container: what it may use, and nothing it may write to but its volumes."""
    return {
        "name": name,
        "image": image,
        "resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}},
        "securityContext": {**CONTAINER_SECURITY, "readOnlyRootFilesystem": True},
        **more,
    }


def deployment(role: str, replicas: int, template: dict[str, Any]) -> dict[str, Any]:
    """A Deployment that never has fewer pods than it should while it changes."""
    return {
        "replicas": replicas,
        "selector": {"matchLabels": labels(role)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": template,
    }


def service(role: str, ports: dict[str, int]) -> dict[str, Any]:
    """A Service in front of a role's pods."""
    return {
        "selector": labels(role),
        "ports": [{"name": name, "port": port, "targetPort": port} for name, port in ports.items()],
    }


def secret(name: str, source: str) -> dict[str, Any]:
    """A volume of a Secret."""
    return {"name": name, "secret": {"secretName": source}}


def mount(name: str, path: str) -> dict[str, Any]:
    """A volume to read from."""
    return {"name": name, "mountPath": path, "readOnly": True}
