# SPDX-License-Identifier: MPL-2.0
"""Who reaches whom through the walls, judged by Cyclonus: a program that the project didn't write, and its makers test
networks of clusters with.

It is asked for every connection of every pod with every other and with addresses outside, on every port of TCP, UDP and
SCTP. Probes of a node's own kubelet are nobody's to forbid, and are not asked for.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from andel.lab.build import build
from andel.lab.wall_parts import NETWORK_JUDGE

LAST_PORT = 65535
EVERY_PORT = ((1, LAST_PORT),)
PROTOCOLS = ("TCP", "UDP", "SCTP")
EVERYTHING = frozenset({"all"})
"""Every port of every protocol."""

Reach = dict[tuple[str, str], frozenset[str]]
"""What is open from one to another, by their names: `TCP 443`, `TCP 8000-8002`, or `all`. Who is not in it reaches
nothing."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A pod of a kind, or an address outside the cluster."""

    role: str
    """Its name within the namespace."""

    namespace: str = ""
    """Where it stands; empty for an address outside."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the pod."""

    ports: Mapping[str, int] = field(default_factory=dict)
    """Ports that its containers name."""

    address: str = ""
    """Its address; a pod gets one."""

    @property
    def name(self) -> str:
        """`namespace/role`, or the role alone."""
        return f"{self.namespace}/{self.role}" if self.namespace else self.role


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Policies and who they are for."""

    policies: tuple[dict[str, Any], ...]
    """NetworkPolicies."""

    namespaces: Mapping[str, Mapping[str, str]]
    """Labels of every namespace."""

    peers: tuple[Peer, ...]
    """Everybody. The same pod twice is two replicas."""


def scene(objects: Iterable[Mapping[str, Any]], others: Iterable[Peer]) -> Scene:
    """What stands by a program's manifests, or by those that an API server gives back, and who else is there.

    Args:
        objects: manifests; those that make pods are one peer each.
        others: pods that no manifest makes, and addresses outside. Their namespaces have the label that the API server
            gives, and no other, unless they are among the objects.
    """
    written, others = list(objects), tuple(others)
    by_name = "kubernetes.io/metadata.name"
    namespaces = {
        one["metadata"]["name"]: {**one["metadata"].get("labels", {}), by_name: one["metadata"]["name"]}
        for one in written
        if one["kind"] == "Namespace"
    }
    for one in others:
        if one.namespace:
            namespaces.setdefault(one.namespace, {by_name: one.namespace})
    policies = tuple(
        {"metadata": {key: one["metadata"][key] for key in ("name", "namespace")}, "spec": one["spec"]}
        for one in written
        if one["kind"] == "NetworkPolicy"
    )
    made = tuple(pod for one in written for pod in _pods(one))
    return Scene(policies=policies, namespaces=namespaces, peers=(*made, *others))


def _pods(manifest: Mapping[str, Any]) -> Iterable[Peer]:
    spec = manifest.get("spec", {})
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    template = spec.get("template", {}) if manifest["kind"] in WORKLOADS else {}
    if not template:
        return
    containers = template["spec"]["containers"]
    ports = {one["name"]: int(one["containerPort"]) for each in containers for one in each.get("ports", ())}
    place = manifest["metadata"]
    yield Peer(
        role=place["name"], namespace=place["namespace"], labels=template["metadata"].get("labels", {}), ports=ports
    )


WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")


def judge(scene: Scene) -> Reach:
    """Ask Cyclonus.

    Raises:
        LabError: it does not build.
        AssertionError: it does not answer.
    """
    build((NETWORK_JUDGE,))
    peers = [
        {
            "name": one.name,
            "namespace": one.namespace,
            "labels": dict(one.labels),
            "ip": one.address or f"10.244.{number // 250}.{number % 250 + 1}",
            "ports": dict(one.ports),
        }
        for number, one in enumerate(scene.peers)
    ]
    assert len({one["name"] for one in peers}) == len(peers), "two peers of one name"
    asked = {"policies": scene.policies, "namespaces": scene.namespaces, "peers": peers}
    program = NETWORK_JUDGE.folder / NETWORK_JUDGE.program
    ended = subprocess.run([program], input=json.dumps(asked), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    found: dict[tuple[str, str], dict[str, tuple[tuple[int, int], ...]]] = {}
    for one in json.loads(ended.stdout):
        ports = tuple((first, last) for first, last in one["ports"])
        found.setdefault((one["from"], one["to"]), {})[one["protocol"]] = ports
    return {pair: _told(ports) for pair, ports in found.items()}


def _told(ports: Mapping[str, tuple[tuple[int, int], ...]]) -> frozenset[str]:
    if all(ports.get(protocol) == EVERY_PORT for protocol in PROTOCOLS):
        return EVERYTHING
    return frozenset(
        f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}"
        for protocol, ranges in ports.items()
        for first, last in ranges
    )
