# SPDX-License-Identifier: MPL-2.0
"""A lab from nothing to running, and back to nothing."""

import json
import platform
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import yaml

from config.environment import Environment
from config.gateway import OwnAuthority
from config.nodes import ClusterApiNodes
from config.operators import Existing, Managed

from . import (
    certificate_controllers,
    control_plane,
    controllers,
    engine,
    machine,
    node,
    node_addresses,
    node_images,
    node_storage,
    processes,
)
from .build import build
from .control_plane import PROGRAMS, ControlPlane, kubeconfig
from .definitions import install, wanted
from .errors import LabError
from .files import write_private
from .folders import LabFolder
from .live_manifests import written_definitions
from .lock import alone
from .node_parts import CERT_MANAGER, GATEWAY_DEFINITIONS, IMAGE_PARTS, NODE_PARTS
from .nodes import apply_nodes, gpu_nodes, gpus, reserved, system_node
from .parts import CLUSTER, DEFINITIONS


def control_planes(lab: LabFolder, environment: Environment) -> dict[str, ControlPlane]:
    """A control plane for each cluster of the environment, by the context that names it."""
    clusters = environment.clusters
    contexts = {clusters.gpu.context, clusters.applications.context}
    return {
        context: ControlPlane(folder=lab.cluster(context), programs=CLUSTER.folder)
        for context in sorted(contexts, key=lambda context: context != clusters.gpu.context)
    }


def up(
    lab: LabFolder,
    stack: str,
    environment: Environment,
    while_building: Callable[[], None] = lambda: None,
    *,
    with_controllers: bool = False,
    with_node: bool = False,
) -> None:
    """Build what is missing, start what doesn't run, and bring definitions and nodes up to date.

    Args:
        lab: where it lies.
        stack: whose lab it is.
        environment: the stack's.
        while_building: called once, while the first compiler runs.
        with_controllers: whether KServe's and LeaderWorkerSet's controllers run on the GPU cluster.
        with_node: whether the GPU cluster has a real node. A lab that has one keeps it until it goes down.

    Raises:
        LabError: something can't be built or doesn't start; with its own words and what to do.
    """
    if platform.system() != "Linux":
        raise LabError(f"the lab needs Linux, and this is {platform.system()}; use a virtual machine, or a cluster")
    plane = control_planes(lab, environment)[environment.clusters.gpu.context]
    with_node = with_node or node_addresses.of(plane.folder) is not None
    if with_node and (reason := machine.lacks()):
        raise LabError(f"this machine can't have a real node: {reason}")
    more = (*(controllers.NEEDED if with_controllers else ()), *((*NODE_PARTS, *IMAGE_PARTS) if with_node else ()))
    build((DEFINITIONS, CLUSTER, *engine.needed(), *more), while_building)
    with _alone(lab):
        if with_node:
            node.prepare(plane)
        _start(lab, stack, environment)
        if with_node:
            install(plane.api(), node_definitions(environment))
            node.up(plane, node_images.wanted(environment))
            _furnish(plane, environment)
        if with_controllers:
            controllers.up(plane, environment.gateway.class_name if environment.gateway else None)
        else:
            controllers.forget(plane)


def _furnish(plane: ControlPlane, environment: Environment) -> None:
    """What a real node has besides pods: disks, certificates, and the GPUs of a pool that names it."""
    api = plane.api()
    node_storage.provide(api, node.folder(plane))
    certificate_controllers.up(plane)
    for one in filter(is_real, gpu_nodes(environment)):
        node.offer(api, gpus(one))


def is_real(pool_node: dict[str, Any]) -> bool:
    """Whether a pool names the real node: then that one stands for it, and none is played."""
    return bool(pool_node["metadata"]["name"] == node_addresses.NODE)


def _start(lab: LabFolder, stack: str, environment: Environment) -> None:
    planes = control_planes(lab, environment)
    for plane in planes.values():
        control_plane.up(plane)
    write_private(lab.kubeconfig, yaml.safe_dump(kubeconfig(planes, "operator")))
    definitions = wanted(json.loads((DEFINITIONS.folder / "definitions.json").read_text()), environment)
    for context, plane in planes.items():
        install(plane.api(), definitions)
        for namespace in brought_by_others(environment):
            plane.api().apply(
                f"/api/v1/namespaces/{namespace}",
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
            )
        nodes = gpu_nodes(environment) if context == environment.clusters.gpu.context else []
        if node_addresses.of(plane.folder) is None:
            apply_nodes(plane.api(), [system_node(), *nodes])
        else:
            apply_nodes(plane.api(), [reserved(one) for one in nodes if not is_real(one)])
    engine.prepare(lab, stack)


def brought_by_others(environment: Environment) -> list[str]:
    """Namespaces of existing operators in which the platform puts something: on the lab nobody else makes them."""
    gateway, operators = environment.gateway, environment.operators
    nodes = [pool.nodes for pool in environment.pools.values()]
    named = [one.namespace for one in nodes if isinstance(one, ClusterApiNodes)]
    named += [environment.keycloak.namespace] if environment.keycloak else []
    if gateway is None:
        return sorted({*named})
    authority = [gateway.authority.namespace] if isinstance(gateway.authority, OwnAuthority) else []
    places = ((operators.envoy_gateway, [gateway.proxy_namespace]), (operators.cert_manager, authority))
    existing = (name for operator, names in places if isinstance(operator, Existing) for name in names)
    return sorted({*named, *existing})


def node_definitions(environment: Environment) -> list[dict[str, Any]]:
    """Kinds that controllers on the node watch and the platform never writes, unless its own charts bring them."""
    brought = isinstance(environment.operators.crds, Managed)
    parts = [CERT_MANAGER] if brought else [GATEWAY_DEFINITIONS, CERT_MANAGER]
    return [one for part in parts for one in written_definitions(part.folder)]


def down(lab: LabFolder) -> None:
    """Stop every process of the lab and remove its folder. Builds stay.

    Raises:
        LabError: a process of the lab is left.
    """
    with _alone(lab):
        for folder in (lab.root / "clusters").glob("*"):
            node.down(ControlPlane(folder=folder, programs=CLUSTER.folder))
        for note in sorted((lab.root / "clusters").glob("*/*.pid"), key=_order_of_stopping):
            processes.stop(note)
        for folder in (lab.root / "clusters").glob("*"):
            processes.stop_strays(folder)
        shutil.rmtree(lab.root, ignore_errors=True)
        if lab.root.exists():
            raise LabError(f"{lab.root} could not be removed; see whose its files are")


def _alone(lab: LabFolder) -> AbstractContextManager[None]:
    return alone(lab.root / "lock", f"another run is at {lab.root.name}; waiting for it")


def _order_of_stopping(note: Path) -> int:
    """Controllers first, then the control plane against the order of its start."""
    return -PROGRAMS.index(note.stem) if note.stem in PROGRAMS else -len(PROGRAMS)
