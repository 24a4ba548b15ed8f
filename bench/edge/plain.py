# SPDX-License-Identifier: MPL-2.0
"""The other way to the same pods: one Envoy with nothing but TLS in front of them, as a process of this machine."""

from pathlib import Path
from typing import Any

import yaml

from andel.lab.files import write_private
from andel.lab.processes import Process, free_ports, start
from andel.lab.simulator_part import ENVOY
from bench.routing.envoy import EXTENSIONS, cluster, listener


def plain(folder: Path, pods: list[tuple[str, int]], certificate: dict[str, str], *, secured: bool) -> str:
    """Start it; gives its address.

    Args:
        folder: for its settings and log.
        pods: addresses of the models' pods.
        certificate: `tls.crt` and `tls.key`, as PEM.
        secured: whether the pods are spoken to over TLS.
    """
    (port,) = free_ports(1)
    settings = {"static_resources": {"listeners": [_listener(port, certificate)], "clusters": [_pods(pods, secured)]}}
    file = folder / "plain.yaml"
    write_private(file, yaml.safe_dump(settings))
    # One thread, as each proxy of the edge has on this machine's two cores.
    command = [str(ENVOY.folder / "envoy"), "-c", str(file), "--concurrency", "1", "--use-dynamic-base-id"]
    start(Process(name="plain", command=command, folder=folder, environment={}))
    return f"127.0.0.1:{port}"


def _listener(port: int, certificate: dict[str, str]) -> dict[str, Any]:
    files = {"certificate_chain": "tls.crt", "private_key": "tls.key"}
    inline = {part: {"inline_string": certificate[file]} for part, file in files.items()}
    secured = {
        "@type": f"{EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {"tls_certificates": [inline]},
    }
    found = listener("plain", port, "pods", [])
    found["filter_chains"][0]["transport_socket"] = {"name": "tls", "typed_config": secured}
    return found


def _pods(pods: list[tuple[str, int]], secured: bool) -> dict[str, Any]:
    context = {"@type": f"{EXTENSIONS}.transport_sockets.tls.v3.UpstreamTlsContext"}
    return cluster("pods", pods) | ({"transport_socket": {"name": "tls", "typed_config": context}} if secured else {})
