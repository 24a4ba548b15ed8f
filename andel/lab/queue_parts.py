# SPDX-License-Identifier: MPL-2.0
"""The part of the tier `live` that queues: Kueue's controller (v0.15.0)."""

from pathlib import Path

from andel.release.definitions import SOURCES

from .live_manifests import write_definitions, write_manifests
from .parts import NO_OPTIMISER, Part
from .toolchain import Toolchain

KUEUE = next(source for source in SOURCES if source.operator == "kueue")

WATCHED = ("config/components/crd/bases/*.yaml",)
"""Kinds that the controller watches: all of its own."""

WEBHOOKS = ("config/components/webhook/manifests.yaml",)


def _manifests(toolchain: Toolchain, folder: Path) -> None:
    module = write_definitions(toolchain, folder, KUEUE, WATCHED)
    write_manifests(module, WEBHOOKS, folder / "webhooks.yaml")


KUEUE_CONTROLLER = Part(
    name="kueue",
    seconds=160,
    module="kueue",
    package=f"{KUEUE.module}/cmd/kueue",
    program="kueue",
    flags=(NO_OPTIMISER, "-ldflags=-s -w"),
    finish=_manifests,
    inputs=(*WATCHED, *WEBHOOKS, KUEUE.written, KUEUE.checksum),
)
