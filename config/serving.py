# SPDX-License-Identifier: MPL-2.0
"""A model's `serving` block: which runtime carries it. Every kind gives the gateway an endpoint in the same way."""

from typing import Annotated, Literal

from pydantic import Field

from .section import Section


class LlmD(Section):
    """KServe's LLMInferenceService: vLLM pods behind llm-d's picker, which routes by load and cached prefixes."""

    kind: Literal["llm-d"]

    strategy: Literal["balanced"] = "balanced"
    """How the picker chooses a pod. `balanced` weighs queue length, KV-cache use and cached prefixes."""

    picker_replicas: Annotated[int, Field(ge=1, le=5, strict=True)] = 2
    """Endpoint pickers. With one alone, the model's requests fail while it restarts."""


class KServe(Section):
    """KServe's InferenceService on the platform's vLLM runtime: one Service in front of equal pods."""

    kind: Literal["kserve"]


Serving = Annotated[LlmD | KServe, Field(discriminator="kind")]
