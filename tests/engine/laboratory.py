# SPDX-License-Identifier: MPL-2.0
"""A lab for tests: the real one, in a folder of the test run."""

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from andel.lab import engine, lifecycle
from andel.lab.api import ApiServer
from andel.lab.control_plane import ControlPlane
from andel.lab.folders import LabFolder
from config.environment import Environment
from config.judge import judge
from config.stackfile import read

QUIET = ("--non-interactive", "--suppress-outputs", "--color=never")
APPLY = ("--yes", "--skip-preview", *QUIET)


@dataclass(frozen=True)
class Laboratory:
    """A running lab with a stack."""

    lab: LabFolder
    stack: str

    @property
    def environment(self) -> Environment:
        """The environment of the stack."""
        return judge(read(self.lab.settings(self.stack)).environment)

    @property
    def planes(self) -> dict[str, ControlPlane]:
        """Control planes by context."""
        return lifecycle.control_planes(self.lab, self.environment)

    @property
    def plane(self) -> ControlPlane:
        """The control plane of the GPU cluster."""
        return self.planes[self.environment.clusters.gpu.context]

    @property
    def api(self) -> ApiServer:
        """The API server of the GPU cluster."""
        return self.plane.api()

    def up(self) -> None:
        """Start the lab and select the stack."""
        lifecycle.up(self.lab, self.stack, self.environment)
        engine.select(self.lab, self.stack)

    def pulumi(self, *words: str, more: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run the engine on the stack."""
        return engine.pulumi(self.lab, words[0], "-s", self.stack, *words[1:], capture=True, more=more)

    def elsewhere(
        self, project: Path, *words: str, more: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the engine on a project of one's own, with the lab's cluster and back end."""
        command = [shutil.which("pulumi", path=engine.environment(self.lab)["PATH"]) or "pulumi", "-C", str(project)]
        run = {**engine.environment(self.lab), **(more or {})}
        return subprocess.run([*command, *words], env=run, text=True, capture_output=True)

    def deploy(self, *words: str) -> None:
        """Run `pulumi up`, which has to end well."""
        run = self.pulumi("up", *APPLY, *words)
        assert run.returncode == 0, run.stdout + run.stderr

    def destroy(self) -> None:
        """Run `pulumi destroy`, which has to end well."""
        run = self.pulumi("destroy", *APPLY)
        assert run.returncode == 0, run.stdout + run.stderr

    def writes(self, user: str = "andel-operator") -> list[dict[str, Any]]:
        """Every write of a user, the engine's own by default, that was no dry run, by the API server's audit log."""
        log = self.plane.audit_log
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        return [
            event for event in events if event["user"]["username"] == user and "dryRun=All" not in event["requestURI"]
        ]


def written(event: dict[str, Any]) -> tuple[str, str, str]:
    """What was written: its namespace, or its own name if it is one; its kind, and its name."""
    at = event["objectRef"]
    return at.get("namespace", ""), at["resource"], at.get("name", "")


def settled(api: ApiServer) -> dict[str, str]:
    """What stands when controllers have come to rest: the same twice, a second apart."""
    before = contents(api)
    for _ in range(60):
        time.sleep(1)
        after = contents(api)
        if after == before:
            return after
        before = after
    raise AssertionError("the cluster doesn't come to rest")


def contents(api: ApiServer) -> dict[str, str]:
    """Every object of a cluster by its address, byte for byte: but for its status, and for what the server counts."""
    found = {}
    for version, resource in _listable(api):
        if resource == "ipaddresses":  # the API server's own, one for each Service
            continue
        for item in api.items(f"{version}/{resource}"):
            metadata = item["metadata"]
            kept = {key: value for key, value in metadata.items() if key not in ("resourceVersion", "managedFields")}
            address = f"{version}/{metadata.get('namespace', '')}/{resource}/{metadata['name']}"
            plain = {key: value for key, value in item.items() if key != "status"} | {"metadata": kept}
            found[address] = json.dumps(plain, sort_keys=True)
    return found


def objects(api: ApiServer, *, owned: bool = True) -> set[str]:
    """Every object of a cluster by its address, but those that come and go by themselves.

    Args:
        api: the cluster's API server.
        owned: whether those count too that controllers make for another object, under names that differ each time.
    """
    found = set()
    for version, resource in _listable(api):
        if not owned and resource == "ipaddresses":
            continue
        for item in api.metadata(f"{version}/{resource}"):
            metadata = item["metadata"]
            if not owned and metadata.get("ownerReferences"):
                continue
            found.add(f"{version}/{metadata.get('namespace', '')}/{resource}/{metadata['name']}")
    return found


_PASSING = {"events", "leases", "componentstatuses"}


def _listable(api: ApiServer) -> list[tuple[str, str]]:
    """Every resource that can be listed, once, by the address of one of its versions."""
    found: dict[tuple[str, str], str] = {}
    groups = (api.get("/apis") or {})["groups"]
    versions = ["/api/v1", *(f"/apis/{one['groupVersion']}" for group in groups for one in group["versions"])]
    for version in versions:
        for resource in (api.get(version) or {}).get("resources", []):
            name = resource["name"]
            if "list" in resource["verbs"] and "/" not in name and name not in _PASSING:
                found.setdefault((version.split("/")[2], name), version)
    return [(version, name) for (_, name), version in found.items()]


def stack_file(folder: Path, stack: str, text: str) -> Path:
    """Write a stack's settings file."""
    file = folder / f"Pulumi.{stack}.yaml"
    file.write_text(text, encoding="utf-8")
    return file
