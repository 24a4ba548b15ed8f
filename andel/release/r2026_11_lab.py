# SPDX-License-Identifier: MPL-2.0
"""Release 2026.11-lab: 2026.11 with parts that can be built from Go modules and wheels, so that tests run what they say."""

from dataclasses import replace

from . import r2026_11
from .epp import GIE_1_5
from .pins import Image

RELEASE = replace(
    r2026_11.RELEASE,
    images={
        **r2026_11.RELEASE.images,
        # Source: GIE v1.5.0, config/charts/epplib/values.yaml names registry and repository.
        "epp": Image(repository="registry.k8s.io/gateway-api-inference-extension/epp", tag="v1.5.0"),
        "vllm-cpu": Image(repository="docker.io/vllm/vllm-openai-cpu", tag="v0.32.0"),
    },
    epp=GIE_1_5,
    vllm={**r2026_11.RELEASE.vllm, "vllm-cpu": "0.32.0"},
)
