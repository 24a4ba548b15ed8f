# SPDX-License-Identifier: MPL-2.0
"""A model's `serving` block: which runtime carries it. Every kind gives the gateway an endpoint in the same way."""

from typing import Annotated

from pydantic import Field

from .kserve import KServe
from .llm_d import LlmD

Serving = Annotated[LlmD | KServe, Field(discriminator="kind")]
"""One of the serving kinds."""

__all__ = ["KServe", "LlmD", "Serving"]
