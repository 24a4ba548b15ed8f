# SPDX-License-Identifier: MPL-2.0
"""Who talks to an API server in tests, and what they send: requests that change nothing, and small manifests."""

import json
from dataclasses import dataclass
from typing import Any

import urllib3

from .laboratory import Laboratory


@dataclass(frozen=True)
class Caller:
    """Somebody who talks to the API server."""

    laboratory: Laboratory
    token: str | None = None
    """Of an account; None is an administrator."""

    def status(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """What the server answers to a request that changes nothing."""
        plane = self.laboratory.plane
        own = {"Content-Type": CONTENT[method], **(headers or {})}
        files: dict[str, Any] = {}
        if self.token is not None:
            own["Authorization"] = f"Bearer {self.token}"
        else:
            pair = plane.client("lab")
            files = {"cert_file": str(pair.certificate), "key_file": str(pair.key)}
        pool = urllib3.PoolManager(ca_certs=str(plane.certificates / "ca.crt"), retries=False, **files)
        dry = "" if method == "GET" else ("&" if "?" in path else "?") + "dryRun=All"
        sent = DRY if method == "DELETE" else body or {}
        answer = pool.request(method, f"{plane.server}{path}{dry}", body=json.dumps(sent), headers=own)
        return answer.status, answer.data.decode()


DRY = {"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"]}
"""What a DELETE has to say: with a body, the API server doesn't look at the query."""

CONTENT = {
    "GET": "application/json",
    "POST": "application/json",
    "DELETE": "application/json",
    "PATCH": "application/merge-patch+json",
}


def thing(kind: str, version: str = "v1", name: str = "escape", **more: Any) -> dict[str, Any]:
    """A manifest."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **more.pop("metadata", {})}, **more}


def in_namespace(namespace: str, plural: str, api: str = "/api/v1") -> str:
    """The address of a kind in a namespace."""
    return f"{api}/namespaces/{namespace}/{plural}"
