# SPDX-License-Identifier: MPL-2.0
"""What is lost with a resource that is deleted or replaced, and what a change asks people to do."""

from typing import Any

from config.names import APPLICATION_KEY, MEMBER, MUNICIPALITY

GONE = {
    "PersistentVolume": "a disk: whether its data stays is its storage's reclaim policy",
    "PersistentVolumeClaim": "a disk: its files are deleted with it, unless its storage class keeps them",
    "CustomResourceDefinition": "every object of this kind is deleted with it, in all namespaces",
    "RandomPassword": "the value is lost: whoever uses it is refused",
}
"""Kinds that hold data, and what is lost with them."""


def loss(action: str, resource: dict[str, Any]) -> str:
    """What is lost by an action on a resource, in words; empty where nothing is.

    Args:
        action: as `Change` names it.
        resource: as it is, or will be.
    """
    inputs = resource["inputs"]
    kind = str(inputs.get("kind") or resource["type"].rpartition(":")[2])
    if kind == "KeycloakRealmImport":
        return _of_realm(action)
    if action not in ("delete", "replace") or resource["type"].endswith("Patch"):
        return ""
    match kind:
        case "Namespace":
            return _of_namespace(inputs)
        case "Secret":
            return _of_secret(inputs)
        case "StatefulSet":
            return _of_disks(inputs)
        case _:
            return GONE.get(kind, "")


def _of_namespace(inputs: dict[str, Any]) -> str:
    labels = inputs.get("metadata", {}).get("labels", {})
    name = str(inputs.get("metadata", {}).get("name", ""))
    if MUNICIPALITY in labels or name.startswith(MEMBER):
        return "all that a municipality has here goes with it: chats, files, keys"
    return "all that stands in it goes with it, disks and Secrets too"


def _of_secret(inputs: dict[str, Any]) -> str:
    application = inputs.get("metadata", {}).get("labels", {}).get(APPLICATION_KEY)
    if application:
        return f"a key of application {application}: unless another Secret holds it, it is refused from then on"
    return "its values are lost"


def _of_disks(inputs: dict[str, Any]) -> str:
    spec = inputs.get("spec", {})
    if not spec.get("volumeClaimTemplates"):
        return ""
    ended = spec.get("persistentVolumeClaimRetentionPolicy", {}).get("whenDeleted")
    return "its disks are deleted with it" if ended == "Delete" else ""


def _of_realm(action: str) -> str:
    """Keycloak's operator only creates realms (docs/municipalities.md)."""
    match action:
        case "update" | "replace":
            return "by hand: the import only creates, so change the realm in Keycloak too"
        case "delete":
            return "by hand: the realm and its people stay in Keycloak until they are deleted there"
        case _:
            return ""
