# SPDX-License-Identifier: MPL-2.0
"""The kubeconfig of a lab: a context for each cluster of the environment, and no key in it."""

import json
import platform
from pathlib import Path

import pytest
import yaml

from andel.lab import certificates, lifecycle
from andel.lab.control_plane import ControlPlane, kubeconfig
from andel.lab.errors import LabError
from andel.lab.folders import LabFolder
from config.environment import Environment


def plane(folder: Path, port: int) -> ControlPlane:
    """A control plane that has ports and keys, and doesn't run."""
    certificates.make(folder / "certificates")
    (folder / "ports.json").write_text(json.dumps({"api": port}))
    return ControlPlane(folder=folder, programs=folder)


def test_each_cluster_has_a_context_of_its_name(tmp_path: Path) -> None:
    """The program names contexts, as on a cluster of one's own (kubeconfig, v1 Config)."""
    planes = {"gpu": plane(tmp_path / "a", 1001), "apps": plane(tmp_path / "b", 1002)}
    document = yaml.safe_load(yaml.safe_dump(kubeconfig(planes, "operator")))
    assert document["current-context"] == "gpu"
    servers = {one["name"]: one["cluster"]["server"] for one in document["clusters"]}
    users = {one["name"]: one["user"] for one in document["users"]}
    for context in document["contexts"]:
        name = context["name"]
        assert servers[context["context"]["cluster"]] == planes[name].server
        assert users[context["context"]["user"]]["client-key"] == str(planes[name].client("operator").key)
    assert [context["name"] for context in document["contexts"]] == ["gpu", "apps"]


def test_no_key_stands_in_it(tmp_path: Path) -> None:
    """It is printed, copied and mailed; the keys are in files of mode 0600 that it names."""
    one = plane(tmp_path, 1001)
    text = yaml.safe_dump(kubeconfig({"gpu": one}, "operator"))
    assert "PRIVATE" not in text
    assert "-data" not in text


def test_an_environment_has_a_control_plane_for_each_of_its_clusters(environment: Environment, tmp_path: Path) -> None:
    """The GPU cluster is the first: its context is the current one."""
    planes = lifecycle.control_planes(LabFolder(root=tmp_path), environment)
    clusters = environment.clusters
    assert list(planes) == list(dict.fromkeys([clusters.gpu.context, clusters.applications.context]))
    assert len({one.folder for one in planes.values()}) == len(planes)


@pytest.mark.parametrize("system", ["Darwin", "Windows"])
def test_another_system_is_told_so(
    system: str, environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The programs are Linux programs, and process ids are read from /proc."""
    monkeypatch.setattr(platform, "system", lambda: system)
    with pytest.raises(LabError, match=f"the lab needs Linux, and this is {system}"):
        lifecycle.up(LabFolder(root=tmp_path / "lab"), "dev", environment)
    assert not (tmp_path / "lab").exists()
