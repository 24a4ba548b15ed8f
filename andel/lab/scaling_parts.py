# SPDX-License-Identifier: MPL-2.0
"""The parts of the tier `live` that scale by load: KEDA's operator (2.18.0), and a Prometheus to ask (3.15.0)."""

from pathlib import Path

from andel.release.definitions import SOURCES

from .live_manifests import write_definitions
from .parts import NO_OPTIMISER, Part
from .toolchain import Toolchain

KEDA = next(source for source in SOURCES if source.operator == "keda")

WATCHED = ("config/crd/bases/*.yaml",)
"""Kinds that the operator watches. It ends by itself where one is missing."""


def _keda_definitions(toolchain: Toolchain, folder: Path) -> None:
    write_definitions(toolchain, folder, KEDA, WATCHED)


KEDA_OPERATOR = Part(
    name="keda-operator",
    seconds=360,
    module="keda",
    package=f"{KEDA.module}/cmd/operator",
    program="keda-operator",
    flags=(NO_OPTIMISER, "-ldflags=-s -w"),
    finish=_keda_definitions,
    inputs=(*WATCHED, KEDA.checksum),
)
PROMETHEUS = Part(
    name="prometheus",
    seconds=110,
    module="prometheus",
    package="github.com/prometheus/prometheus/cmd/prometheus",
    program="prometheus",
    # Of service discoveries Kubernetes' alone, without the clouds' (source: plugins/plugin_*.go of v0.315.0).
    flags=(NO_OPTIMISER, "-ldflags=-s -w", "-tags=remove_all_sd,enable_kubernetes_sd"),
)

PROMTOOL = Part(
    name="promtool",
    seconds=60,
    module="prometheus",
    package="github.com/prometheus/prometheus/cmd/promtool",
    program="promtool",
    flags=(NO_OPTIMISER, "-ldflags=-s -w", "-tags=remove_all_sd"),
)

SCALING_PARTS = (PROMETHEUS, KEDA_OPERATOR)
"""In the order in which they are built."""
