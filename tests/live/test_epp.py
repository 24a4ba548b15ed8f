# SPDX-License-Identifier: MPL-2.0
"""The picker of GIE v1.5.0 starts with each configuration that we write in its dialect, and refuses broken ones."""

import copy
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from andel.lab.control_plane import ControlPlane
from andel.lab.live_parts import PICKER
from andel.lab.processes import free_ports
from andel.release.epp import COMMON, GIE_1_5
from components.kserve_settings import PICKER_ARGUMENTS
from components.serving.epp import picker_config
from config.judge import judge
from config.serving import LlmD
from config.stackfile import read
from tests.conftest import ROOT
from tests.live.bare import cluster

POOL = "/apis/inference.networking.k8s.io/v1/namespaces/default/inferencepools/chat-inference-pool"

READY_SECONDS = 30

Config = dict[str, Any]


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("picker") / "plane"
    with cluster(folder, {"inferencepools.inference.networking.k8s.io"}, PICKER) as plane:
        pool = {
            "selector": {"matchLabels": {"app.kubernetes.io/name": "chat"}},
            "targetPorts": [{"number": 8000}],
            "endpointPickerRef": {"name": "chat-epp-service", "port": {"number": 9002}},
        }
        identity = {"apiVersion": "inference.networking.k8s.io/v1", "kind": "InferencePool"}
        plane.api().apply(POOL, {**identity, "metadata": {"name": "chat-inference-pool"}, "spec": pool})
        yield plane


def written() -> dict[str, Config]:
    """Configurations for every model of every stack file, each once."""
    found: dict[str, Config] = {}
    for file in sorted({*ROOT.glob("Pulumi.*.yaml"), *ROOT.glob("tests/environments/Pulumi.*.yaml")}):
        environment = judge(read(file).environment)
        bands = {name: tier.priority for name, tier in environment.tiers.items()}
        for name, model in environment.models.items():
            if isinstance(model.serving, LlmD):
                config = picker_config(model.serving, GIE_1_5, bands)
                if config not in found.values():
                    found[f"{file.name.split('.')[1]}-{name}"] = config
    return found


def strategies() -> dict[str, Config]:
    """The strategies with their defaults, with each flow control and without."""
    flows: dict[str, dict[str, Any] | None] = {
        "none": None,
        "fair": {"fairness": "round-robin", "ordering": "first-come"},
        "strict": {"fairness": "global-strict", "ordering": "earliest-deadline"},
    }
    kinds = ("balanced", "sticky-until-saturated", "lora-affinity")
    chosen: dict[str, dict[str, Any]] = {kind: {"kind": kind} for kind in kinds}
    chosen["remembering"] = {"kind": "balanced", "prefixBlock": 64}
    return {
        f"{name}-{how}": picker_config(
            LlmD.model_validate({"kind": "llm-d", "strategy": strategy, "flowControl": flow}),
            GIE_1_5,
            {"basic": 0, "standard": 10, "critical": 100},
        )
        for name, strategy in chosen.items()
        for how, flow in flows.items()
    }


def types(config: Config) -> set[str]:
    return {plugin["type"] for plugin in config["plugins"]}


ALL = {**strategies(), **written()}
ROUTER_ONLY = {name: config for name, config in ALL.items() if not types(config) <= COMMON}
# GIE v1.5.0 compares two pointers (pkg/epp/datalayer/data_graph.go, buildDAG), so these two never load together.
INCOMPATIBLE = {"inflight-load-producer", "token-load-scorer"}
MISMATCHED = {name: config for name, config in ALL.items() if types(config) <= COMMON and types(config) >= INCOMPATIBLE}
KNOWN = {name: config for name, config in ALL.items() if name not in {*ROUTER_ONLY, *MISMATCHED}}


def test_there_are_configurations_of_both_sorts() -> None:
    """A glob that finds nothing would test nothing."""
    assert len(KNOWN) >= 8
    assert MISMATCHED
    assert {"precise-prefix-cache-scorer", "disagg-profile-handler"} <= set().union(*map(types, ROUTER_ONLY.values()))


