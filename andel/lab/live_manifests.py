# SPDX-License-Identifier: MPL-2.0
"""Objects that controllers bring as files of their modules."""

from collections.abc import Iterable
from pathlib import Path

import yaml


def write_manifests(module: Path, patterns: Iterable[str], target: Path) -> None:
    """The objects of a module's files as one file."""
    objects = []
    for pattern in patterns:
        for file in sorted(module.glob(pattern)):
            objects += [one for one in yaml.safe_load_all(file.read_text()) if one]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump_all(objects))
