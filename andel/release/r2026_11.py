# SPDX-License-Identifier: MPL-2.0
"""Release 2026.11: the set that KServe v0.20.0 is tested with (source: kserve-deps.env at that tag)."""

from .pins import Chart, EppDialect, Image, Release

ENVOY = "oci://docker.io/envoyproxy"
KSERVE = "oci://ghcr.io/kserve/charts"

RELEASE = Release(
    images={
        # Source of both tags: presets of KServe v0.20.0 (config/llmisvcconfig at that tag).
        "vllm-llm-d": Image(repository="ghcr.io/llm-d/llm-d-cuda", tag="v0.8.0"),
        "epp": Image(repository="ghcr.io/llm-d/llm-d-router-endpoint-picker", tag="v0.9.0"),
        "epp-tokenizer": Image(repository="ghcr.io/llm-d/llm-d-uds-tokenizer", tag="vllm-v0.19.1"),
        # Source: the package `vllm` 0.33.0 on PyPI, for which the project publishes an image of the same version.
        "vllm": Image(repository="docker.io/vllm/vllm-openai", tag="v0.33.0"),
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
    epp=EppDialect(
        version="0.9.0",
        config_api_version="inference.networking.x-k8s.io/v1alpha1",
        plugins=frozenset(
            {
                "single-profile-handler",
                "queue-scorer",
                "kv-cache-utilization-scorer",
                "prefix-cache-scorer",
                "max-score-picker",
            }
        ),
    ),
)
