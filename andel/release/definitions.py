# SPDX-License-Identifier: MPL-2.0
"""Where the custom resource definitions of release 2026.11 are published as files: Go modules, with their checksums.

A cluster of one's own gets them from the charts of its operators; these files are for places without a registry.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DefinitionSource:
    """Files of a Go module that hold definitions."""

    operator: str
    """Operator that brings them on a cluster of one's own: its field in the config's `operators`, if it has one."""

    module: str
    """Path of the module."""

    version: str
    """Its version."""

    checksum: str
    """Its `h1:` sum in Go's checksum database."""

    files: tuple[str, ...]
    """Patterns of files, relative to the module."""

    written: str = ""
    """Version that objects are written in, where it is not the one that is stored: a webhook converts between them."""

    charts: tuple[str, ...] = ()
    """Folders of charts that lie in the same module: a mirror for places without a registry."""

    blanks: tuple[tuple[str, str], ...] = ()
    """What the makers fill in when they publish these charts: `values.tmpl.yaml` becomes `values.yaml`."""

    charted: bool = False
    """Whether the release's charts under `crds` bring these definitions where they are managed."""


SOURCES = (
    DefinitionSource(
        operator="envoy_gateway",
        module="sigs.k8s.io/gateway-api",
        version="v1.5.1",
        checksum="h1:RqVRIlkhLhUO8wOHKTLnTJA6o/1un4po4/6M1nRzdd0=",
        files=("config/crd/standard/*.yaml",),
        charted=True,
    ),
    DefinitionSource(
        operator="envoy_gateway",
        module="github.com/envoyproxy/gateway",
        version="v1.8.3",
        checksum="h1:RY8DKli7Z1w3WuMwbA8J5j2sriIxXTWjVv1Bk77nbHo=",
        files=("charts/gateway-crds-helm/templates/generated/*.yaml",),
        charts=("charts/gateway-crds-helm", "charts/gateway-helm"),
        blanks=(("GatewayImage", "docker.io/envoyproxy/gateway:v1.8.3"), ("GatewayImagePullPolicy", "IfNotPresent")),
        charted=True,
    ),
    DefinitionSource(
        operator="ai_gateway",
        module="github.com/envoyproxy/ai-gateway",
        version="v1.0.0",
        checksum="h1:cTdSnQmtQQ2Ea5T/LLK50pIthG2SJAOxU9XPXZbtDkU=",
        files=tuple(
            f"manifests/charts/ai-gateway-crds-helm/templates/aigateway.envoyproxy.io_{kind}.yaml"
            for kind in ("aigatewayroutes", "aiservicebackends", "backendsecuritypolicies", "gatewayconfigs")
        ),
        charts=("manifests/charts/ai-gateway-crds-helm", "manifests/charts/ai-gateway-helm"),
        charted=True,
    ),
    DefinitionSource(
        operator="authorino",
        module="github.com/kuadrant/authorino",
        version="v0.27.0",
        checksum="h1:EmgJzw/ERjqhrzxDmaFm/2rF4IPS9EC561yvE+Xfzx0=",
        files=("install/crd/authorino.kuadrant.io_authconfigs.yaml",),
    ),
    DefinitionSource(
        operator="kserve",
        module="github.com/kserve/kserve",
        version="v0.20.0",
        checksum="h1:Bs7HxmGV4KFqqptDcWseKv+mwD4YOYHJWcuVgPG2Gug=",
        files=(
            "config/crd/full/serving.kserve.io_*services.yaml",
            "config/crd/full/serving.kserve.io_*runtimes.yaml",
            "config/crd/full/llmisvc/serving.kserve.io_*.yaml",
            "config/crd/full/clusterstoragecontainer/serving.kserve.io_*.yaml",
            "config/crd/full/localmodel/serving.kserve.io_localmodelcaches.yaml",
            "config/crd/full/localmodel/serving.kserve.io_localmodelnodegroups.yaml",
            # InferencePool (GIE v1.5.0) and the llm-d router's InferenceObjective and InferenceModelRewrite (v0.9.0).
            "config/llmisvc/gateway-inference-extension.yaml",
        ),
        charts=(
            "charts/kserve-crd",
            "charts/kserve-llmisvc-crd",
            "charts/kserve-resources",
            "charts/kserve-llmisvc-resources",
            "charts/kserve-runtime-configs",
        ),
        charted=True,
    ),
    DefinitionSource(
        operator="kserve",
        module="sigs.k8s.io/gateway-api-inference-extension",
        version="v1.5.0",
        checksum="h1:w9Awt60cmI1vM7Y6N81h8wDCBP0WkmxpdI7GKY0v070=",
        # The objectives of that picker (release 2026.11-lab); llm-d's own has another group.
        files=("config/crd/bases/inference.networking.x-k8s.io_inferenceobjectives.yaml",),
    ),
    DefinitionSource(
        operator="keda",
        module="github.com/kedacore/keda/v2",
        version="v2.18.0",
        checksum="h1:ttR223fii/4QJ0YvtrhcWHaEoezByb/t5CeFopjl6EI=",
        files=("config/crd/bases/keda.sh_scaledobjects.yaml",),
    ),
    DefinitionSource(
        operator="modelmesh",
        module="github.com/kserve/modelmesh-serving",
        version="v0.12.0",
        checksum="h1:tuxLz3vkDixmMBk4dwYcT4cWTUfcoYGBUqRsycjQCm4=",
        # Its own kind alone: the others in that folder are KServe's, of an older version.
        files=("config/crd/bases/serving.kserve.io_predictors.yaml",),
    ),
    DefinitionSource(
        operator="leader_worker_set",
        module="sigs.k8s.io/lws",
        version="v0.8.0",
        checksum="h1:DdhJ8QabwTfWgbgaHH2gdf8twliioHaoSfmDXRYEVU0=",
        files=(),
        charts=("charts/lws",),
    ),
    DefinitionSource(
        operator="kueue",
        module="sigs.k8s.io/kueue",
        version="v0.15.0",
        checksum="h1:9Khzc2ne6/eWuZx5o+R4KlVBzh3kZkTIMzpPC2e8Spg=",
        files=tuple(
            f"config/components/crd/bases/kueue.x-k8s.io_{kind}.yaml"
            for kind in ("clusterqueues", "cohorts", "localqueues", "resourceflavors", "topologies")
        ),
        written="v1beta2",
        charts=("charts/kueue",),
    ),
    DefinitionSource(
        operator="karpenter",
        module="sigs.k8s.io/karpenter",
        version="v1.8.0",
        checksum="h1:AmTHUPtnuL8IX9mbcD3NOohyk62idrBCBtM+8Wn6Jvk=",
        files=("pkg/apis/crds/karpenter.sh_nodepools.yaml",),
    ),
    DefinitionSource(
        operator="cluster_api",
        module="sigs.k8s.io/cluster-api",
        version="v1.12.0",
        checksum="h1:iFOz8b0LdrMJS5Df1Eb7wyvTkWqlTUM2LHFEHCeI6vA=",
        files=("config/crd/bases/cluster.x-k8s.io_machinedeployments.yaml",),
    ),
    DefinitionSource(
        operator="prometheus",
        module="github.com/prometheus-operator/prometheus-operator",
        version="v0.88.0",
        checksum="h1:3T/dCQdk7CUVRqVfwRHoC5g66fC/ML6XQQLtQVL6Q5o=",
        files=tuple(
            f"example/prometheus-operator-crd/monitoring.coreos.com_{kind}.yaml"
            for kind in ("podmonitors", "servicemonitors", "prometheusrules")
        ),
    ),
    DefinitionSource(
        operator="cert_manager",
        module="github.com/cert-manager/cert-manager",
        version="v1.17.0",
        checksum="h1:ba7K/WLzcTCFzB+5fQiwD4LAqaRc0c+KwKCD9KqHPSg=",
        files=("deploy/crds/crd-*certificates.yaml", "deploy/crds/crd-*issuers.yaml"),
    ),
)
"""Modules that carry definitions, and the kinds that the platform and its operators write: each costs memory."""


@dataclass(frozen=True, kw_only=True)
class Unpublished:
    """A kind that the platform writes and whose definition no Go module carries as a file."""

    group: str
    """API group."""

    version: str
    """API version."""

    kind: str
    """Kind."""

    plural: str
    """Name in addresses."""

    @property
    def name(self) -> str:
        """Name of its definition."""
        return f"{self.plural}.{self.group}"

    @property
    def file(self) -> str:
        """Name of the file that projects publish it under, after controller-gen."""
        return f"{self.group}_{self.plural}.yaml"


UNPUBLISHED = (
    Unpublished(group="k8s.keycloak.org", version="v2beta1", kind="KeycloakRealmImport", plural="keycloakrealmimports"),
    Unpublished(group="kubeai.org", version="v1", kind="Model", plural="models"),
)
"""Kinds without a file in any module. Where a file of that name is at hand it is used, else objects go unchecked."""
