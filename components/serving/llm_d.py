# SPDX-License-Identifier: MPL-2.0
"""Serving kind `llm-d`: an LLMInferenceService (serving.kserve.io/v1alpha2, KServe v0.20).

KServe's llmisvc controller makes the Deployments of vLLM and of the picker, and the InferencePool. The route to it is
ours: one of KServe's own has sixteen matches, and for each of them AI Gateway 1.0 would ask the picker once more, for
every request that any route brings to the pool (envoyproxy/ai-gateway#2595).
"""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from config.scaling import Fixed, Load, Scaling, Variant
from config.serving.llm_d import Data, LlmD, OneNode, Prefill, Rdma

from ..kserve_settings import LLM_D_CONFIG
from ..metadata import PICKER, metadata
from ..model_monitor import ModelMonitor, ModelMonitorArgs
from .endpoint import Endpoint
from .epp import picker_config
from .llm_d_pods import BEHIND_SIDECAR, PORT, decode_pod, fetchers, prefill_pod, worker_pod
from .model import ModelArgs, pod_labels, source, stop_switch
from .objectives import Objectives, ObjectivesArgs
from .readiness import patience, readiness
from .scaled_object import ScaledObject, ScaledObjectArgs, picker_queue, requests_in_flight, turned_away

STANDING = ("condition=WorkloadsReady", "condition=SchedulerWorkloadReady")
"""Engines and picker answer. The condition *Ready* also waits for a route of KServe's own, and there is none."""

PICKER_METRICS = 9090
"""Port on which pickers answer `/metrics`."""

LEADER_WORKER_SET = ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet")
"""What KServe makes of a replica that lies on several nodes."""

POLLING_SECONDS = 5
"""Seconds between two looks at the load. A sleeping model wakes by it, so it is short."""


class LlmDModel(pulumi.ComponentResource):
    """An LLMInferenceService, the objectives of its tiers and, where load decides, its ScaledObjects."""

    def __init__(self, name: str, args: ModelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:serving:LlmDModel", name, None, opts)
        serving = args.model.serving
        if not isinstance(serving, LlmD):
            raise TypeError(f"{args.name} is served by {serving.kind}, not by llm-d")
        self._below = pulumi.ResourceOptions(parent=self)
        kubernetes.apiextensions.CustomResource(
            name,
            api_version="serving.kserve.io/v1alpha2",
            kind="LLMInferenceService",
            metadata=metadata(
                args.name,
                args.namespace,
                labels=pod_labels(args),
                annotations={**annotations(args, serving), **readiness(args, *STANDING)},
            ),
            spec=spec(args, serving),
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=patience(args)),
        )
        if serving.flow_control is not None and args.bands:
            objectives = ObjectivesArgs(
                model=args.name, namespace=args.namespace, pool=pool(args.name), bands=args.bands, dialect=args.epp
            )
            Objectives(f"{name}-objectives", objectives, self._below)
        self._scale(name, args, serving)
        self._watch_picker(name, args)
        self.endpoint = Endpoint(
            kind="InferencePool",
            name=pool(args.name),
            namespace=args.namespace,
            port=PORT,
            model=args.name,
            aliases={adapter: adapter for adapter in args.model.names},
            metrics_port=BEHIND_SIDECAR if serving.prefill else PORT,
        )
        self.register_outputs({"endpoint": self.endpoint.name})

    def _watch_picker(self, name: str, args: ModelArgs) -> None:
        if args.monitoring is None:
            return
        monitor = ModelMonitorArgs(
            name=f"{args.name}-picker",
            namespace=args.namespace,
            model=args.name,
            port=PICKER_METRICS,
            monitoring=args.monitoring,
            label=PICKER,
        )
        ModelMonitor(f"{name}-picker-monitor", monitor, self._below)

    def _scale(self, name: str, args: ModelArgs, serving: LlmD) -> None:
        """KServe 0.20 keeps the replicas that it finds when it is told none: KEDA owns them (kserve#5646)."""
        scaled = {"kserve": args.model.scaling}
        if serving.prefill:
            scaled["kserve-prefill"] = serving.prefill.scaling
        for part, scaling in scaled.items():
            if not isinstance(scaling, Load) or args.model.stopped or args.monitoring is None:
                continue
            over_nodes = part == "kserve" and not isinstance(serving.spread, OneNode)
            target = f"{args.name}-{part}-mn" if over_nodes else f"{args.name}-{part}"
            kind = LEADER_WORKER_SET if over_nodes else ("apps/v1", "Deployment")
            waiting = picker_queue(pool(args.name), args.epp) if serving.flow_control else None
            waiting = waiting or (None if scaling.least else turned_away(args.name, args.namespace))
            queue = [waiting] if waiting and part == "kserve" else []
            scaled_object = ScaledObjectArgs(
                name=target,
                namespace=args.namespace,
                target=(*kind, target),
                scaling=scaling,
                prometheus=args.monitoring.prometheus or "",
                requests=[requests_in_flight(args.name, args.namespace, f"{target}-.*"), *queue],
                polling_seconds=POLLING_SECONDS,
            )
            ScaledObject(f"{name}-{part}-scaling", scaled_object, self._below)


