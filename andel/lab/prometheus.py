# SPDX-License-Identifier: MPL-2.0
"""A Prometheus (3.15.0) as a process of this machine."""

from pathlib import Path
from typing import Any

import yaml

from .control_plane import ControlPlane
from .files import write_private
from .processes import Process, await_page, free_ports, start
from .scaling_parts import PROMETHEUS

READY_SECONDS = 60


def serve(plane: ControlPlane, settings: dict[str, Any], file: Path, data: Path) -> str:
    """Start a Prometheus.

    Args:
        plane: in whose folder its log lies.
        settings: of `prometheus.yaml`.
        file: where they are written.
        data: folder of what it reads.

    Returns:
        Its address.

    Raises:
        LabError: it ends by itself, or is not ready in time; with the end of its log.
    """
    write_private(file, yaml.safe_dump(settings))
    (port,) = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    process = Process(
        name=PROMETHEUS.name,
        command=[
            str(PROMETHEUS.folder / PROMETHEUS.program),
            f"--config.file={file}",
            f"--storage.tsdb.path={data}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        folder=plane.folder,
        environment={"PATH": "/usr/bin:/bin", "HOME": str(plane.folder)},
    )
    start(process)
    await_page(process, f"{address}/-/ready", READY_SECONDS)
    return address
