# SPDX-License-Identifier: MPL-2.0
"""Addresses of a lab's node.

Each lab with a node has a place of its own, numbered from 0. Its pods, its Services and the cable between its node and
this machine lie in ranges that no other place has: this machine reaches the pods and Services of every lab, and no two
labs meet.
"""

import json
from dataclasses import dataclass
from pathlib import Path

PLACES = 8
"""Labs with a node that one machine can have at a time."""

NODE = "node-1"
"""Name of the node."""


@dataclass(frozen=True)
class NodeNetwork:
    """Addresses of one place."""

    place: int
    """0 to 7."""

    @property
    def services(self) -> str:
        """Range of ClusterIPs. That of place 0 is every lab's without a node."""
        return f"10.{96 + self.place}.0.0/16"

    @property
    def pods(self) -> str:
        """Range of pods."""
        return f"10.{112 + self.place}.0.0/24"

    @property
    def interface(self) -> str:
        """This machine's end of the cable."""
        return f"andel{self.place}"

    @property
    def machine(self) -> str:
        """This machine's address on the cable: the API server's, as pods see it."""
        return f"10.{128 + self.place}.0.1"

    @property
    def node(self) -> str:
        """The node's address on the cable."""
        return f"10.{128 + self.place}.0.2"

    @property
    def cable(self) -> str:
        """Range of the cable."""
        return f"10.{128 + self.place}.0.0/30"

    @property
    def kubernetes(self) -> str:
        """Address of the Service `kubernetes`."""
        return f"10.{96 + self.place}.0.1"


EVERY_PLACE = tuple(NodeNetwork(place) for place in range(PLACES))


def of(folder: Path) -> NodeNetwork | None:
    """The network of a control plane that has a node, or had one.

    Args:
        folder: the control plane's.
    """
    file = folder / "node.json"
    return NodeNetwork(json.loads(file.read_text())["place"]) if file.exists() else None
