# SPDX-License-Identifier: MPL-2.0
"""The parts of the tier `live` that watch: the Prometheus operator (0.88.0) and prom-label-proxy (0.12.1).

The operator runs no Prometheus here, it writes its settings: what our monitors select is decided by its own code.
"""

from pathlib import Path

from andel.release.definitions import SOURCES

from .live_manifests import write_definitions
from .parts import NO_OPTIMISER, Part
from .toolchain import Toolchain

OPERATOR = next(source for source in SOURCES if source.operator == "prometheus")

WATCHED = ("example/prometheus-operator-crd/*.yaml",)
"""Kinds that the operator looks for when it starts: all of its own."""


def _definitions(toolchain: Toolchain, folder: Path) -> None:
    write_definitions(toolchain, folder, OPERATOR, WATCHED)


PROMETHEUS_OPERATOR = Part(
    name="prometheus-operator",
    seconds=120,
    module="monitoring",
    package=f"{OPERATOR.module}/cmd/operator",
    program="prometheus-operator",
    flags=(NO_OPTIMISER, "-ldflags=-s -w", "-tags=remove_all_sd"),
    finish=_definitions,
    inputs=(*WATCHED, OPERATOR.checksum),
)
LABEL_PROXY = Part(
    name="label-proxy",
    seconds=20,
    module="monitoring",
    package="github.com/prometheus-community/prom-label-proxy",
    program="prom-label-proxy",
    flags=(NO_OPTIMISER, "-ldflags=-s -w", "-tags=remove_all_sd"),
)

MONITORING_PARTS = (PROMETHEUS_OPERATOR, LABEL_PROXY)
"""In the order in which they are built."""
