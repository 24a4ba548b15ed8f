# SPDX-License-Identifier: MPL-2.0
"""modelmesh-serving's controller (0.12.0) for the tier `live`: it makes pods of our ServingRuntimes."""

from .parts import NO_OPTIMISER, Part

MODELMESH = "github.com/kserve/modelmesh-serving"

MODELMESH_CONTROLLER = Part(
    name="modelmesh-controller",
    seconds=120,
    module="modelmesh",
    package=MODELMESH,
    program="modelmesh-controller",
    flags=(NO_OPTIMISER, "-ldflags=-s -w"),
)
"""Its settings lie where its sources did; with `-trimpath` that is below the folder in which it runs (pkg/config)."""

SETTINGS_FOLDER = f"{MODELMESH}@v0.12.0/config/default"
"""That folder, relative to its working directory."""
