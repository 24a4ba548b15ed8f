# SPDX-License-Identifier: MPL-2.0
"""A real node on a lab: containerd (1.6), kubelet and kube-proxy (of the control plane's version), and CoreDNS.

All of it lives in namespaces of its own (`enclosure`), with control groups of its own, beside KWOK's nodes. Pods get
addresses from CNI's `ptp` plugin: a cable each and no bridge, so every packet passes kube-proxy's rules.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from . import control_groups, enclosure, node_network, node_settings, processes
from .api import ApiServer
from .certificates import pair
from .control_plane import ControlPlane
from .debian import environment, program
from .errors import LabError
from .files import write_private
from .images import Image, archive
from .node_addresses import NODE, NodeNetwork, of
from .node_parts import COREDNS, NODE_PROGRAMS, PAUSE
from .nodes import ready_since
from .processes import Process, await_page, ended, running, start, stop, stop_strays

PROCESSES = ("containerd", "kubelet", "kube-proxy", "coredns")
"""In order of start; they stop in the reverse order."""

HOLDER = "holder"
"""Process that holds the node's namespaces."""

MEMORY = 5 * 2**30
"""Bytes that all pods together may take. With the control plane and its own programs the lab stays below 6 GB."""

READY_SECONDS = 120

LONGEST_SOCKET = 107
"""Bytes that a socket's path may have (unix(7))."""


def folder(plane: ControlPlane) -> Path:
    """Where a node's files lie: images, pods' volumes, logs and process ids."""
    return plane.folder / "node"


def prepare(plane: ControlPlane) -> NodeNetwork:
    """Open the node's enclosure and connect it to this machine: before the API server starts, which pods must reach.

    Raises:
        LabError: the machine can't have a node, or no address range is free.
    """
    if plane.certificates.exists() and not pair(plane.certificates, "kubelet").certificate.exists():
        raise LabError("this lab was made by an older andel, without keys for a node; `andel lab down` it first")
    here = folder(plane)
    longest = here / "kubelet" / "pod-resources" / "1234567890"
    if (more := len(os.fsencode(longest)) - LONGEST_SOCKET) > 0:
        raise LabError(f"the path of the lab is {more} characters too long for the sockets of a node: {plane.folder}")
    stop_strays(here, {"pause", "containerd", "node", "coredns"})
    if running(_note(plane, HOLDER)) is None:
        control_groups.remove(_group(plane))
        start(
            Process(
                name=HOLDER,
                command=[str(PAUSE.folder / PAUSE.program)],
                folder=here,
                environment={"PATH": "/bin"},
                enter=enclosure.opened(here),
            )
        )
    return node_network.connected(plane.folder, _note(plane, HOLDER), started=(plane.folder / "ports.json").exists())


def up(plane: ControlPlane, images: Mapping[str, Image]) -> None:
    """Start what doesn't run of the node, give it images, and wait until it is ready.

    Args:
        plane: its cluster.
        images: what its pods are made of, by name.

    Raises:
        LabError: a program ended by itself, or the node is not ready in time; with the end of its log.
    """
    network = _network(plane)
    control_groups.make(_group(plane), MEMORY)
    node_settings.write(plane, folder(plane), network, _group(plane))
    for path, manifest in node_settings.RIGHTS.items():
        plane.api().apply(path, manifest)
    programs = {name: _process(plane, name) for name in PROCESSES}
    start(programs["containerd"])
    _await_containerd(plane, programs["containerd"])
    pause = Image(files={"/pause": PAUSE.folder / PAUSE.program}, entrypoint=["/pause"])
    load(plane, {node_settings.PAUSE_IMAGE: pause, **images})
    for name in PROCESSES[1:]:
        start(programs[name])
    await_page(programs["coredns"], f"http://{network.node}:{node_settings.DNS_READY_PORT}/ready", READY_SECONDS)
    _await_ready(plane, programs["kubelet"])


def down(plane: ControlPlane) -> None:
    """Stop the node and everything in it. Its folder stays; nothing else does.

    Raises:
        LabError: a process of a pod, or the cable, is left.
    """
    if not folder(plane).exists():
        return
    network, held = of(plane.folder), running(_note(plane, HOLDER))
    for name in reversed(PROCESSES):
        stop(_note(plane, name), patience=5)
    stop(_note(plane, HOLDER), patience=0)
    stop_strays(folder(plane))
    control_groups.remove(_group(plane))
    if network and held:
        node_network.wait_until_gone(network)


