# SPDX-License-Identifier: MPL-2.0
"""Where KV cache goes that the GPU has no room for: main memory, then a disk or a share."""

from typing import Annotated, Literal

from pydantic import Field

from ..scalars import Memory, ObjectName
from ..section import Section


class NodeDisk(Section):
    """A disk of the node, for this pod alone; it is empty when the pod starts."""

    kind: Literal["node"]

    size: Memory
    """Room on the disk, as `200Gi`."""


class Claim(Section):
    """A PersistentVolumeClaim that exists; one that many nodes may write shares the cache among all pods.

    Nothing is evicted from it: its owner has to clear old blocks.
    """

    kind: Literal["claim"]

    name: ObjectName
    """Name of the claim."""


Disk = Annotated[NodeDisk | Claim, Field(discriminator="kind")]
"""A tier below main memory."""


class Native(Section):
    """vLLM's own offloading."""

    kind: Literal["native"]

    memory: Memory
    """Main memory of one pod for KV cache, as `64Gi`. It is a part of `resources.memory`."""

    eviction: Literal["lru", "arc"] = "lru"
    """What leaves main memory first: `lru` the longest unused, `arc` weighs how often it was used as well."""

    disk: Disk | None = None
    """A tier below main memory."""


class LmCache(Section):
    """LMCache, in the engine's own process."""

    kind: Literal["lmcache"]

    memory: Memory
    """Main memory of one pod for KV cache, as `64Gi`. It is a part of `resources.memory`."""


KvOffload = Annotated[Native | LmCache, Field(discriminator="kind")]
"""One of the ways to keep KV cache outside the GPU."""
