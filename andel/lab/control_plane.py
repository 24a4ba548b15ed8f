# SPDX-License-Identifier: MPL-2.0
"""One Kubernetes control plane on loopback: etcd, API server, controller manager, scheduler, and KWOK as every node.

All five are one program, called by five names (`go/cluster`). Data, certificates, ports, logs and process ids lie in
one folder; starting again on the same folder goes on with the same cluster.
"""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from . import certificates, node_addresses
from .api import ApiServer
from .certificates import Pair, pair
from .errors import LabError
from .files import write_private
from .processes import Process, ended, free_ports, running, start, stop, stop_strays

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
"""In order of start; they stop in the reverse order."""

FAKE_NODE = {"kwok.x-k8s.io/node": "fake"}
"""Annotation of nodes that KWOK plays; any other node is left to its kubelet."""

READY_SECONDS = 120
PORT_ATTEMPTS = 3
"""A port that was free may be somebody else's a moment later."""

# Writes of the engine's user and of accounts that are no controllers of the cluster, dry runs among them: tests read
# here that a second `up` writes nothing, and where a municipality's account writes.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {"level": "Metadata", "users": ["andel-operator"]},
        {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
        {"level": "None", "resources": [{"group": "coordination.k8s.io"}, {"group": "", "resources": ["events"]}]},
        {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
        {"level": "None"},
    ],
}


@dataclass(frozen=True, kw_only=True)
class ControlPlane:
    """A control plane in a folder."""

    folder: Path
    """Data, certificates, ports, logs and process ids."""

    programs: Path
    """Folder with the five programs and KWOK's stages."""

    @property
    def certificates(self) -> Path:
        """Keys and certificates."""
        return self.folder / "certificates"

    @property
    def audit_log(self) -> Path:
        """What the engine's user and members' accounts wrote, a JSON object a line (source: audit.k8s.io/v1, Event)."""
        return self.folder / "audit.log"

    @property
    def server(self) -> str:
        """Address of the API server."""
        return f"https://127.0.0.1:{_ports(self)['api']}"

    def client(self, user: str) -> Pair:
        """Certificate of one of the users in `certificates.CLIENTS`."""
        return pair(self.certificates, user)

    def api(self, user: str = "lab") -> ApiServer:
        """The API server as one of the users sees it."""
        files = self.client(user)
        return ApiServer(self.server, self.certificates / "ca.crt", files.certificate, files.key)


def up(plane: ControlPlane) -> None:
    """Start what doesn't run, and wait until the API server is ready.

    Raises:
        LabError: a program ended by itself, or the API server is not ready in time; with the end of its log.
    """
    certificates.make(plane.certificates)
    write_private(plane.folder / "audit-policy.yaml", yaml.safe_dump(AUDIT_POLICY))
    stop_strays(plane.folder)
    for attempt in range(1, PORT_ATTEMPTS + 1):
        try:
            _start_api_server(plane)
            break
        except _PortTaken:
            down(plane)
            if attempt == PORT_ATTEMPTS:
                raise
    for user in certificates.CLIENTS:
        write_private(plane.folder / f"{user}.kubeconfig", yaml.safe_dump(kubeconfig({"lab": plane}, user)))
    for name in PROGRAMS[2:]:
        start(_process(plane, name))


class _PortTaken(LabError):
    """A port that was free is somebody else's now."""


def _start_api_server(plane: ControlPlane) -> None:
    _choose_ports(plane)
    processes = [_process(plane, name) for name in PROGRAMS[:2]]
    for process in processes:
        start(process)
    _wait_until_ready(plane, processes)


def down(plane: ControlPlane) -> None:
    """Stop all programs of the control plane; its folder stays."""
    for name in reversed(PROGRAMS):
        stop(plane.folder / f"{name}.pid")


def kubeconfig(contexts: dict[str, ControlPlane], user: str) -> dict[str, object]:
    """A kubeconfig with a context for each control plane. Keys stay in their files; the kubeconfig names them."""
    clusters, users = [], []
    for name, plane in contexts.items():
        files = plane.client(user)
        authority = str(plane.certificates / "ca.crt")
        clusters.append({"name": name, "cluster": {"server": plane.server, "certificate-authority": authority}})
        credentials = {"client-certificate": str(files.certificate), "client-key": str(files.key)}
        users.append({"name": name, "user": credentials})
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": clusters,
        "users": users,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in contexts],
        "current-context": next(iter(contexts)),
    }


def _ports(plane: ControlPlane) -> dict[str, int]:
    ports: dict[str, int] = json.loads((plane.folder / "ports.json").read_text())
    return ports


def _choose_ports(plane: ControlPlane) -> None:
    """Free ports, kept while the API server lives: whoever holds a kubeconfig can go on with it."""
    if (plane.folder / "ports.json").exists() and running(plane.folder / "kube-apiserver.pid"):
        return
    down(plane)
    names = ("api", "etcd", "peer")
    write_private(plane.folder / "ports.json", json.dumps(dict(zip(names, free_ports(len(names)), strict=True))))


