# SPDX-License-Identifier: MPL-2.0
"""Programs that run in the cluster on the interpreter of somebody's image. They are shipped as text, and import none of
ours."""

from pathlib import Path


def text(name: str) -> str:
    """A program as it is shipped."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
