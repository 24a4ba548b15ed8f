# SPDX-License-Identifier: MPL-2.0
"""Serving is one seam: every kind takes a model and its place, and gives the gateway an `Endpoint`."""

import pulumi

from config.serving import KServe, LlmD

from .endpoint import Endpoint
from .kserve import KServeModel
from .llm_d import LlmDModel
from .model import ModelArgs

KINDS: dict[type, type[LlmDModel] | type[KServeModel]] = {LlmD: LlmDModel, KServe: KServeModel}
"""The component of each serving kind."""


def serve(name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> Endpoint:
    """Stand a model up by its serving kind and say where it is reached."""
    return KINDS[type(args.model.serving)](name, args, opts).endpoint
