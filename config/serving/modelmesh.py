# SPDX-License-Identifier: MPL-2.0
"""Serving kind `modelmesh`: models share the GPUs of one run profile; what is called is loaded, what is idle goes."""

from typing import Annotated, Literal

from pydantic import Field

from ..section import Section

ARCHIVED = "ModelMesh is archived upstream since 2026-04: 0.12.0 is its last release, and gets no fixes"
"""What every preview says of it (source: README of kserve/modelmesh)."""


class ModelMesh(Section):
    """A model that ModelMesh loads when it is called, on the pods of its profile (`modelmesh.runtimes`)."""

    kind: Literal["modelmesh"]

    strategy: Literal["sleep", "restart"] | None = None
    """What becomes of its engine when it makes room, if not what its runtime says. A model with adapters has neither:
    it stays, and its adapters come and go."""

    concurrency: Annotated[int, Field(ge=1, le=4096, strict=True)] = 64
    """Requests that its engine answers at once; others wait their turn before it."""
