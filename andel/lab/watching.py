# SPDX-License-Identifier: MPL-2.0
"""A Prometheus that watches a lab as one watches a cluster: the Prometheus operator (0.88.0) reads monitors and rules,
and writes the settings of a Prometheus (3.15.0), which finds its targets in the lab's API server.

The operator's own StatefulSet runs nothing here. Its settings and rule files lie in a Secret and in ConfigMaps; a
process of this machine gets them as the Pod would.
"""

import base64
import gzip
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .control_plane import ControlPlane
from .definitions import install
from .errors import LabError
from .files import write_private
from .live_manifests import written_definitions
from .monitoring_parts import LABEL_PROXY, PROMETHEUS_OPERATOR
from .processes import Process, await_page, free_ports, start
from .prometheus import READY_SECONDS, serve

OF_THE_POD = {"$(SHARD)": "0", "$(POD_NAME)": "prometheus-lab-0"}
"""What the reloader beside Prometheus fills in (source: operator 0.88.0, pkg/prometheus/promcfg.go)."""

MONITORS = "/apis/monitoring.coreos.com/v1"


def start_operator(plane: ControlPlane) -> Process:
    """Start the Prometheus operator, with the definitions that it watches.

    Raises:
        LabError: it ends by itself, or is not ready in time; with the end of its log.
    """
    install(plane.api(), written_definitions(PROMETHEUS_OPERATOR.folder))
    (port,) = free_ports(1)
    files = plane.client("lab")
    process = Process(
        name=PROMETHEUS_OPERATOR.name,
        command=[
            str(PROMETHEUS_OPERATOR.folder / PROMETHEUS_OPERATOR.program),
            f"--apiserver={plane.server}",
            f"--ca-file={plane.certificates / 'ca.crt'}",
            f"--cert-file={files.certificate}",
            f"--key-file={files.key}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        folder=plane.folder,
        environment={"PATH": "/usr/bin:/bin", "HOME": str(plane.folder)},
    )
    start(process)
    await_page(process, f"http://127.0.0.1:{port}/healthz", READY_SECONDS)
    return process


def start_watching(plane: ControlPlane, namespace: str, spec: Mapping[str, Any]) -> str:
    """Start a Prometheus with the settings that the operator makes of an object `Prometheus`.

    Args:
        plane: what it watches; its data lie in its folder.
        namespace: of the object.
        spec: of the object: what it selects, and how often it looks.

    Returns:
        Its address.

    Raises:
        LabError: the operator writes no settings, or Prometheus is not ready in time.
    """
    files = plane.client("lab")
    outside = {
        "host": plane.server,
        "tlsConfig": {
            "caFile": str(plane.certificates / "ca.crt"),
            "certFile": str(files.certificate),
            "keyFile": str(files.key),
        },
    }
    body = {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": {"name": "lab"}}
    plane.api().apply(
        f"{MONITORS}/namespaces/{namespace}/prometheuses/lab", {**body, "spec": {**spec, "apiserverConfig": outside}}
    )
    folder = plane.folder / "prometheus"
    settings = _settings(plane, namespace)
    settings["rule_files"] = [str(file) for file in _rule_files(plane, namespace, folder / "rules")]
    return serve(plane, settings, folder / "prometheus.yaml", folder / "data")


def _settings(plane: ControlPlane, namespace: str) -> dict[str, Any]:
    """What the operator wrote for the Pod, once it selects anything: it writes an empty one first."""
    path = f"/api/v1/namespaces/{namespace}/secrets/prometheus-lab"
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        data = (plane.api().get(path) or {}).get("data") or {}
        if packed := data.get("prometheus.yaml.gz"):
            text = gzip.decompress(base64.b64decode(packed)).decode()
            for variable, value in OF_THE_POD.items():
                text = text.replace(variable, value)
            settings: dict[str, Any] = yaml.safe_load(text)
            if settings.get("scrape_configs"):
                return settings
        time.sleep(0.2)
    raise LabError(f"the operator wrote no settings in {READY_SECONDS} s; see {PROMETHEUS_OPERATOR.name}.log")


def _rule_files(plane: ControlPlane, namespace: str, folder: Path) -> list[Path]:
    """Files of the ConfigMaps that the operator gathers rules in."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = []
    for one in plane.api().items(f"/api/v1/namespaces/{namespace}/configmaps"):
        if one["metadata"]["name"].startswith("prometheus-lab-rulefiles-"):
            for name, text in one["data"].items():
                write_private(folder / name, text)
                found.append(folder / name)
    return found


def start_label_proxy(plane: ControlPlane, arguments: list[str], upstream: str) -> str:
    """Start prom-label-proxy before a Prometheus.

    Args:
        plane: in whose folder its log lies.
        arguments: what it enforces, as the platform writes it on its container.
        upstream: address of Prometheus.

    Returns:
        Its address.
    """
    port, internal = free_ports(2)
    process = Process(
        name=LABEL_PROXY.name,
        command=[
            str(LABEL_PROXY.folder / LABEL_PROXY.program),
            *arguments,
            f"--upstream={upstream}",
            f"--insecure-listen-address=127.0.0.1:{port}",
            f"--internal-listen-address=127.0.0.1:{internal}",
        ],
        folder=plane.folder,
        environment={"PATH": "/usr/bin:/bin", "HOME": str(plane.folder)},
    )
    start(process)
    await_page(process, f"http://127.0.0.1:{port}/healthz", READY_SECONDS)
    return f"http://127.0.0.1:{port}"
