# SPDX-License-Identifier: MPL-2.0
"""Release 2026.11: the set that KServe v0.20.0 is tested with (source: kserve-deps.env at that tag)."""

from .epp import ROUTER_0_9
from .pins import Chart, Image, Release

ENVOY = "oci://docker.io/envoyproxy"
KSERVE = "oci://ghcr.io/kserve/charts"

RELEASE = Release(
    images={
        # Source of these tags: presets of KServe v0.20.0 (config/llmisvcconfig at that tag).
        "vllm-llm-d": Image(repository="ghcr.io/llm-d/llm-d-cuda", tag="v0.8.0"),
        "epp": Image(repository="ghcr.io/llm-d/llm-d-router-endpoint-picker", tag="v0.9.0"),
        "routing-sidecar": Image(repository="ghcr.io/llm-d/llm-d-router-disagg-sidecar", tag="v0.9.0"),
        "epp-tokenizer": Image(repository="ghcr.io/llm-d/llm-d-uds-tokenizer", tag="vllm-v0.19.1"),
        # Source: the package `vllm` 0.33.0 on PyPI, for which the project publishes an image of the same version.
        "vllm": Image(repository="docker.io/vllm/vllm-openai", tag="v0.33.0"),
        # Source: docs of vLLM, installation on processors.
        "vllm-cpu": Image(repository="docker.io/vllm/vllm-openai-cpu", tag="v0.33.0"),
    },
    charts={
        "crds": (
            Chart(name="gateway-crds-helm", registry=ENVOY, version="v1.8.1", namespace="envoy-gateway-system"),
            Chart(name="ai-gateway-crds-helm", registry=ENVOY, version="v1.0.0", namespace="envoy-ai-gateway-system"),
            Chart(name="kserve-crd", registry=KSERVE, version="v0.20.0", namespace="kserve"),
            Chart(name="kserve-llmisvc-crd", registry=KSERVE, version="v0.20.0", namespace="kserve"),
        ),
        "cert_manager": (
            Chart(
                name="cert-manager",
                registry="oci://quay.io/jetstack/charts",
                version="v1.17.0",
                namespace="cert-manager",
            ),
        ),
        # Its certificates come from a job that runs before the install (certgen).
        "envoy_gateway": (
            Chart(name="gateway-helm", registry=ENVOY, version="v1.8.1", namespace="envoy-gateway-system", hooks=True),
        ),
        "ai_gateway": (
            Chart(name="ai-gateway-helm", registry=ENVOY, version="v1.0.0", namespace="envoy-ai-gateway-system"),
        ),
        "kserve": (
            Chart(name="kserve-resources", registry=KSERVE, version="v0.20.0", namespace="kserve"),
            Chart(name="kserve-llmisvc-resources", registry=KSERVE, version="v0.20.0", namespace="kserve"),
            Chart(name="kserve-runtime-configs", registry=KSERVE, version="v0.20.0", namespace="kserve"),
        ),
        "leader_worker_set": (
            Chart(
                name="lws",
                registry="oci://registry.k8s.io/lws/charts",
                version="0.8.0",
                namespace="lws-system",
                definitions=True,
            ),
        ),
    },
    epp=ROUTER_0_9,
    # Source of 0.23: docs of llm-d v0.8, which that image belongs to.
    vllm={"vllm": "0.33.0", "vllm-cpu": "0.33.0", "vllm-llm-d": "0.23.0"},
)
