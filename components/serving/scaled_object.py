# SPDX-License-Identifier: MPL-2.0
"""Replicas by load: a ScaledObject (keda.sh/v1alpha1, KEDA 2.18). It alone writes the target's replicas."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from andel.release.pins import EppDialect
from config.scaling import Day, Load, OfficeHours

from ..metadata import MODEL, metadata


@dataclass(frozen=True, kw_only=True)
class ScaledObjectArgs:
    """What is scaled, and by which load."""

    name: str
    """Name of the ScaledObject."""

    namespace: str
    """Namespace of it and of its target."""

    target: tuple[str, str, str]
    """apiVersion, kind and name of what is scaled."""

    scaling: Load
    """The model's section."""

    prometheus: str
    """Prometheus as KEDA reaches it."""

    requests: Sequence[str]
    """Queries whose sum is the requests in flight and waiting."""

    polling_seconds: int
    """Seconds between two looks."""


class ScaledObject(pulumi.ComponentResource):
    """A ScaledObject."""

    def __init__(self, name: str, args: ScaledObjectArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:ScaledObject", name, None, opts)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="keda.sh/v1alpha1",
            kind="ScaledObject",
            metadata=metadata(args.name, args.namespace),
            spec=spec(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def spec(args: ScaledObjectArgs) -> dict[str, Any]:
    """Bounds, delays and triggers. While Prometheus is down, the replicas are those that are declared for it."""
    scaling = args.scaling
    api_version, kind, name = args.target
    window = {"scaleDown": {"stabilizationWindowSeconds": min(scaling.scale_down_delay_seconds, 3600)}}
    return {
        "scaleTargetRef": {"apiVersion": api_version, "kind": kind, "name": name},
        "minReplicaCount": scaling.min_replicas,
        "maxReplicaCount": scaling.max_replicas,
        "pollingInterval": args.polling_seconds,
        "cooldownPeriod": scaling.scale_down_delay_seconds,
        "fallback": {"failureThreshold": 3, "replicas": scaling.default_replicas},
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": window}},
        "triggers": [load(args), *(office_hours(hours) for hours in scaling.office_hours)],
    }


def load(args: ScaledObjectArgs) -> dict[str, Any]:
    """The trigger of the load: an average of requests for each replica."""
    return {
        "type": "prometheus",
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": args.prometheus,
            "query": " + ".join(f"(sum({query}) or vector(0))" for query in args.requests),
            "threshold": str(args.scaling.target_requests),
            "activationThreshold": "0",
        },
    }


def office_hours(hours: OfficeHours) -> dict[str, Any]:
    """The trigger of a schedule. Cron counts days from Sunday, which is 0."""
    days = ",".join(str(number) for number in sorted((list(Day).index(day) + 1) % 7 for day in hours.days))
    start, end = (f"{int(time[3:])} {int(time[:2])} * * {days}" for time in (hours.start, hours.end))
    replicas = str(hours.replicas)
    return {
        "type": "cron",
        "metadata": {"timezone": hours.time_zone, "start": start, "end": end, "desiredReplicas": replicas},
    }


def requests_in_flight(model: str, namespace: str, pods: str) -> str:
    """vLLM's requests that run or wait, in the pods of a name."""
    label = MODEL.replace("/", "_")
    chosen = f'{{{label}="{model}",namespace="{namespace}",pod=~"{pods}"}}'
    return f"vllm:num_requests_running{chosen} + vllm:num_requests_waiting{chosen}"


def turned_away(route: str, namespace: str) -> str:
    """Requests of the last minutes that found no pod behind a route (Envoy): what wakes a model without a queue."""
    cluster = f'{{envoy_cluster_name=~"httproute/{namespace}/{route}/.*"}}'
    return f"increase(envoy_cluster_upstream_rq_pending_failure_eject{cluster}[2m])"


def picker_queue(pool: str, dialect: EppDialect) -> str:
    """Requests that the picker holds: what wakes a sleeping model."""
    return f'{dialect.metrics_prefix}_flow_control_queue_size{{inference_pool="{pool}"}}'
