# SPDX-License-Identifier: MPL-2.0
"""A control plane with a GPU node and few definitions, without engine and stack: for tests of one program."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from andel.lab import control_plane, processes
from andel.lab.build import build
from andel.lab.control_plane import ControlPlane
from andel.lab.definitions import install
from andel.lab.nodes import apply_nodes, fake_node, system_node
from andel.lab.parts import CLUSTER, DEFINITIONS, Part

GPU_NODE = fake_node("gpu-1", {}, {"cpu": "64", "memory": "512Gi", "nvidia.com/gpu": "8"}, [])


@contextmanager
def cluster(folder: Path, definitions: set[str], *parts: Part) -> Iterator[ControlPlane]:
    """A running control plane; whatever was started in its folder ends with it.

    Args:
        folder: where it lies.
        definitions: names of those of the release that it serves.
        parts: what else is built.
    """
    build((DEFINITIONS, CLUSTER, *parts))
    plane = ControlPlane(folder=folder, programs=CLUSTER.folder)
    collected = json.loads((DEFINITIONS.folder / "definitions.json").read_text())
    try:
        control_plane.up(plane)
        install(plane.api(), [one for _, one in collected if one["metadata"]["name"] in definitions])
        apply_nodes(plane.api(), [system_node(), GPU_NODE])
        yield plane
    finally:
        for note in sorted(folder.glob("*.pid")):
            if note.stem not in control_plane.PROGRAMS:
                processes.stop(note)
        control_plane.down(plane)
