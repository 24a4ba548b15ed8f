# SPDX-License-Identifier: MPL-2.0
"""A real Open WebUI, with the environment that a municipality's stack wrote, as the API server has it.

It runs beside the lab's node and not on it, as the user that its pod has and with the folders of its container; the
Service that the stack wrote leads to it, and so does the platform's route.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from andel.lab.chat_parts import OPEN_WEBUI
from andel.lab.processes import Process, await_page, free_ports, start, stop
from components.chat_interface import USER as POD_USER
from components.chat_settings import DATA
from config.names import CHAT
from tests.node.gateway import GatewayLab

from .confined import USER, Place, given, owned

START_SECONDS = 600

CHANGED: Mapping[str, str] = {}
"""Variables that the stack wrote and that have another value here, each with its reason. There are none."""

ADDED = {
    "PATH": "what an image brings",
    "LANG": "what an image brings",
    "LD_LIBRARY_PATH": "this machine's Python may lie where its pod's user sees it under another path",
    "PYTHONPATH": "the package lies in a folder of its own, where an image has it among the system's",
    "PYTHONDONTWRITEBYTECODE": "that folder is shared with later runs",
    "SSL_CERT_FILE": "the lab's authority, whose certificates edge and issuer have, stands where a public one would",
}
"""Variables that the stack did not write, each with its reason."""


PYTHON = f"/srv/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"
BROUGHT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LD_LIBRARY_PATH": "/srv/python/lib",
    "PYTHONPATH": "/srv/open-webui",
    "PYTHONDONTWRITEBYTECODE": "1",
    "SSL_CERT_FILE": "/srv/authority/ca.crt",
}
"""Values of those."""


@dataclass(frozen=True)
class Interface:
    """A running Open WebUI."""

    process: Process
    address: str
    """Address and port on this machine; people go by the gateway."""

    @property
    def data(self) -> Path:
        """Its disk."""
        return self.process.folder / "data"

    def await_answer(self) -> None:
        """Wait until it answers."""
        await_page(self.process, f"http://{self.address}/health", START_SECONDS)


@contextmanager
def interface(lab: GatewayLab, slug: str, folder: Path, hosts: Mapping[str, str]) -> Iterator[Interface]:
    """A municipality's chat, behind its own Service, while a block runs; it answers after `await_answer`.

    Args:
        lab: on which the municipality's stack has been brought up.
        slug: whose it is.
        folder: its own.
        hosts: addresses of the API and of the issuer, which cannot be looked up on this machine.
    """
    assert POD_USER == USER
    (port,) = free_ports(1)
    address = lab.network.machine
    written = environment(lab, f"andel-m-{slug}")
    assert not written.keys() & ADDED.keys()
    place = image(lab, folder, hosts, {DATA: owned(folder / "data")})
    # `open-webui serve`: the package's own start, which knows where its pages lie. The image has its own for that.
    words = ["-c", "from open_webui import app; app()", "serve", "--host", address, "--port", str(port)]
    process = place.process("open-webui", [PYTHON, *words], {**written, **BROUGHT})
    there = f"/apis/discovery.k8s.io/v1/namespaces/andel-m-{slug}/endpointslices/beside-the-node"
    start(process)
    try:
        lab.api.apply(there, endpoint_slice(address, port))
        yield Interface(process, f"{address}:{port}")
    finally:
        lab.api.delete(there)
        stop(process.note)


def image(lab: GatewayLab, folder: Path, hosts: Mapping[str, str], more: Mapping[str, Path]) -> Place:
    """A place with what Open WebUI's image has, and folders of its own beside."""
    assert BROUGHT.keys() == ADDED.keys()
    seen = {
        "/srv/python": Path(sys.base_prefix),
        "/srv/open-webui": OPEN_WEBUI.folder,
        "/srv/authority": given(folder / "authority", {"ca.crt": lab.authority}),
    }
    return Place(folder, hosts, {**seen, **more})


def container(lab: GatewayLab, namespace: str, name: str = CHAT) -> dict[str, Any]:
    """A container of a chat's Deployment, as the API server has it."""
    found = lab.api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{CHAT}")
    assert found, f"there is no Deployment {namespace}/{CHAT}"
    (one,) = [one for one in found["spec"]["template"]["spec"]["containers"] if one["name"] == name]
    assert "envFrom" not in one
    return dict(one)


def environment(lab: GatewayLab, namespace: str, name: str = CHAT) -> dict[str, str]:
    """A container's variables as a kubelet would give them: values, and entries of Secrets."""
    written = {}
    for one in container(lab, namespace, name)["env"]:
        if "value" in one:
            written[one["name"]] = one["value"]
        else:
            source = one["valueFrom"]["secretKeyRef"]
            written[one["name"]] = lab.secret(namespace, source["name"])[source["key"]]
    return written


def endpoint_slice(address: str, port: int) -> dict[str, Any]:
    """A place outside the node behind the chat's Service."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "beside-the-node", "labels": {"kubernetes.io/service-name": CHAT}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
    }
