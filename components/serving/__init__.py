# SPDX-License-Identifier: MPL-2.0
"""Serving is one seam: every kind takes a model and its place, and gives the gateway an `Endpoint`."""

import pulumi

from config.serving import HuggingFace, KServe, KubeAi, LlmD, ModelMesh

from .huggingface import HuggingFaceModel
from .kserve import KServeModel
from .kubeai import KubeAiModel
from .llm_d import LlmDModel
from .model import ModelArgs
from .modelmesh import ModelMeshModel

ServedModel = LlmDModel | KServeModel | HuggingFaceModel | KubeAiModel | ModelMeshModel
"""A model that stands, by any kind: its `endpoint` says where."""

KINDS: dict[type, type[ServedModel]] = {
    LlmD: LlmDModel,
    KServe: KServeModel,
    HuggingFace: HuggingFaceModel,
    KubeAi: KubeAiModel,
    ModelMesh: ModelMeshModel,
}
"""The component of each serving kind."""


def serve(name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> ServedModel:
    """Stand a model up by its serving kind."""
    return KINDS[type(args.model.serving)](name, args, opts)
