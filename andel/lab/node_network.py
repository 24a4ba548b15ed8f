# SPDX-License-Identifier: MPL-2.0
"""The cable between this machine and a lab's node, and the ways to its pods and Services."""

import ipaddress
import json
import subprocess
import time
from pathlib import Path

from . import enclosure
from .debian import environment, program
from .errors import LabError
from .files import write_private
from .folders import state_folder
from .lock import alone
from .node_addresses import EVERY_PLACE, NodeNetwork, of
from .processes import running

CABLE = "eth0"
"""The node's end of the cable."""

VANISH_SECONDS = 10
"""How long the kernel may take to remove the cable of an enclosure that ended a moment ago."""


def connected(folder: Path, holder: Path, *, started: bool) -> NodeNetwork:
    """Lay the cable between this machine and an enclosure, if it doesn't lie, and the ways to its pods and Services.

    A control plane keeps the place that it has: ranges can't change under a cluster.

    Args:
        folder: the control plane's.
        holder: note of the process that holds the enclosure.
        started: whether the control plane has been started before without a node, with the Services of place 0.

    Raises:
        LabError: every place that would do is taken.
    """
    with alone(state_folder() / "places.lock", "another lab's node is being connected; waiting for it"):
        kept = of(folder)
        if kept and _inside(holder, "link", "show", "dev", CABLE).returncode == 0:
            return kept
        choice = (kept,) if kept else EVERY_PLACE[:1] if started else EVERY_PLACE
        deadline = time.monotonic() + VANISH_SECONDS
        while (network := next((one for one in choice if not _taken(one)), None)) is None:
            if time.monotonic() > deadline:
                raise LabError(
                    f"the address ranges of this lab's node ({' or '.join(one.pods for one in choice)}) are in use;"
                    " `andel lab down` another lab that has a node, or this one"
                )
            time.sleep(0.2)
        write_private(folder / "node.json", json.dumps({"place": network.place}))
        _connect(network, holder)
        return network


def wait_until_gone(network: NodeNetwork) -> None:
    """Wait until the kernel has removed the cable of an enclosure that ended.

    Raises:
        LabError: it stays.
    """
    deadline = time.monotonic() + VANISH_SECONDS
    while Path(f"/sys/class/net/{network.interface}").exists():
        if time.monotonic() > deadline:
            raise LabError(f"the interface {network.interface} is left; see what holds its network namespace")
        time.sleep(0.05)


def _taken(network: NodeNetwork) -> bool:
    """Whether another lab has the place, or this machine is itself in one of its ranges."""
    if Path(f"/sys/class/net/{network.interface}").exists():
        return True
    addresses = [
        ipaddress.ip_address(one["local"])
        for link in json.loads(ip("-json", "-4", "address", "show"))
        for one in link.get("addr_info", [])
    ]
    ranges = [ipaddress.ip_network(one) for one in (network.services, network.pods, network.cable)]
    return any(address in one for address in addresses for one in ranges)


def _connect(network: NodeNetwork, holder: Path) -> None:
    ip("link", "add", network.interface, "type", "veth", "peer", "name", CABLE, "netns", str(running(holder)))
    ip("address", "add", f"{network.machine}/30", "dev", network.interface)
    ip("link", "set", network.interface, "up")
    for words in (
        ("link", "set", "lo", "up"),
        ("address", "add", f"{network.node}/30", "dev", CABLE),
        ("link", "set", CABLE, "up"),
        # No other way leads out. This one is never gone: kube-proxy turns such packets to pods first.
        ("route", "add", network.services, "dev", CABLE),
    ):
        if (run := _inside(holder, *words)).returncode:
            raise LabError(f"ip {' '.join(words)}: {run.stderr.strip()}")
    for reached in (network.pods, network.services):
        ip("route", "add", reached, "via", network.node, "dev", network.interface)


def _inside(holder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return enclosure.run(holder, [str(program("ip")), *arguments], environment(), Path("/"))


def ip(*arguments: str) -> str:
    """Run `ip` of iproute2.

    Raises:
        LabError: it refuses; with its own words.
    """
    run = subprocess.run([program("ip"), *arguments], env=environment(), capture_output=True, text=True)
    if run.returncode:
        raise LabError(f"ip {' '.join(arguments)}: {run.stderr.strip()}")
    return run.stdout
