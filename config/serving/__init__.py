# SPDX-License-Identifier: MPL-2.0
"""A model's `serving` block: which runtime carries it. Every kind gives the gateway an endpoint in the same way."""

from typing import Annotated

from pydantic import Field

from .huggingface import HuggingFace
from .kserve import KServe
from .kubeai import KubeAi
from .llm_d import LlmD
from .modelmesh import ModelMesh

Serving = Annotated[LlmD | KServe | HuggingFace | KubeAi | ModelMesh, Field(discriminator="kind")]
"""One of the serving kinds."""

__all__ = ["HuggingFace", "KServe", "KubeAi", "LlmD", "ModelMesh", "Serving"]
