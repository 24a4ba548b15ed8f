# SPDX-License-Identifier: MPL-2.0
"""Rules within a pool: what its product, its sharing and its nodes allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from . import mig
from .nodes import ClusterApiNodes, KarpenterNodes, LabelledNodes, NamedNodes
from .scalars import gibibytes
from .section import Mistake, again

if TYPE_CHECKING:
    from .pools import Pool

LABELS_OF_A_PRODUCT = "nvidia.com/gpu.product"


def products_that_are_not_divided(pool: Pool) -> Iterator[Mistake]:
    """MIG is a matter of hardware: few products have it."""
    if pool.sharing.kind == "mig" and not mig.VIRTUAL.search(pool.gpu.product) and not mig.product(pool.gpu.product):
        wrong = f"{pool.gpu.product} is not known to have MIG"
        yield Mistake(("sharing", "kind"), wrong, "write whole, or correct gpu.product to what the nodes' label says")


def profiles_that_the_product_lacks(pool: Pool) -> Iterator[Mistake]:
    """Every product has profiles of its own: `1g.10gb` is an eighth of one GPU and a quarter of another."""
    known = mig.product(pool.gpu.product)
    if pool.sharing.kind == "mig" and known and pool.sharing.profile not in known.profiles:
        wrong = f"{pool.gpu.product} has no profile {pool.sharing.profile}"
        yield Mistake(("sharing", "profile"), wrong, f"write one of {', '.join(sorted(known.profiles))}")


def more_instances_than_the_product_takes(pool: Pool) -> Iterator[Mistake]:
    """Instances share the slices and the memory of their GPU."""
    known = mig.product(pool.gpu.product)
    if pool.sharing.kind == "mig" and known:
        most = known.profiles.get(pool.sharing.profile, pool.sharing.per_gpu)
        if pool.sharing.per_gpu > most:
            wrong = f"{pool.gpu.product} takes {most} x {pool.sharing.profile}, not {pool.sharing.per_gpu}"
            yield Mistake(("sharing", "perGpu"), wrong, f"write {most} or less, or a smaller profile")


def instances_of_a_virtual_gpu(pool: Pool) -> Iterator[Mistake]:
    """A vGPU is a part of a GPU already; its host alone divides it."""
    if pool.sharing.kind != "whole" and mig.VIRTUAL.search(pool.gpu.product):
        wrong = f"{pool.gpu.product} is a vGPU, which its host has divided already"
        yield Mistake(("sharing", "kind"), wrong, "write whole, and have the host divide it further")


def more_memory_than_the_product_has(pool: Pool) -> Iterator[Mistake]:
    """Many products say their memory in their name; a model that was fitted to more would not start."""
    there = mig.memory(pool.gpu.product)
    if there is not None and gibibytes(pool.gpu.memory) > there:
        wrong = f"{pool.gpu.product} has {there} GB, not {pool.gpu.memory}"
        yield Mistake(("gpu", "memory"), wrong, f"write {there}Gi or less: what the label nvidia.com/gpu.memory says")


def labels_of_another_product(pool: Pool) -> Iterator[Mistake]:
    """Nodes that are found by a product's label have that product."""
    if isinstance(pool.nodes, LabelledNodes):
        label = pool.nodes.labels.get(LABELS_OF_A_PRODUCT, pool.gpu.product)
        # Feature discovery says more of GPUs that are shared: `-SHARED`, `-MIG-1g.10gb`.
        if not label.startswith(pool.gpu.product):
            wrong = f"these nodes have {label}, and the pool is of {pool.gpu.product}"
            yield Mistake(("nodes", "labels"), wrong, "write the same product in both places")


def nodes_named_twice(pool: Pool) -> Iterator[Mistake]:
    """A node counts once."""
    if isinstance(pool.nodes, NamedNodes):
        for index, name in again(pool.nodes.names):
            yield Mistake(("nodes", "names", index), f"node {name} stands here twice", "take one away")


