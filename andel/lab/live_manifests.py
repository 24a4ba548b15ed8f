# SPDX-License-Identifier: MPL-2.0
"""Objects that controllers bring as files of their modules: their own definitions, webhooks and settings."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from andel.release.definitions import DefinitionSource

from .definitions import collect
from .toolchain import Toolchain

DEFINITIONS = "definitions.json"
"""File of a part's folder with the definitions that its program watches."""


def write_definitions(toolchain: Toolchain, folder: Path, source: DefinitionSource, files: tuple[str, ...]) -> Path:
    """Put definitions of a release's module beside a part's program.

    Args:
        toolchain: fetches the module, by its checksum.
        folder: of the part.
        source: the module.
        files: patterns of the files, in place of those that the platform itself needs.

    Returns:
        The module's folder.
    """
    module = toolchain.download(source.module, source.version, source.checksum)
    (folder / DEFINITIONS).write_text(json.dumps(collect(replace(source, files=files), module)))
    return module


def written_definitions(folder: Path) -> list[dict[str, Any]]:
    """The definitions in a part's folder."""
    found: list[dict[str, Any]] = json.loads((folder / DEFINITIONS).read_text())
    return found


def write_manifests(module: Path, patterns: Iterable[str], target: Path) -> None:
    """The objects of a module's files as one file."""
    objects = []
    for pattern in patterns:
        for file in sorted(module.glob(pattern)):
            objects += [one for one in yaml.safe_load_all(file.read_text()) if one]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump_all(objects))
