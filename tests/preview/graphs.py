# SPDX-License-Identifier: MPL-2.0
"""Graphs of a few resources, as a revision's process tells them."""

from typing import Any

from andel.preview.masking import MARK, SECRET_MARK

STACK = "urn:pulumi:dev::andel"
GPU = "pulumi:providers:kubernetes::gpu"
TYPES = {
    "v1": "kubernetes:core/v1",
    "apps/v1": "kubernetes:apps/v1",
    "rbac.authorization.k8s.io/v1": "kubernetes:rbac.authorization.k8s.io/v1",
}


def resource(place: str, inputs: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """A resource by its type and name, `type::name`."""
    whole = {
        "urn": f"{STACK}::{place}",
        "type": place.partition("::")[0].rpartition("$")[2],
        "name": place.partition("::")[2],
        "custom": True,
        "parent": "",
        "provider": f"{STACK}::{GPU}::id",
        "dependencies": [],
        "inputs": inputs,
        "aliases": [],
        "ignored": [],
        "replaced_by": [],
        "protected": False,
        "kept": False,
        "remote": False,
    }
    return whole | settings


def kubernetes(
    version: str, kind: str, name: str, body: dict[str, Any] | None = None, **settings: Any
) -> dict[str, Any]:
    """A Kubernetes object in the namespace `home`."""
    metadata = {"name": name, "namespace": "home", **settings.pop("metadata", {})}
    place = settings.pop("place", f"{TYPES.get(version, f'kubernetes:{version}')}:{kind}::{name}")
    return resource(place, {"apiVersion": version, "kind": kind, "metadata": metadata, **(body or {})}, **settings)


def provider(**inputs: Any) -> dict[str, Any]:
    """The provider of all of them."""
    return resource(GPU, {"clusterIdentifier": "one", "context": "one", **inputs}, provider="")


def graph(*resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Resources by their place."""
    return {one["urn"].split("::", 2)[2]: one for one in (provider(), *resources)}


def secret(value: Any) -> dict[str, Any]:
    """A value that the program marks as a secret."""
    return {MARK: SECRET_MARK, "value": value}
