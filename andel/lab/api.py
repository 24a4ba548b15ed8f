# SPDX-License-Identifier: MPL-2.0
"""The few calls that the lab makes to an API server, over one pooled connection with a client certificate."""

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3

from .errors import LabError

FIELD_MANAGER = "andel-lab"

BUSY = 429
"""Status of a server that says "storage is (re)initializing": a kind is new and not yet at hand."""

BUSY_TRIES = 50

PATIENCE = 120
"""Seconds that an answer may take: on a machine that compiles or tests as well, calls have waited for half a minute."""

FINGERPRINT = "andel.lab/fingerprint"
"""Annotation that says what the lab applied, so that an unchanged object costs no call."""


def marked(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with its own fingerprint."""
    metadata = manifest["metadata"]
    fingerprint = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:16]
    annotations = {**metadata.get("annotations", {}), FINGERPRINT: fingerprint}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def fingerprint(manifest: Mapping[str, Any]) -> str | None:
    """The fingerprint that an object carries."""
    found: str | None = manifest["metadata"].get("annotations", {}).get(FINGERPRINT)
    return found


class ApiServer:
    """An API server as one user sees it."""

    def __init__(self, server: str, authority: Path, certificate: Path, key: Path) -> None:
        self.server = server
        self._pool = urllib3.PoolManager(
            maxsize=8, ca_certs=str(authority), cert_file=str(certificate), key_file=str(key), retries=False
        )

    def ready(self) -> bool:
        """Whether it takes requests."""
        try:
            return self._pool.request("GET", f"{self.server}/readyz", timeout=5).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def get(self, path: str) -> dict[str, Any] | None:
        """The object or list at a path; None when there is none."""
        return self._call("GET", path, missing=True)

    def items(self, path: str) -> list[dict[str, Any]]:
        """The objects of a list; none when the server doesn't know the kind."""
        return list((self.get(path) or {}).get("items") or [])

    def metadata(self, path: str) -> list[dict[str, Any]]:
        """The objects of a list without their content, which may be large."""
        accept = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
        return list((self._call("GET", path, headers=accept, missing=True) or {}).get("items") or [])

    def apply(self, path: str, manifest: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        """Server-side apply, strictly: an unknown field is an error, not a warning.

        Raises:
            LabError: the server refuses it; its own message.
        """
        query = f"fieldManager={FIELD_MANAGER}&force=true&fieldValidation=Strict" + ("&dryRun=All" if dry_run else "")
        applied = self._call(
            "PATCH", f"{path}?{query}", json.dumps(manifest), {"Content-Type": "application/apply-patch+yaml"}
        )
        return applied or {}

    def delete(self, path: str) -> None:
        """Delete the object at a path, if it is there."""
        self._call("DELETE", path, missing=True)

    def _call(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        missing: bool = False,
    ) -> dict[str, Any] | None:
        answer = self._answer(method, path, body, headers)
        for _ in range(BUSY_TRIES):
            if answer.status != BUSY:
                break
            time.sleep(0.2)
            answer = self._answer(method, path, body, headers)
        if answer.status == 404 and missing:
            return None
        content: dict[str, Any] = json.loads(answer.data or b"{}")
        if answer.status >= 300:
            raise LabError(f"{method} {path}: {content.get('message', answer.status)}")
        return content

    def _answer(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str] | None
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(method, f"{self.server}{path}", body=body, headers=headers, timeout=PATIENCE)
        except urllib3.exceptions.HTTPError as error:
            raise LabError(f"{self.server} does not answer ({type(error).__name__}); run `andel lab up`") from error
