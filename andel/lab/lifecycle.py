# SPDX-License-Identifier: MPL-2.0
"""A lab from nothing to running, and back to nothing."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import yaml

from config.environment import Environment

from . import control_plane, engine, processes
from .build import build
from .control_plane import PROGRAMS, ControlPlane, kubeconfig
from .definitions import install, wanted
from .errors import LabError
from .files import write_private
from .folders import LabFolder
from .nodes import apply_nodes, gpu_nodes, system_node
from .parts import CLUSTER, DEFINITIONS


def control_planes(lab: LabFolder, environment: Environment) -> dict[str, ControlPlane]:
    """A control plane for each cluster of the environment, by the context that names it."""
    clusters = environment.clusters
    contexts = {clusters.gpu.context, clusters.applications.context}
    return {
        context: ControlPlane(folder=lab.cluster(context), programs=CLUSTER.folder)
        for context in sorted(contexts, key=lambda context: context != clusters.gpu.context)
    }


def up(lab: LabFolder, stack: str, environment: Environment, while_building: Callable[[], None] = lambda: None) -> None:
    """Build what is missing, start what doesn't run, and bring definitions and nodes up to date.

    Raises:
        LabError: something can't be built or doesn't start; with its own words and what to do.
    """
    build((DEFINITIONS, CLUSTER, *engine.needed()), while_building)
    planes = control_planes(lab, environment)
    for plane in planes.values():
        control_plane.up(plane)
    write_private(lab.kubeconfig, yaml.safe_dump(kubeconfig(planes, "operator")))
    definitions = wanted(json.loads((DEFINITIONS.folder / "definitions.json").read_text()), environment)
    for context, plane in planes.items():
        install(plane.api(), definitions)
        gpus = gpu_nodes(environment) if context == environment.clusters.gpu.context else []
        apply_nodes(plane.api(), [system_node(), *gpus])
    engine.prepare(lab, stack)


def down(lab: LabFolder) -> None:
    """Stop every process of the lab and remove its folder. Builds stay.

    Raises:
        LabError: a process of the lab is left.
    """
    for note in sorted((lab.root / "clusters").glob("*/*.pid"), key=_order_of_stopping):
        processes.stop(note)
    for pid in left_over(lab):
        os.kill(pid, 9)
    shutil.rmtree(lab.root, ignore_errors=True)
    if lab.root.exists():
        raise LabError(f"{lab.root} could not be removed; see whose its files are")


def left_over(lab: LabFolder) -> list[int]:
    """Programs of the lab without a note: started by a run that was killed before it could write one."""
    marker = f"ANDEL_LAB_FOLDER={lab.root}/clusters/".encode()
    ours, found = {*PROGRAMS, "cluster"}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "exe").readlink().name in ours and marker in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue  # it ended, or is somebody else's
    return found


def _order_of_stopping(note: Path) -> int:
    return -PROGRAMS.index(note.stem) if note.stem in PROGRAMS else 0