def pool(model: str) -> str:
    """The InferencePool that KServe makes for a model."""
    return f"{model}-inference-pool"


def annotations(args: ModelArgs, serving: LlmD) -> dict[str, str]:
    """The stop switch, and the second network of RDMA."""
    by = serving.prefill.transfer if serving.prefill else None
    network = {"k8s.v1.cni.cncf.io/networks": by.network} if isinstance(by, Rdma) and by.network else {}
    return {**stop_switch(args), **network}


def spec(args: ModelArgs, serving: LlmD) -> dict[str, Any]:
    """Spec of the LLMInferenceService; images and security come from the platform's base (`LLM_D_CONFIG`)."""
    lora = args.model.lora
    adapters = [{"name": name, "uri": one.source} for name, one in sorted(lora.adapters.items())] if lora else []
    return {
        "baseRefs": [{"name": LLM_D_CONFIG}],
        "model": {
            "uri": source(args.model),
            "name": args.name,
            **({"lora": {"adapters": adapters}} if adapters else {}),
        },
        **replicas(args.model.scaling),
        "labels": pod_labels(args),
        **parallelism(args, serving),
        "template": decode_pod(args, serving),
        **({} if isinstance(serving.spread, OneNode) else {"worker": worker_pod(args, serving)}),
        **({"prefill": prefill(args, serving, serving.prefill)} if serving.prefill else {}),
        "router": router(args, serving),
    }


def prefill(args: ModelArgs, serving: LlmD, section: Prefill) -> dict[str, Any]:
    """The part that reads prompts."""
    split = {"parallelism": {"tensor": section.gpus}} if section.gpus > 1 else {}
    template = prefill_pod(args, serving, section)
    return {**replicas(section.scaling), "labels": pod_labels(args), **split, "template": template}


def picker_resources(serving: LlmD) -> dict[str, Any]:
    """What the picker's own container asks for, where its preset's is not meant."""
    if (wanted := serving.picker_resources) is None:
        return {}
    amounts = {"requests": {"cpu": wanted.cpu, "memory": wanted.memory}, "limits": {"memory": wanted.memory}}
    return {"containers": [{"name": "main", "resources": amounts}]}


def replicas(scaling: Scaling) -> dict[str, Any]:
    """Replicas that stay, the bounds of WVA, or nothing where KEDA owns them."""
    match scaling:
        case Fixed(replicas=count):
            return {"replicas": count}
        case Variant() as variant:
            keda = {"cooldownPeriod": variant.scale_down_delay_seconds}
            wva = {"variantCost": str(variant.cost), "keda": keda}
            bounds = {"minReplicas": variant.min_replicas, "maxReplicas": variant.max_replicas}
            return {"scaling": {**bounds, "wva": wva}}
        case _:
            return {}


def parallelism(args: ModelArgs, serving: LlmD) -> dict[str, Any]:
    """How a replica is divided, as KServe counts its pods."""
    match serving.spread:
        case OneNode() if args.model.gpus > 1:
            return {"parallelism": {"tensor": args.model.gpus}}
        case OneNode():
            return {}
        case Data(nodes=nodes, tensor=tensor, experts=experts):
            local = args.model.gpus // tensor
            sizes = {"tensor": tensor, "data": local * nodes, "dataLocal": local, "expert": experts}
            return {"parallelism": sizes}
        case pipeline:
            return {"parallelism": {"tensor": args.model.gpus, "pipeline": pipeline.nodes}}


def router(args: ModelArgs, serving: LlmD) -> dict[str, Any]:
    """The picker, and no route: *Ready* stays false for want of one (kserve#5986), and nobody waits for it."""
    scheduler = {
        "replicas": serving.picker_replicas,
        "labels": {PICKER: args.name},
        "config": {"inline": picker_config(serving, args.epp, args.bands)},
        # Its tokenizer reads the model's own files.
        "template": {"initContainers": fetchers(args.model), **picker_resources(serving)},
    }
    return {"scheduler": scheduler}
