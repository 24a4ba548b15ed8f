# SPDX-License-Identifier: MPL-2.0
"""Rules between pools and who looks after their GPUs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from . import mig
from .names import SERVING
from .nodes import LabelledNodes
from .operators import ManagedGpuOperator
from .section import Mistake, again

if TYPE_CHECKING:
    from .environment import Environment

MIG_LAYOUT = "nvidia.com/mig.config"
"""Label of a node that names the layout of its GPUs (source: GPU Operator, MIG manager)."""

PLUGIN_SETTINGS = "nvidia.com/device-plugin.config"
"""Label of a node that names the settings of its device plugin (source: GPU Operator)."""

LAYOUT_LABEL = {"mig": MIG_LAYOUT, "timeSlicing": PLUGIN_SETTINGS}
"""Label by which a managed operator knows how a node's GPUs are shared."""


def slices_in_production(environment: Environment) -> Iterator[Mistake]:
    """Nothing holds the memory of time slices apart: one municipality's model may fell another's."""
    for name, pool in environment.pools.items():
        if pool.sharing.kind == "timeSlicing" and not environment.release.allow_unresolved:
            wrong = "time slices share a GPU's memory without a wall, and this environment is for production"
            mend = "write whole or mig; environments for trials say release.allowUnresolved: true"
            yield Mistake(("pools", name, "sharing", "kind"), wrong, mend)


def layouts_that_nobody_sets(environment: Environment) -> Iterator[Mistake]:
    """A managed GPU operator divides a node by its label, and the platform writes none on nodes found by labels."""
    if not isinstance(environment.operators.gpu_operator, ManagedGpuOperator):
        return
    for name, pool in environment.pools.items():
        label = LAYOUT_LABEL.get(pool.sharing.kind)
        if label and isinstance(pool.nodes, LabelledNodes) and pool.nodes.labels.get(label) != name:
            wrong = f"the GPU operator divides GPUs of nodes labelled {label}: {name}, and these are not found by it"
            mend = "have their owner set that label and write it here, or write named"
            yield Mistake(("pools", name, "nodes", "labels"), wrong, mend)


def licences_without_a_driver(environment: Environment) -> Iterator[Mistake]:
    """The licence is the driver's; a host's driver has its own."""
    operator = environment.operators.gpu_operator
    if isinstance(operator, ManagedGpuOperator) and operator.license and operator.driver == "host":
        path = ("operators", "gpuOperator", "license")
        yield Mistake(path, "the nodes' own driver reads no Secret", "take it away, or write driver: container")


def drivers_without_a_licence(environment: Environment) -> Iterator[Mistake]:
    """A vGPU's driver slows the GPU down until it has a licence."""
    operator = environment.operators.gpu_operator
    if not isinstance(operator, ManagedGpuOperator) or operator.driver == "host" or operator.license:
        return
    virtual = [name for name, pool in environment.pools.items() if mig.VIRTUAL.search(pool.gpu.product)]
    if virtual:
        path = ("operators", "gpuOperator", "driver")
        wrong = f"drivers of vGPUs ({', '.join(virtual)}) need a licence"
        yield Mistake(path, wrong, "name license, or write host")


def claims_beside_a_plugin(environment: Environment) -> Iterator[Mistake]:
    """A managed GPU operator brings the device plugin, which would hand out the same GPUs again.

    Source: NVIDIA, GPU Operator, DRA driver: a cluster has a ClusterPolicy or a GPUCluster, not both.
    """
    if isinstance(environment.operators.gpu_operator, ManagedGpuOperator):
        for name in claimed(environment):
            wrong = "the managed GPU operator brings the device plugin, which would hand out the same GPUs again"
            mend = "write plugin, or bring operator and DRA driver yourself"
            yield Mistake(("pools", name, "handout", "kind"), wrong, mend)


def requests_that_two_pools_serve(environment: Environment) -> Iterator[Mistake]:
    """Which class serves a number that is asked for, its name alone says (`extendedResourceName`)."""
    pools = claimed(environment)
    for index, resource in again(environment.pools[name].resource for name in pools):
        wrong = f"another pool's class serves requests for {resource} already"
        mend = "write plugin, or make one pool of both"
        yield Mistake(("pools", pools[index], "handout", "kind"), wrong, mend)


def templates_where_nobody_is(environment: Environment) -> Iterator[Mistake]:
    """Namespaces are the models' and those of uses: others have no walls of ours."""
    uses = environment.pooling.uses.values() if environment.pooling else ()
    known = {SERVING, *(namespace for use in uses for namespace in use.namespaces)}
    for name, pool in environment.pools.items():
        if pool.handout.kind == "claims":
            for index, namespace in enumerate(pool.handout.namespaces):
                if namespace not in known:
                    wrong = f"{namespace} is neither the models' namespace nor a use's"
                    path = ("pools", name, "handout", "namespaces", index)
                    yield Mistake(path, wrong, f"write one of {', '.join(sorted(known))}")


def claimed(environment: Environment) -> list[str]:
    """Pools whose GPUs are claimed."""
    return [name for name, pool in environment.pools.items() if pool.handout.kind == "claims"]


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    slices_in_production,
    layouts_that_nobody_sets,
    licences_without_a_driver,
    drivers_without_a_licence,
    claims_beside_a_plugin,
    requests_that_two_pools_serve,
    templates_where_nobody_is,
)
"""Rules between pools and their operators."""
