# SPDX-License-Identifier: MPL-2.0
"""Serving kind `kserve`: KServe's InferenceService on the platform's vLLM runtime."""

from typing import Literal

from ..section import Section
from .kv_offload import KvOffload


class KServe(Section):
    """KServe's InferenceService on the platform's vLLM runtime: one Service in front of equal pods."""

    kind: Literal["kserve"]

    kv_offload: KvOffload | None = None
    """Where KV cache goes that the GPU has no room for."""
