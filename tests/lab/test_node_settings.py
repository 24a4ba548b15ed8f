# SPDX-License-Identifier: MPL-2.0
"""Addresses and settings of a lab's node, and what stands on KWOK's nodes beside it."""

import ipaddress
import json
import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from andel.lab import control_groups, debian, node_addresses, node_settings
from andel.lab.control_plane import ControlPlane, _reach
from andel.lab.enclosure import inside, opened
from andel.lab.errors import LabError
from andel.lab.node_addresses import EVERY_PLACE, NodeNetwork
from andel.lab.nodes import fake_node, reserved


def ranges(network: NodeNetwork) -> list[ipaddress.IPv4Network]:
    return [ipaddress.IPv4Network(one) for one in (network.services, network.pods, network.cable)]


def test_no_two_places_meet() -> None:
    """Two labs with nodes on one machine: whatever pod or Service an address is of, it is of one."""
    every = [one for network in EVERY_PLACE for one in ranges(network)]
    assert [pair for pair in combinations(every, 2) if pair[0].overlaps(pair[1])] == []
    assert len({network.interface for network in EVERY_PLACE}) == len(EVERY_PLACE)


@pytest.mark.parametrize("network", EVERY_PLACE, ids=lambda network: f"place-{network.place}")
def test_addresses_lie_in_their_ranges(network: NodeNetwork) -> None:
    services, _, cable = ranges(network)
    assert ipaddress.IPv4Address(network.kubernetes) == next(iter(services.hosts()))
    assert [str(host) for host in cable.hosts()] == [network.machine, network.node]
    assert len(network.interface) < 16  # IFNAMSIZ


def test_a_lab_without_a_node_is_reached_by_this_machine_alone(tmp_path: Path) -> None:
    """Only who asks for a node opens the API server to others, and then they still need a certificate."""
    plane = ControlPlane(folder=tmp_path, programs=tmp_path)
    without = _reach(plane, plane.client("lab"))
    assert without == ["--bind-address=127.0.0.1", "--service-cluster-ip-range=10.96.0.0/16"]
    (tmp_path / "node.json").write_text(json.dumps({"place": 3}))
    network = node_addresses.of(tmp_path)
    assert network == NodeNetwork(3)
    having = _reach(plane, plane.client("lab"))
    assert f"--advertise-address={network.machine}" in having
    assert f"--service-cluster-ip-range={network.services}" in having


def test_the_runtimes_settings_are_toml_and_stay_in_the_labs_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_settings, "program", lambda name: Path("/programs") / name)
    settings: Any = tomllib.loads(node_settings.containerd(tmp_path))
    cri = settings["plugins"]["io.containerd.grpc.v1.cri"]
    assert settings["root"] == str(tmp_path / "containerd")
    assert settings["state"].startswith("/run/")  # the enclosure's own
    assert cri["cni"]["conf_dir"] == str(tmp_path / "cni")
    assert cri["restrict_oom_score_adj"] is True


def test_an_other_pod_never_seems_to_run_on_a_played_node() -> None:
    """Beside a real node KWOK's are for pods that ask for what they have; those tolerate it by themselves."""
    taints = [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]
    node = fake_node("a", {}, {"cpu": "8", "nvidia.com/gpu": "2", "nvidia.com/mig-1g.10gb": "7"}, taints)
    kept = reserved(node)["spec"]["taints"]
    assert taints[0] in kept
    assert {one["key"] for one in kept} == {"gpu", "nvidia.com/gpu", "nvidia.com/mig-1g.10gb"}
    assert node["spec"]["taints"] == taints


def test_every_package_is_pinned_by_version_and_hash() -> None:
    pins = list(debian.pins())
    assert len({name for name, _, _ in pins}) == len(pins)
    assert all(len(checksum) == 64 and version for _, version, checksum in pins)
    assert {"containerd", "runc", "containernetworking-plugins", "nftables", "iproute2"} <= {
        name for name, _, _ in pins
    }


def test_a_group_goes_with_all_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree of folders stands in for cgroupfs, in which rmdir takes a group whose files are the kernel's."""
    monkeypatch.setattr(control_groups, "ROOT", tmp_path)
    for controller in ("cpu", "memory"):
        (tmp_path / controller / "andel-x" / "kubepods" / "pod1").mkdir(parents=True)
        (tmp_path / controller / "others").mkdir()
    control_groups.remove("andel-x")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "cpu",
        "cpu/others",
        "memory",
        "memory/others",
    ]
    control_groups.remove("andel-x")


def test_a_lab_that_its_node_could_not_see_is_refused() -> None:
    with pytest.raises(LabError, match=r"/var/lib; set XDG_STATE_HOME"):
        opened(Path("/var/lib/labs/one"))


def test_nothing_goes_into_an_enclosure_that_nobody_holds(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="run `andel lab up --node`"):
        inside(tmp_path / "holder.pid", tmp_path)
