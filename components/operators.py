# SPDX-License-Identifier: MPL-2.0
"""Operators that the platform installs itself, after the definitions they need. Existing ones are left alone."""

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from andel.release.pins import Chart
from config.gateway import Gateway
from config.limits import Limits
from config.monitoring import Monitoring
from config.names import GATEWAY
from config.operators import Managed, ManagedGpuOperator
from config.operators import Operators as OperatorsSection
from config.pools import Pool

from . import gpu_operator, kueue, prometheus
from .chart import install
from .edge.headers import MUNICIPALITY
from .edge.store import address, client_secret
from .metadata import metadata
from .monitoring.series import OF_MUNICIPALITY

CONFIG = "andel/config"
"""Annotation of pods that read their settings when they start."""

VALUES: dict[str, dict[str, Any]] = {
    "gateway-crds-helm": {
        "crds": {"gatewayAPI": {"enabled": True, "channel": "standard"}, "envoyGateway": {"enabled": True}}
    },
    "cert-manager": {"crds": {"enabled": True, "keep": True}},
    # A Deployment and a Service for each InferenceService; Knative is not asked for.
    "kserve-resources": {"kserve": {"controller": {"deploymentMode": "Standard"}}},
    # The resources that it shares with kserve-resources are that chart's.
    "kserve-llmisvc-resources": {"kserve": {"createSharedResources": False}},
    # KServe's presets of LLMInferenceServices; its runtimes are not used.
    "kserve-runtime-configs": {"kserve": {"llmisvcConfigs": {"enabled": True}, "servingruntime": {"enabled": False}}},
    # Requests and tokens are counted by whose they are (source: values.yaml of the chart at v1.0.0).
    "ai-gateway-helm": {"controller": {"metricsRequestHeaderAttributes": f"{MUNICIPALITY}:{OF_MUNICIPALITY}"}},
    # What Envoy AI Gateway needs of Envoy Gateway (source: manifests/envoy-gateway-values.yaml at v1.0.0).
    "gateway-helm": {
        # Its definitions' guard comes with the definitions.
        "crds": {"gatewayAPI": {"safeUpgradePolicy": {"enabled": False}}},
        "config": {
            "envoyGateway": {
                "extensionApis": {"enableBackend": True},
                "extensionManager": {
                    "backendResources": [
                        {"group": "inference.networking.k8s.io", "kind": "InferencePool", "version": "v1"}
                    ],
                    "hooks": {
                        "xdsTranslator": {
                            "translation": {
                                part: {"includeAll": True} for part in ("listener", "route", "cluster", "secret")
                            },
                            "post": ["Translation", "Cluster", "Route"],
                        }
                    },
                    "service": {
                        "fqdn": {
                            "hostname": "ai-gateway-controller.envoy-ai-gateway-system.svc.cluster.local",
                            "port": 1063,
                        }
                    },
                },
            }
        },
    },
}
"""Values of charts by name, where the chart's own defaults are not ours."""


CERTIFICATE = "/store-certificate"
"""Where the limiter finds the certificate that it shows the store."""

APART = ("kubeai", "authorino", "modelmesh")
"""Operators that stand in a namespace of the platform, after its walls, by components of their own."""


@dataclass(frozen=True, kw_only=True)
class OperatorsArgs:
    """Who brings what, and the release's charts."""

    operators: OperatorsSection
    """The environment's section."""

    charts: Mapping[str, tuple[Chart, ...]]
    """Charts of each operator, by its field in the section, in order."""

    mirror: str | None
    """Where charts come from, if not from their makers."""

    gateway: Gateway | None = None
    """The edge: Envoy Gateway's limiter counts for it."""

    pools: Mapping[str, Pool] = field(default_factory=dict)
    """GPU pools, by name: the GPU operator divides them."""

    monitoring: Monitoring | None = None
    """How Prometheus finds monitors of operators."""