def taints_named_twice(pool: Pool) -> Iterator[Mistake]:
    """Key and effect name a taint."""
    for index, (key, effect) in again((taint.key, taint.effect) for taint in pool.taints):
        yield Mistake(("taints", index), f"taint {key} ({effect}) stands here twice", "take one away")


def caches_on_nodes_that_go(pool: Pool) -> Iterator[Mistake]:
    """A disk that goes with its node keeps nothing."""
    if pool.model_cache is not None and isinstance(pool.nodes, KarpenterNodes | ClusterApiNodes):
        yield Mistake(("modelCache",), "the pool's nodes come and go, and their disks with them", "take it away")


def shares_of_nodes_to_come(pool: Pool) -> Iterator[Mistake]:
    """Karpenter and the cluster autoscaler make nodes for GPUs: how many instances one gives, they can't know.

    Source: extended resources of Karpenter's instance types; Cluster API hands no `nvidia.com` label on to nodes.
    """
    if pool.sharing.kind != "whole" and isinstance(pool.nodes, KarpenterNodes | ClusterApiNodes):
        wrong = f"no node would be made for a pod that waits for {pool.resource}"
        yield Mistake(("sharing", "kind"), wrong, "write whole, or name nodes that stand already")


def idle_above_the_most(pool: Pool) -> Iterator[Mistake]:
    """A GPU that waits draws less than one that works."""
    if pool.power is not None and pool.power.idle >= pool.power.most:
        wrong = f"{pool.power.idle} W while it waits are not below {pool.power.most} W at its limit"
        yield Mistake(("power", "idle"), wrong, "write less, in watts of one GPU")


def slices_by_claim(pool: Pool) -> Iterator[Mistake]:
    """Time slices are the device plugin's own; a claim would get a GPU for itself."""
    if pool.handout.kind == "claims" and pool.sharing.kind == "timeSlicing":
        wrong = "time slices are the device plugin's, and a claim takes whole GPUs or MIG instances"
        yield Mistake(("handout", "kind"), wrong, "write plugin, or share by mig")


def claims_that_make_no_node(pool: Pool) -> Iterator[Mistake]:
    """Karpenter passes over pods with claims (source: v1.8.0, scheduler.go, IgnoreDRARequests)."""
    if pool.handout.kind == "claims" and isinstance(pool.nodes, KarpenterNodes):
        wrong = "Karpenter makes no node for a pod that claims a device"
        yield Mistake(("handout", "kind"), wrong, "write plugin, or name nodes that stand already")


def claims_larger_than_a_node(pool: Pool) -> Iterator[Mistake]:
    """The devices of a claim are of one node."""
    if pool.handout.kind == "claims":
        for index, size in enumerate(pool.handout.sizes):
            if size > pool.shares_per_node:
                wrong = f"a node has {pool.shares_per_node}, and a claim of {size} would wait for ever"
                yield Mistake(("handout", "sizes", index), wrong, f"write {pool.shares_per_node} or less")


def claims_told_twice(pool: Pool) -> Iterator[Mistake]:
    """A template has its size in its name, and a namespace has it once."""
    if pool.handout.kind == "claims":
        for field, values in (("sizes", pool.handout.sizes), ("namespaces", pool.handout.namespaces)):
            for index, value in again(values):
                yield Mistake(("handout", field, index), f"{value} stands here twice", "take one away")


RULES: tuple[Callable[[Pool], Iterator[Mistake]], ...] = (
    products_that_are_not_divided,
    profiles_that_the_product_lacks,
    more_instances_than_the_product_takes,
    instances_of_a_virtual_gpu,
    more_memory_than_the_product_has,
    labels_of_another_product,
    nodes_named_twice,
    taints_named_twice,
    caches_on_nodes_that_go,
    shares_of_nodes_to_come,
    idle_above_the_most,
    slices_by_claim,
    claims_that_make_no_node,
    claims_larger_than_a_node,
    claims_told_twice,
)
"""Rules within a pool."""