def _wait_until_ready(plane: ControlPlane, processes: Sequence[Process]) -> None:
    api = plane.api()
    deadline = time.monotonic() + READY_SECONDS
    while not api.ready():
        for process in processes:
            if running(process.note) is None:
                taken = "address already in use" in process.log.read_text(errors="replace")
                raise _PortTaken(ended(process).message) if taken else ended(process)
        if time.monotonic() > deadline:
            raise LabError(f"the API server is not ready after {READY_SECONDS} s; see {processes[-1].log}")
        time.sleep(0.1)


def _process(plane: ControlPlane, name: str) -> Process:
    environment = {
        "PATH": os.defpath,
        "HOME": str(plane.folder),
        # Definitions and what is computed of them stay in the API server's heap: collect often, it is mostly idle.
        "GOGC": "35",
    }
    command = [str(plane.programs / name), *_ARGUMENTS[name](plane)]
    return Process(name=name, command=command, folder=plane.folder, environment=environment)


def _etcd(plane: ControlPlane) -> list[str]:
    ports, files, authority = _ports(plane), pair(plane.certificates, "server"), plane.certificates / "ca.crt"
    client, peer = (f"https://127.0.0.1:{ports[name]}" for name in ("etcd", "peer"))
    secured = [
        f"--{prefix}{flag}"
        for prefix in ("", "peer-")
        for flag in (
            f"cert-file={files.certificate}",
            f"key-file={files.key}",
            f"trusted-ca-file={authority}",
            "client-cert-auth=true",
        )
    ]
    return [
        f"--data-dir={plane.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
        *secured,
    ]


def _apiserver(plane: ControlPlane) -> list[str]:
    ports, server, lab = _ports(plane), pair(plane.certificates, "server"), plane.client("lab")
    authority, service_accounts = plane.certificates / "ca.crt", plane.certificates / "service-accounts.key"
    return [
        *_reach(plane, lab),
        f"--secure-port={ports['api']}",
        f"--etcd-servers=https://127.0.0.1:{ports['etcd']}",
        f"--etcd-cafile={authority}",
        f"--etcd-certfile={lab.certificate}",
        f"--etcd-keyfile={lab.key}",
        f"--tls-cert-file={server.certificate}",
        f"--tls-private-key-file={server.key}",
        f"--client-ca-file={authority}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={service_accounts}",
        f"--service-account-key-file={service_accounts}",
        "--authorization-mode=Node,RBAC",
        "--anonymous-auth=false",
        "--allow-privileged=true",
        f"--audit-policy-file={plane.folder / 'audit-policy.yaml'}",
        f"--audit-log-path={plane.audit_log}",
        "--audit-log-maxsize=50",
        "--audit-log-maxbackup=1",
    ]


def _reach(plane: ControlPlane, lab: Pair) -> list[str]:
    """Who reaches the API server, and whom it reaches: this machine alone; with a real node its pods and kubelet."""
    network = node_addresses.of(plane.folder)
    if network is None:
        return ["--bind-address=127.0.0.1", "--service-cluster-ip-range=10.96.0.0/16"]
    return [
        "--bind-address=0.0.0.0",
        f"--advertise-address={network.machine}",
        f"--service-cluster-ip-range={network.services}",
        f"--kubelet-client-certificate={lab.certificate}",
        f"--kubelet-client-key={lab.key}",
        f"--kubelet-certificate-authority={plane.certificates / 'ca.crt'}",
        "--kubelet-preferred-address-types=InternalIP",
        # Pods that ask for a GPU may go where GPUs are (nodes.played), and nobody else.
        "--enable-admission-plugins=ExtendedResourceToleration",
    ]


def _controller_manager(plane: ControlPlane) -> list[str]:
    return [
        *_as_user(plane, "kube-controller-manager"),
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={plane.certificates / 'service-accounts.key'}",
        f"--root-ca-file={plane.certificates / 'ca.crt'}",
        # A namespace is emptied kind by kind; the default rate makes that take longer than all the rest.
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ]


def _scheduler(plane: ControlPlane) -> list[str]:
    return _as_user(plane, "kube-scheduler")


def _kwok(plane: ControlPlane) -> list[str]:
    selector = ",".join(f"{key}={value}" for key, value in FAKE_NODE.items())
    return [
        f"--kubeconfig={plane.folder / 'kwok.kubeconfig'}",
        "--manage-all-nodes=false",
        f"--manage-nodes-with-annotation-selector={selector}",
        "--node-lease-duration-seconds=40",
        *(f"--config={stage}" for stage in sorted((plane.programs / "stages").glob("*.yaml"))),
    ]


def _as_user(plane: ControlPlane, user: str) -> list[str]:
    """A controller alone: nobody to elect against, and no port of its own."""
    file = plane.folder / f"{user}.kubeconfig"
    return [
        f"--kubeconfig={file}",
        f"--authentication-kubeconfig={file}",
        f"--authorization-kubeconfig={file}",
        "--leader-elect=false",
        "--secure-port=0",
    ]


_ARGUMENTS = {
    "etcd": _etcd,
    "kube-apiserver": _apiserver,
    "kube-controller-manager": _controller_manager,
    "kube-scheduler": _scheduler,
    "kwok": _kwok,
}
