# SPDX-License-Identifier: MPL-2.0
"""Serving is one seam: every kind takes a model and its place, and gives the gateway an `Endpoint`."""

import pulumi

from config.serving import KServe, LlmD

from .kserve import KServeModel
from .llm_d import LlmDModel
from .model import ModelArgs

ServedModel = LlmDModel | KServeModel
"""A model that stands, by any kind: its `endpoint` says where."""

KINDS: dict[type, type[LlmDModel] | type[KServeModel]] = {LlmD: LlmDModel, KServe: KServeModel}
"""The component of each serving kind."""


def serve(name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> ServedModel:
    """Stand a model up by its serving kind."""
    return KINDS[type(args.model.serving)](name, args, opts)
