# SPDX-License-Identifier: MPL-2.0
"""Release 2026.11: the set that KServe v0.20.0 is tested with (source: kserve-deps.env at that tag), but for one patch.

Envoy Gateway is v1.8.3 in place of v1.8.1, whose limits can't be used: API servers of 1.36 take none of them
(envoyproxy/gateway#9186), and shared ones don't count costs. Both are mended in v1.8.2 (its release notes).
"""

from config.names import SERVING

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
        # Source: kserve-images.env and the install manifests of v0.20.0-rc1 (`-gpu`), Dockerfiles with vLLM 0.24.0.
        "huggingface": Image(repository="docker.io/kserve/huggingfaceserver", tag="v0.20.0-gpu"),
        "huggingface-cpu": Image(repository="docker.io/kserve/huggingfaceserver", tag="v0.20.0"),
        # Source: RELEASE.md and the module of that version.
        "authorino": Image(repository="quay.io/kuadrant/authorino", tag="v0.27.0"),
        # Source: Envoy Gateway v1.8.3, api/v1alpha1/shared_types.go; the pieces that it runs itself.
        "ratelimit": Image(repository="docker.io/envoyproxy/ratelimit", tag="1e50889b"),
        "envoy": Image(repository="docker.io/envoyproxy/envoy", tag="distroless-v1.38.3"),
        # Source: VERSION of the module at v0.12.1; its README names the registry.
        "label-proxy": Image(repository="quay.io/prometheuscommunity/prom-label-proxy", tag="v0.12.1"),
        # Source: valkey.io/download/8.1.
        "valkey": Image(repository="docker.io/valkey/valkey", tag="8.1.11"),
        # Source: version 0.11.0 on PyPI, whose image carries the same one; chart open-webui 16.0.0.
        "open-webui": Image(repository="ghcr.io/open-webui/open-webui", tag="v0.11.0"),
        # Source: modelmesh-serving 0.12.0, config/default/config-defaults.yaml and config/dependencies/quickstart.yaml.
        "modelmesh": Image(repository="docker.io/kserve/modelmesh", tag="v0.12.0"),
        "modelmesh-controller": Image(repository="docker.io/kserve/modelmesh-controller", tag="v0.12.0"),
        "etcd": Image(repository="quay.io/coreos/etcd", tag="v3.5.4"),
        # Source: values of KubeAI's chart 0.22.1, `modelServers`.
        "ollama": Image(repository="docker.io/ollama/ollama", tag="0.11.11"),
        "infinity": Image(repository="docker.io/michaelf34/infinity", tag="0.0.77"),
        "infinity-cpu": Image(repository="docker.io/michaelf34/infinity", tag="0.0.77-cpu"),
    },
    charts={
        "crds": (
            Chart(name="gateway-crds-helm", registry=ENVOY, version="v1.8.3", namespace="envoy-gateway-system"),
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
        # Source: Chart.yaml of that chart. It carries the operator's definitions (operator v0.93.1).
        "prometheus": (
            Chart(
                name="kube-prometheus-stack",
                registry="oci://ghcr.io/prometheus-community/charts",
                version="88.5.3",
                namespace="monitoring",
                definitions=True,
                hooks=True,
            ),
        ),
        # Source: tag v26.7.0 of NVIDIA/gpu-operator, deployments/gpu-operator. It carries its own definitions.
        "gpu_operator": (
            Chart(
                name="gpu-operator",
                registry="https://helm.ngc.nvidia.com/nvidia",
                version="v26.7.0",
                namespace="gpu-operator",
                definitions=True,
            ),
        ),
        # The newest that is tried here; its objects are written as v1beta2, which later ones serve as well.
        "kueue": (
            Chart(
                name="kueue",
                registry="oci://registry.k8s.io/kueue/charts",
                version="0.15.0",
                namespace="kueue-system",
                definitions=True,
            ),
        ),
        # Its certificates come from a job that runs before the install (certgen).
        "envoy_gateway": (
            Chart(name="gateway-helm", registry=ENVOY, version="v1.8.3", namespace="envoy-gateway-system", hooks=True),
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
        # Its maker has a plain Helm repository and no registry. Bundled with it: Open WebUI, which is left out.
        "kubeai": (Chart(name="kubeai", registry="https://www.kubeai.org", version="0.22.1", namespace=SERVING),),
    },
    epp=ROUTER_0_9,
    # Source of 0.23: docs of llm-d v0.8, which that image belongs to; of 0.24: KServe's Dockerfiles of that server.
    vllm={
        "vllm": "0.33.0",
        "vllm-cpu": "0.33.0",
        "vllm-llm-d": "0.23.0",
        "huggingface": "0.24.0",
        "huggingface-cpu": "0.24.0",
    },
)