class Operators(pulumi.ComponentResource):
    """Charts of all managed operators, each after the one before it."""

    def __init__(self, name: str, args: OperatorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:platform:Operators", name, None, opts)
        charts = managed_charts(args)
        before: list[pulumi.Resource] = [
            kubernetes.core.v1.Namespace(
                f"{name}-{namespace}", metadata=metadata(namespace), opts=pulumi.ResourceOptions(parent=self)
            )
            for namespace in sorted({chart.namespace for chart in charts})
        ]
        for chart in charts:
            # With a definition all its objects would go, other people's too: they stay when the platform goes.
            keep = chart in args.charts["crds"]
            after = pulumi.ResourceOptions(parent=self, depends_on=list(before), retain_on_delete=keep)
            before.append(install(chart, args.mirror, all_values(chart.name, args), after))
        self.register_outputs({"charts": [chart.name for chart in charts]})


def all_values(chart: str, args: OperatorsArgs) -> dict[str, Any]:
    """Values of a chart, by what the environment has."""
    labels = None if args.monitoring is None else args.monitoring.labels
    if chart == "gpu-operator" and isinstance(args.operators.gpu_operator, ManagedGpuOperator):
        return gpu_operator.values(args.operators.gpu_operator, args.pools, labels)
    if chart == prometheus.CHART and args.monitoring is not None:
        return prometheus.values(args.monitoring)
    if chart == "kueue":
        return kueue.values(monitored=labels is not None)
    return values(chart, args.operators, args.gateway)


def values(chart: str, operators: OperatorsSection, gateway: Gateway | None) -> dict[str, Any]:
    """Values of a chart. KServe's can bring the definitions of InferencePools; existing ones are somebody else's."""
    chosen = copy.deepcopy(VALUES.get(chart, {}))
    if chart == "kserve-llmisvc-resources":
        chosen["kserve"]["llmisvc"] = {"createGIECRDs": isinstance(operators.crds, Managed)}
    if chart == "gateway-helm" and gateway is not None:
        chosen["config"]["envoyGateway"] |= limiter(gateway.limits)
        chosen |= {"deployment": {"pod": {"annotations": {CONFIG: fingerprint(chosen["config"])}}}}
    return chosen


def fingerprint(config: Mapping[str, Any]) -> str:
    """Of settings that Envoy Gateway reads when it starts: with other ones its pods are started anew."""
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:16]


def gateway_values(operators: OperatorsSection, gateway: Gateway) -> dict[str, Any]:
    """What an existing Envoy Gateway needs to be told for the edge: values of its chart."""
    return values("gateway-helm", operators, gateway)


def limiter(limits: Limits) -> dict[str, Any]:
    """Settings of Envoy Gateway for its limiter (source: v1.8.3, api/v1alpha1/envoygateway_types.go).

    It shows the store a certificate, and believes the store's by the same authority. Not by `redis.tls`: Envoy Gateway
    looks for that Secret once, when it starts, and makes no limiter at all where it comes later. A pod waits for it.
    """
    files = {"REDIS_TLS_CLIENT_CERT": "tls.crt", "REDIS_TLS_CLIENT_KEY": "tls.key", "REDIS_TLS_CACERT": "ca.crt"}
    variables = {"REDIS_TLS": "true", **{name: f"{CERTIFICATE}/{file}" for name, file in files.items()}}
    volume = {"name": "store-certificate", "secret": {"secretName": client_secret(limits.store)}}
    deployment = {
        "replicas": 2,
        "pod": {"volumes": [volume]},
        "container": {
            "env": [{"name": name, "value": value} for name, value in variables.items()],
            "volumeMounts": [{"name": volume["name"], "mountPath": CERTIFICATE, "readOnly": True}],
        },
    }
    return {
        "rateLimit": {
            "backend": {"type": "Redis", "redis": {"url": address(limits.store, GATEWAY)}},
            "timeout": "250ms",
            "failClosed": limits.when_down == "refuse",
        },
        "provider": {"type": "Kubernetes", "kubernetes": {"rateLimitDeployment": deployment}},
    }


def managed_charts(args: OperatorsArgs) -> list[Chart]:
    """Charts of managed operators: definitions first, then in the order of the section's fields."""
    return [
        chart
        for field in type(args.operators).model_fields
        if field not in APART and isinstance(getattr(args.operators, field), Managed)
        for chart in args.charts[field]
    ]
