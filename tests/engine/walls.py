# SPDX-License-Identifier: MPL-2.0
"""Members' walls alone, as the platform's graph has them: written by server-side apply, without the rest.

What stands is what `pulumi up` of the platform would stand up for members; who needs the platform itself deploys it.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from andel.lab.api import ApiServer
from andel.preview.plan import planned
from config.environment import Environment
from config.names import MEMBER

FIRST = ("Namespace", "ValidatingAdmissionPolicy")
"""Kinds that others stand in or on."""


def raise_walls(api: ApiServer, environment: Environment) -> list[str]:
    """Write the walls of all members.

    Returns:
        Addresses of what was written, those that others stand in first.
    """
    plurals = resources(api)
    manifests = sorted(walls(environment), key=lambda one: one["kind"] not in FIRST)
    addresses = [address(plurals, one) for one in manifests]
    split = sum(one["kind"] in FIRST for one in manifests)
    with ThreadPoolExecutor(8) as pool:
        for part in (slice(None, split), slice(split, None)):
            list(pool.map(api.apply, addresses[part], manifests[part]))
    return addresses


def walls(environment: Environment) -> Iterator[dict[str, Any]]:
    """Manifests of all members' walls."""
    for one in planned(environment):
        _, namespace, name = one.object or ("", "", "")
        if (namespace or name).startswith(MEMBER) or (one.object and "MemberAdmission" in one.urn):
            yield whole(one.inputs)


def resources(api: ApiServer) -> dict[tuple[str, str], str]:
    """Path of each kind: `/apis/apps/v1` and `deployments` by version and kind, `{}` in place of the namespace."""
    groups = (api.get("/apis") or {})["groups"]
    versions = ["v1", *(one["groupVersion"] for group in groups for one in group["versions"])]
    found = {}
    for version in versions:
        root = "/api/v1" if version == "v1" else f"/apis/{version}"
        for one in (api.get(root) or {}).get("resources", []):
            if "/" not in one["name"]:
                inside = "/namespaces/{}" if one["namespaced"] else ""
                found[version, one["kind"]] = f"{root}{inside}/{one['name']}"
    return found


def address(plurals: dict[tuple[str, str], str], manifest: dict[str, Any]) -> str:
    """The path of an object."""
    path = plurals[manifest["apiVersion"], manifest["kind"]].format(manifest["metadata"].get("namespace"))
    return f"{path}/{manifest['metadata']['name']}"


def whole(value: Any) -> Any:
    """Whole numbers as such: a graph has them as floats."""
    match value:
        case dict():
            return {key: whole(item) for key, item in value.items()}
        case list():
            return [whole(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def lower_walls(api: ApiServer, addresses: list[str], seconds: float = 120) -> None:
    """Take walls away again, with what is inside; wait until namespaces are gone.

    Raises:
        AssertionError: they stay.
    """
    first = [one for one in addresses if one.split("/")[-2] in ("namespaces", "validatingadmissionpolicies")]
    alone = [one for one in addresses if "/namespaces/" not in one]
    for one in {*first, *alone}:
        api.delete(one)
    deadline = time.monotonic() + seconds
    while any(api.get(one) for one in first):
        assert time.monotonic() < deadline, "the walls stay"
        time.sleep(0.2)
