# SPDX-License-Identifier: MPL-2.0
"""A lab with a real node, for tests of pods that really run."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from andel.lab import engine, lifecycle, machine, node
from andel.lab.engine import environment as run_environment
from andel.lab.folders import LabFolder
from andel.lab.images import Image
from andel.lab.node_addresses import NodeNetwork, of
from andel.lab.node_parts import NODE_PROGRAMS
from andel.lab.parts import DEFINITIONS
from tests.conftest import ROOT
from tests.engine.laboratory import Laboratory, stack_file
from tests.support.waiting import until

CHARTS = "charts: /charts"
"""What stack files of tests say where a lab's own charts are meant."""


@dataclass(frozen=True)
class NodeLab(Laboratory):
    """A running lab with a real node, and a stack that may be brought up on it."""

    def up(self) -> None:
        """Start the lab with its node, and select the stack."""
        lifecycle.up(self.lab, self.stack, self.environment, with_node=True)
        engine.select(self.lab, self.stack)

    @property
    def network(self) -> NodeNetwork:
        """Addresses of the node, its pods and Services; this machine reaches them."""
        network = of(self.plane.folder)
        assert network
        return network

    def pods(self, namespace: str, selector: str = "") -> list[dict[str, Any]]:
        """Pods of a namespace that are neither about to go nor failed, as after a kubelet that started again."""
        found = self.api.items(f"/api/v1/namespaces/{namespace}/pods?labelSelector={selector}")
        return [
            pod
            for pod in found
            if "deletionTimestamp" not in pod["metadata"] and pod["status"].get("phase") != "Failed"
        ]

    def ready(self, namespace: str, selector: str = "", count: int = 1) -> bool:
        """Whether so many pods are there at least, and all are ready."""
        found = self.pods(namespace, selector)
        return len(found) >= count and all(map(is_ready, found))

    def until_ready(self, namespace: str, selector: str = "", count: int = 1, seconds: float = 120) -> None:
        """Wait until so many pods are ready; fail with what pods and events say."""
        try:
            until(lambda: self.ready(namespace, selector, count), seconds)
        except AssertionError:
            raise AssertionError(self.troubles(namespace)) from None

    def troubles(self, namespace: str) -> str:
        """What keeps pods from being ready, for whoever reads a failed test."""
        lines = [f"{pod['metadata']['name']}: {pod['status']}" for pod in self.pods(namespace) if not is_ready(pod)]
        events = self.api.items(f"/api/v1/namespaces/{namespace}/events")
        warnings = [f"{one['reason']}: {one['message']}" for one in events if one.get("type") == "Warning"]
        return "\n".join([*lines, *warnings[-20:]])

    def logs(self, namespace: str, pod: str, container: str) -> str:
        """What a container wrote."""
        return self.raw(f"/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}")

    def exec(self, namespace: str, pod: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a pod's first container."""
        return self.kubectl("exec", "-n", namespace, pod, "--", *command)

    def kubectl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run kubectl on the lab."""
        command = [str(NODE_PROGRAMS.folder / "kubectl"), "--context", self.environment.clusters.gpu.context, *words]
        return subprocess.run(command, env=run_environment(self.lab), text=True, capture_output=True, timeout=120)

    def raw(self, path: str) -> str:
        """What the API server answers at a path, as text."""
        files = self.plane.client("lab")
        pool = urllib3.PoolManager(
            ca_certs=str(self.plane.certificates / "ca.crt"), cert_file=str(files.certificate), key_file=str(files.key)
        )
        answer = pool.request("GET", f"{self.plane.server}{path}", timeout=30)
        assert answer.status == 200, answer.data
        return answer.data.decode(errors="replace")

    def address(self, namespace: str, service: str) -> str:
        """ClusterIP of a Service; this machine reaches it."""
        found = self.api.get(f"/api/v1/namespaces/{namespace}/services/{service}")
        assert found, f"there is no Service {namespace}/{service}"
        return str(found["spec"]["clusterIP"])

    def give_addresses(self) -> None:
        """Give every Service of type LoadBalancer its ClusterIP as address: nothing else on the node does."""
        for found in self.api.items("/api/v1/services"):
            metadata, spec = found["metadata"], found["spec"]
            if spec["type"] == "LoadBalancer" and not found["status"]["loadBalancer"].get("ingress"):
                address = {"ip": spec["clusterIP"], "ipMode": "Proxy"}  # kube-proxy has that address already
                identity = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": metadata["name"]}}
                self.api.apply(
                    f"/api/v1/namespaces/{metadata['namespace']}/services/{metadata['name']}/status",
                    {**identity, "status": {"loadBalancer": {"ingress": [address]}}},
                )

    def offer(self, **resources: int) -> None:
        """Give the node made-up resources, with `__` for `/` and `_` for `.`, as `nvidia_com__gpu=8`."""
        node.offer(self.api, {name.replace("__", "/").replace("_", "."): n for name, n in resources.items()})

    def load(self, images: dict[str, Image]) -> None:
        """Give the node more images, by name."""
        node.load(self.plane, images)


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether a pod is ready, or has done its work."""
    if pod["status"].get("phase") == "Succeeded":
        return True
    conditions = pod["status"].get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def settings(folder: Path, file: Path, change: Callable[[str], str] = lambda text: text) -> str:
    """Write a stack's settings for a lab in a folder; gives the stack's name."""
    stack = file.name.split(".")[1]
    (folder / "settings").mkdir(parents=True, exist_ok=True)
    text = change(file.read_text(encoding="utf-8")).replace(CHARTS, f"charts: {DEFINITIONS.folder / 'charts'}")
    stack_file(folder / "settings", stack, text)
    return stack


@contextmanager
def node_lab(
    folder: Path,
    file: Path = ROOT / "tests/environments/Pulumi.managed-gateway.yaml",
    change: Callable[[str], str] = lambda text: text,
) -> Iterator[NodeLab]:
    """A running lab with a node and the stack of a settings file, not deployed yet. It ends with the block.

    Args:
        folder: where it lies.
        file: settings file of the stack, `Pulumi.<stack>.yaml`; `mirror.charts: /charts` means the lab's own charts.
        change: what else its settings say.
    """
    assert (reason := machine.lacks()) is None, f"this machine can't have a real node: {reason}"
    stack = settings(folder, file, change)
    lab = NodeLab(LabFolder(root=folder / "lab", stacks=folder / "settings"), stack)
    try:
        lab.up()
        yield lab
    finally:
        lifecycle.down(lab.lab)
