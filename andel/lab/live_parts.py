# SPDX-License-Identifier: MPL-2.0
"""The parts of the tier `live`: real controllers, which a lab starts when it is asked for them."""

from pathlib import Path

from .live_manifests import write_manifests
from .modelmesh_part import MODELMESH_CONTROLLER
from .monitoring_parts import MONITORING_PARTS
from .parts import NO_OPTIMISER, Part
from .queue_parts import KUEUE_CONTROLLER
from .scaling_parts import PROMTOOL, SCALING_PARTS
from .simulator_part import ROUTING_PARTS
from .toolchain import Toolchain
from .vllm import VLLM_PARTS
from .wall_parts import NETWORK_JUDGE

KSERVE = "github.com/kserve/kserve"
LEADER_WORKER_SET = "sigs.k8s.io/lws"

SETTINGS = ("config/configmap/inferenceservice.yaml", "config/storagecontainers/default.yaml")
PRESETS = ("config/llmisvcconfig/config-llm-*.yaml",)
WEBHOOKS = ("config/webhook/manifests.yaml", "config/webhook/llmisvc/manifests.yaml")
# Kinds that the controllers watch and the platform never writes.
WATCHED = (
    "config/crd/full/serving.kserve.io_inferencegraphs.yaml",
    "config/crd/full/serving.kserve.io_trainedmodels.yaml",
    "config/crd/full/localmodel/serving.kserve.io_localmodelnamespacecaches.yaml",
    "config/crd/full/localmodel/serving.kserve.io_localmodelnodes.yaml",
)


# The kind that KServe writes for models that scale by variants; its autoscaler is not among the parts.
VARIANT_AUTOSCALER = (
    "github.com/llm-d/llm-d-workload-variant-autoscaler",
    "v0.7.0",
    "h1:tubrh9eoBR7lLhOyFyvW5/F2ws97b/sl5ogqwJtVEc8=",
)


def _kserve_manifests(toolchain: Toolchain, folder: Path) -> None:
    module = toolchain.folder_of(KSERVE, "controllers")
    for name, patterns in (
        ("definitions", WATCHED),
        ("settings", SETTINGS),
        ("presets", PRESETS),
        ("webhooks", WEBHOOKS),
    ):
        write_manifests(module, patterns, folder / "manifests" / f"{name}.yaml")


def _variant_definitions(toolchain: Toolchain, folder: Path) -> None:
    module = toolchain.download(*VARIANT_AUTOSCALER)
    write_manifests(module, ("config/crd/bases/*.yaml",), folder / "manifests" / "definitions.yaml")


def _leader_worker_set_manifests(toolchain: Toolchain, folder: Path) -> None:
    module = toolchain.folder_of(LEADER_WORKER_SET, "controllers")
    write_manifests(module, ("config/crd/bases/*.yaml",), folder / "manifests" / "definitions.yaml")
    write_manifests(module, ("config/webhook/manifests.yaml",), folder / "manifests" / "webhooks.yaml")


def _controller(name: str, seconds: int, package: str, **more: object) -> Part:
    return Part(
        name=name,
        seconds=seconds,
        module="controllers",
        package=package,
        program=name,
        flags=(NO_OPTIMISER, "-ldflags=-s -w"),
        **more,  # type: ignore[arg-type]
    )


LLMISVC_CONTROLLER = _controller("kserve-llmisvc", 150, f"{KSERVE}/cmd/llmisvc")
KSERVE_CONTROLLER = _controller(
    "kserve-manager",
    40,
    f"{KSERVE}/cmd/manager",
    finish=_kserve_manifests,
    inputs=(*WATCHED, *SETTINGS, *PRESETS, *WEBHOOKS),
)
LWS_CONTROLLER = _controller("leader-worker-set", 30, f"{LEADER_WORKER_SET}/cmd", finish=_leader_worker_set_manifests)
PICKER = Part(
    name="endpoint-picker",
    seconds=90,
    module="epp",
    package="sigs.k8s.io/gateway-api-inference-extension/cmd/epp",
    program="epp",
    flags=(NO_OPTIMISER, "-ldflags=-s -w"),
)

VARIANT_DEFINITIONS = Part(
    name="variant-definitions", seconds=5, module="controllers", finish=_variant_definitions, inputs=VARIANT_AUTOSCALER
)

LIVE_PARTS = (
    VARIANT_DEFINITIONS,
    LLMISVC_CONTROLLER,
    KSERVE_CONTROLLER,
    LWS_CONTROLLER,
    MODELMESH_CONTROLLER,
    PICKER,
    *ROUTING_PARTS,
    *SCALING_PARTS,
    PROMTOOL,
    *MONITORING_PARTS,
    KUEUE_CONTROLLER,
    NETWORK_JUDGE,
    *VLLM_PARTS,
)
"""Every part of the tier, in the order in which they are built."""