class Picker:
    """A picker as KServe's preset starts it (source: KServe v0.20.0, config-llm-scheduler.yaml), on own ports."""

    def __init__(self, plane: ControlPlane, config: Config, log: Path) -> None:
        grpc, health, self.metrics = free_ports(3)
        self.log = log
        command = [
            str(PICKER.folder / PICKER.program),
            *("--pool-name", "chat-inference-pool", "--pool-namespace", "default", "--zap-encoder", "json"),
            *("--grpc-port", str(grpc), "--grpc-health-port", str(health)),
            *PICKER_ARGUMENTS,
            *("--config-text", yaml.safe_dump(config)),
            *("--metrics-port", str(self.metrics), "--tracing=false", "--enable-pprof=false"),
        ]
        environment = {"PATH": os.defpath, "KUBECONFIG": str(plane.folder / "lab.kubeconfig"), "HOME": str(log.parent)}
        with log.open("wb") as output:
            self.child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)

    def serves(self) -> str | None:
        """What it measures once it serves; None if it ended by itself."""
        pool = urllib3.PoolManager(retries=False)
        deadline = time.monotonic() + READY_SECONDS
        while self.child.poll() is None:
            try:
                return pool.request("GET", f"http://127.0.0.1:{self.metrics}/metrics", timeout=2).data.decode()
            except urllib3.exceptions.HTTPError:
                assert time.monotonic() < deadline, self.log.read_text()[-2000:]
                time.sleep(0.1)
        return None

    def end(self) -> None:
        self.child.terminate()
        self.child.wait()


@pytest.fixture
def picker(plane: ControlPlane, tmp_path: Path) -> Iterator[Callable[[Config], Picker]]:
    started: list[Picker] = []

    def begin(config: Config) -> Picker:
        started.append(Picker(plane, config, tmp_path / "picker.log"))
        return started[-1]

    yield begin
    for one in started:
        one.end()


@pytest.mark.parametrize("name", KNOWN)
def test_a_configuration_of_ours_starts(name: str, picker: Callable[[Config], Picker]) -> None:
    """And what it measures has the names that dashboards and autoscalers ask for."""
    config = KNOWN[name]
    started = picker(config)
    metrics = started.serves()
    assert metrics is not None, started.log.read_text()[-2000:]
    assert f"{GIE_1_5.metrics_prefix}_info{{" in metrics
    loaded = started.log.read_text()
    assert ("Initializing experimental Flow Control layer" in loaded) == (
        "flowControl" in config.get("featureGates", ())
    )


@pytest.mark.parametrize("name", ROUTER_ONLY)
def test_what_only_the_router_knows_is_refused(name: str, picker: Callable[[Config], Picker]) -> None:
    """So the table of its plugins says the truth: what is not in it does not start."""
    started = picker(ROUTER_ONLY[name])
    assert started.serves() is None
    assert any(kind in started.log.read_text() for kind in types(ROUTER_ONLY[name]) - COMMON)


@pytest.mark.parametrize("name", MISMATCHED)
def test_two_plugins_of_this_picker_never_load_together(name: str, picker: Callable[[Config], Picker]) -> None:
    """Its own mistake. Where this fails, the picker has been mended and the strategy can be shown."""
    started = picker(MISMATCHED[name])
    assert started.serves() is None
    assert "data type mismatch between produced and consumed data for key: InFlightLoadKey" in started.log.read_text()


def unknown_plugin(config: Config) -> str:
    config["plugins"].append({"type": "no-such-scorer"})
    return "no-such-scorer"


def unknown_field(config: Config) -> str:
    config["schedulingProfile"] = []
    return "schedulingProfile"


def unknown_reference(config: Config) -> str:
    config["schedulingProfiles"][0]["plugins"].append({"pluginRef": "no-such-plugin"})
    return "no-such-plugin"


def unknown_gate(config: Config) -> str:
    config["featureGates"] = ["noSuchGate"]
    return "noSuchGate"


def broken_duration(config: Config) -> str:
    config["flowControl"]["defaultRequestTTL"] = "a while"
    return "a while"


def another_group(config: Config) -> str:
    config["apiVersion"] = "llm-d.ai/v1alpha1"
    return "llm-d.ai/v1alpha1"


BREAKS = (unknown_plugin, unknown_field, unknown_reference, unknown_gate, broken_duration, another_group)


@pytest.mark.parametrize("edit", BREAKS, ids=lambda edit: edit.__name__)
def test_a_broken_configuration_is_refused(edit: Callable[[Config], str], picker: Callable[[Config], Picker]) -> None:
    """It ends with words about what is wrong, and the very configuration without the mistake starts."""
    config = copy.deepcopy(KNOWN["balanced-fair"])
    named = edit(config)
    started = picker(config)
    assert started.serves() is None, f"started with {json.dumps(config)}"
    assert started.child.returncode != 0
    assert named in started.log.read_text()
