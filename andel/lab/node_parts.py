# SPDX-License-Identifier: MPL-2.0
"""The parts of a lab's real node: what runs it, and the programs that its images hold."""

from pathlib import Path

from andel.release.definitions import SOURCES

from .debian import DEBIAN
from .live_manifests import write_definitions
from .live_parts import PICKER
from .parts import KUBERNETES, NO_OPTIMISER, Part
from .simulator_part import ENVOY, SIMULATOR
from .toolchain import Toolchain

AI_GATEWAY = next(source for source in SOURCES if source.operator == "ai_gateway")
CERT_MANAGER_SOURCE = next(source for source in SOURCES if source.operator == "cert_manager")

WATCHED = ("manifests/charts/ai-gateway-crds-helm/templates/*.yaml",)
"""Kinds that AI Gateway's controller watches. It ends by itself where one is missing."""

REQUESTED = ("deploy/crds/crd-certificaterequests.yaml",)
"""The kind by which cert-manager's controllers speak to each other."""


def _names(_: Toolchain, folder: Path) -> None:
    """Links for the names of the one program."""
    for program in ("kubelet", "kube-proxy", "kubectl"):
        (folder / program).hardlink_to(folder / "node")


def _watched(toolchain: Toolchain, folder: Path) -> None:
    write_definitions(toolchain, folder, AI_GATEWAY, WATCHED)


def _requested(toolchain: Toolchain, folder: Path) -> None:
    write_definitions(toolchain, folder, CERT_MANAGER_SOURCE, REQUESTED)


def _program(name: str, module: str, seconds: int, package: str, *flags: str) -> Part:
    return Part(
        name=name, seconds=seconds, module=module, package=package, program=name, flags=(*flags, "-ldflags=-s -w")
    )


NODE_PROGRAMS = Part(
    name="node",
    seconds=60,
    module="node",
    package=".",
    program="node",
    flags=(
        "-ldflags=-s -w"
        f" -X k8s.io/component-base/version.gitVersion=v{KUBERNETES}"
        " -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
    ),
    finish=_names,
)
"""kubelet and kube-proxy, and kubectl to look into their pods."""

PAUSE = _program("pause", "node", 1, "./pause")
"""What holds a pod's namespaces, and the node's own."""

COREDNS = _program("coredns", "coredns", 95, "github.com/coredns/coredns", NO_OPTIMISER)

# What requests pass through is optimised: its latency is measured.
RATE_LIMIT = _program("ratelimit", "ratelimit", 20, "github.com/envoyproxy/ratelimit/src/service_cmd")
AUTHORINO = _program("authorino", "authorino", 70, "github.com/kuadrant/authorino")
FORWARD = _program("forward", "forward", 1, ".")
"""Stands for an engine that runs outside the node."""

IDLE = _program("idle", "idle", 1, ".")
"""Stands where the picker's tokenizer would."""

CERT_MANAGER = Part(
    name="cert-manager",
    seconds=100,
    module="cert-manager",
    package=".",
    program="cert-manager",
    flags=(NO_OPTIMISER, "-ldflags=-s -w"),
    finish=_requested,
    inputs=(*REQUESTED, CERT_MANAGER_SOURCE.checksum),
)
"""Its controllers, for certificates of the cluster's own authorities."""

VLLM_FRONT = _program("vllm", "simulator", 2, "./vllm")
"""Starts the simulator by vLLM's command line."""

ENVOY_GATEWAY = _program(
    "envoy-gateway", "envoy-gateway", 180, "github.com/envoyproxy/gateway/cmd/envoy-gateway", NO_OPTIMISER
)
AI_GATEWAY_EXTPROC = _program("ai-gateway-extproc", "ai-gateway", 180, "github.com/envoyproxy/ai-gateway/cmd/extproc")
AI_GATEWAY_CONTROLLER = _program(
    "ai-gateway-controller", "ai-gateway", 180, "github.com/envoyproxy/ai-gateway/cmd/controller"
)
GATEWAY_DEFINITIONS = Part(
    name="gateway-definitions",
    seconds=5,
    module="ai-gateway",
    finish=_watched,
    inputs=(*WATCHED, AI_GATEWAY.checksum),
)

NODE_PARTS = (DEBIAN, GATEWAY_DEFINITIONS, PAUSE, NODE_PROGRAMS, COREDNS, CERT_MANAGER)
"""What a node needs."""

IMAGE_PARTS = (
    ENVOY,
    RATE_LIMIT,
    AUTHORINO,
    SIMULATOR,
    VLLM_FRONT,
    ENVOY_GATEWAY,
    AI_GATEWAY_EXTPROC,
    AI_GATEWAY_CONTROLLER,
    PICKER,
    IDLE,
    FORWARD,
)
"""What its images hold."""