def load(plane: ControlPlane, images: Mapping[str, Image]) -> None:
    """Give the node images, each under the name that manifests use. One that it has already costs nothing.

    Args:
        plane: whose node.
        images: by name; names of the same image share its layer.

    Raises:
        LabError: containerd refuses one.
    """
    record = folder(plane) / "images.json"
    present: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    together: dict[str, list[str]] = {}
    for name, image in images.items():
        if present.get(name) != image.fingerprint:
            together.setdefault(image.fingerprint, []).append(name)
    for fingerprint, names in together.items():
        file = folder(plane) / "image.tar"
        try:
            archive(images[names[0]], names, file)
            ctr(plane, "images", "import", str(file))
        finally:
            file.unlink(missing_ok=True)
        present |= dict.fromkeys(names, fingerprint)
        write_private(record, json.dumps(present))


def memory(plane: ControlPlane) -> dict[str, int]:
    """What the node's programs take, and all its pods together, in bytes; nothing, if it doesn't run."""
    if running(_note(plane, HOLDER)) is None:
        return {}
    used = {name: processes.memory(_note(plane, name)) for name in PROCESSES}
    return {**used, "pods": control_groups.memory(_group(plane))}


def ctr(plane: ControlPlane, *words: str) -> str:
    """Ask containerd.

    Raises:
        LabError: it refuses; with its own words.
    """
    command = [str(program("ctr")), "--namespace=k8s.io", *words]
    done = enclosure.run(_note(plane, HOLDER), command, environment(), folder(plane))
    if done.returncode:
        raise LabError(f"ctr {' '.join(words)}: {done.stderr.strip()[-800:]}")
    return done.stdout


def offer(api: ApiServer, resources: Mapping[str, int]) -> None:
    """Give the node made-up resources, as GPUs with nothing behind them. A kubelet that starts again takes them away.

    Args:
        api: of the node's cluster.
        resources: names and counts, as `nvidia.com/gpu`.
    """
    counts = {name: str(count) for name, count in resources.items()}
    status = {"capacity": counts, "allocatable": counts}
    identity = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
    api.apply(f"/api/v1/nodes/{NODE}/status", {**identity, "status": status})


def _note(plane: ControlPlane, name: str) -> Path:
    return folder(plane) / f"{name}.pid"


def _group(plane: ControlPlane) -> str:
    """Name of the node's control group: no other lab's."""
    return f"andel-{hashlib.sha256(str(plane.folder).encode()).hexdigest()[:8]}"


def _process(plane: ControlPlane, name: str) -> Process:
    here = folder(plane)
    programs: dict[str, list[str]] = {
        "containerd": [str(program("containerd")), "--config", str(here / "containerd.toml")],
        "kubelet": [
            str(NODE_PROGRAMS.folder / "kubelet"),
            f"--config={here / 'kubelet.yaml'}",
            f"--kubeconfig={here / 'kubelet.kubeconfig'}",
            f"--root-dir={here / 'kubelet'}",
            f"--hostname-override={NODE}",
            f"--node-ip={_network(plane).node}",
            "--node-labels=andel.lab/real=true",
        ],
        "kube-proxy": [str(NODE_PROGRAMS.folder / "kube-proxy"), f"--config={here / 'kube-proxy.yaml'}"],
        "coredns": [str(COREDNS.folder / COREDNS.program), "-conf", str(here / "Corefile")],
    }
    return Process(
        name=name,
        command=programs[name],
        folder=here,
        environment={**environment(), "HOME": str(here)},
        enter=enclosure.inside(_note(plane, HOLDER), here),
    )


def _network(plane: ControlPlane) -> NodeNetwork:
    network = of(plane.folder)
    if network is None:
        raise LabError("the node has no addresses yet; run `andel lab up --node`")
    return network


def _await_containerd(plane: ControlPlane, process: Process) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            ctr(plane, "version")
            return
        except LabError:
            if running(process.note) is None:
                raise ended(process) from None
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def _await_ready(plane: ControlPlane, kubelet: Process) -> None:
    """Wait until the kubelet says that the node is ready: what it said before it was killed doesn't count."""
    api, deadline = plane.api(), time.monotonic() + READY_SECONDS
    await_page(kubelet, f"http://{_network(plane).node}:{node_settings.KUBELET_HEALTH_PORT}/healthz", READY_SECONDS)
    since = datetime.fromtimestamp(int(kubelet.note.stat().st_mtime), UTC)
    while not ready_since(api.get(f"/api/v1/nodes/{NODE}") or {}, since):
        if running(kubelet.note) is None:
            raise ended(kubelet)
        if time.monotonic() > deadline:
            raise LabError(f"the node is not ready after {READY_SECONDS} s; see {kubelet.log}")
        time.sleep(0.2)
