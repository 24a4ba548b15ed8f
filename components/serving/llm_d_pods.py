# SPDX-License-Identifier: MPL-2.0
"""Pods of an LLMInferenceService (KServe v0.20): the command line of vLLM in each part of a replica.

KServe's presets start vLLM through a shell that reads its arguments a second time (`eval`). Ours is started directly,
so that a JSON argument arrives as it is written; KServe merges the rest of its presets (ports, volumes) beneath.
"""

from typing import Any

from config.serving.kv_offload import Claim, KvOffload, Native, NodeDisk
from config.serving.llm_d import Data, LlmD, Pipeline, Prefill, Rdma
from config.serving.strategies import PrecisePrefix

from .engine import CACHE_DISK, compact, engine_arguments, engine_variables, transfer
from .epp import EVENTS_PORT
from .model import ModelArgs, pod_placement, requests, startup_probe, storage_account, variables

PORT = 8000
"""Port of the pool: vLLM's, or that of the sidecar in front of it."""

BEHIND_SIDECAR = 8001
"""Port of vLLM in decode pods: KServe's sidecar in front asks prefill pods first."""

SERVE = ["vllm", "serve", "/mnt/models"]
"""Weights lie where KServe puts them."""

POD_IP = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
"""A pod's own address, for arguments that name it."""


def decode_pod(args: ModelArgs, serving: LlmD) -> dict[str, Any]:
    """The main pod: it answers, and reads prompts too where no prefill part does."""
    split = serving.prefill is not None
    port = BEHIND_SIDECAR if split else PORT
    container = {
        "name": "main",
        "command": SERVE,
        "args": [f"--port={port}", *shared_arguments(args, serving), *leader(args, serving)],
        "env": shared_variables(args, serving, split=split),
        "resources": requests(
            args.placement, args.model.gpus, args.model.resources.cpu, args.model.resources.memory, cards(serving)
        ),
        "startupProbe": startup_probe(args),
        **image(args),
        **mounts(serving.kv_offload),
    }
    return {**pod(args, container, serving.kv_offload), **(sidecar(args) if split else {})}


def sidecar(args: ModelArgs) -> dict[str, Any]:
    """The proxy that KServe puts before a decode pod, with the release's image.

    It watches the pool, so as to send requests to no other address than those of prefill pods: it needs a token.
    """
    proxy = {"name": "llm-d-routing-sidecar", "image": args.images["routing-sidecar"]}
    return {"automountServiceAccountToken": True, "initContainers": [proxy]}


def prefill_pod(args: ModelArgs, serving: LlmD, prefill: Prefill) -> dict[str, Any]:
    """A pod that reads prompts and hands their KV cache over."""
    resources = prefill.resources or args.model.resources
    container = {
        "name": "main",
        "command": SERVE,
        "args": [f"--port={PORT}", *shared_arguments(args, serving), *tensor(prefill.gpus)],
        "env": shared_variables(args, serving, split=True),
        "resources": requests(args.placement, prefill.gpus, resources.cpu, resources.memory, cards(serving)),
        "startupProbe": startup_probe(args),
        **image(args),
        **mounts(serving.kv_offload),
    }
    return pod(args, container, serving.kv_offload)


def worker_pod(args: ModelArgs, serving: LlmD) -> dict[str, Any]:
    """A further pod of a replica that lies on several nodes."""
    model = args.model
    container = {
        "name": "main",
        **worker(args, serving),
        "env": shared_variables(args, serving, split=False),
        "resources": requests(args.placement, model.gpus, model.resources.cpu, model.resources.memory, cards(serving)),
        **image(args),
        **mounts(serving.kv_offload),
    }
    return pod(args, container, serving.kv_offload)


def pod(args: ModelArgs, container: dict[str, Any], offload: KvOffload | None) -> dict[str, Any]:
    """A PodSpec around vLLM."""
    account = storage_account(args)
    return {
        **pod_placement(args),
        **({"serviceAccountName": account} if account else {}),
        "containers": [container],
        **volumes(offload),
    }


def shared_arguments(args: ModelArgs, serving: LlmD) -> list[str]:
    """Arguments of every part."""
    model = args.model
    return [
        f"--served-model-name={args.name}",
        *engine_arguments(model, args.monitoring),
        *transfer(serving.kv_offload, split=serving.prefill is not None),
        *events(args, serving),
    ]


def events(args: ModelArgs, serving: LlmD) -> list[str]:
    """How the picker is told what is in the KV cache (source: KServe v0.20.0, its sample of it)."""
    if not isinstance(serving.strategy, PrecisePrefix):
        return []
    told = {
        "enable_kv_cache_events": True,
        "publisher": "zmq",
        "endpoint": f"tcp://{args.name}-epp-service:{EVENTS_PORT}",
        "topic": f"kv@$(POD_IP)@{args.name}",
    }
    hashes = ["--prefix-caching-hash-algo=sha256_cbor", f"--block-size={serving.strategy.block_size}"]
    return [*hashes, f"--kv-events-config={compact(told)}"]


def tensor(gpus: int) -> list[str]:
    """How many GPUs split an engine's layers among them."""
    return [f"--tensor-parallel-size={gpus}"] if gpus > 1 else []


def leader(args: ModelArgs, serving: LlmD) -> list[str]:
    """Arguments of the pod that answers for its replica. LeaderWorkerSet sets the variables that they name."""
    match serving.spread:
        case Pipeline(nodes=nodes):
            return [*tensor(args.model.gpus), *nodes_of(nodes)]
        case Data() as data:
            return [*data_parallel(args, data), "--data-parallel-address=$(POD_IP)", "--data-parallel-start-rank=0"]
        case _:
            return tensor(args.model.gpus)


def nodes_of(nodes: int) -> list[str]:
    """Pipeline parallelism over nodes, without Ray (vLLM: `--nnodes`)."""
    return [
        f"--pipeline-parallel-size={nodes}",
        f"--nnodes={nodes}",
        "--node-rank=$(LWS_WORKER_INDEX)",
        "--master-addr=$(LWS_LEADER_ADDRESS)",
        "--distributed-executor-backend=mp",
    ]


def data_parallel(args: ModelArgs, data: Data) -> list[str]:
    """Engines of a replica: as many on each node as its GPUs make up."""
    local = args.model.gpus // data.tensor
    return [
        *tensor(data.tensor),
        f"--data-parallel-size={local * data.nodes}",
        f"--data-parallel-size-local={local}",
        *(["--enable-expert-parallel"] if data.experts else []),
    ]


# The first rank of a node is a product that no variable holds, and ZMQ takes an address, not a name, to bind to.
JOIN = """until leader=$(getent hosts "$LWS_LEADER_ADDRESS" | cut -d' ' -f1) && [ -n "$leader" ]; do sleep 1; done
exec "$@" --data-parallel-address="$leader" --data-parallel-start-rank=$((LWS_WORKER_INDEX * {local}))"""


def worker(args: ModelArgs, serving: LlmD) -> dict[str, Any]:
    """Command and arguments of a pod that answers nobody but its leader."""
    arguments = shared_arguments(args, serving)
    match serving.spread:
        case Pipeline(nodes=nodes):
            own = [*arguments, *tensor(args.model.gpus), *nodes_of(nodes), "--headless"]
            return {"command": SERVE, "args": own}
        case Data() as data:
            script = JOIN.replace("{local}", str(args.model.gpus // data.tensor))
            own = [*SERVE, *arguments, *data_parallel(args, data), "--headless"]
            return {"command": ["/bin/sh", "-c", script, "join"], "args": own}
        case _:
            raise TypeError(f"a replica of {args.name} is one pod")


def shared_variables(args: ModelArgs, serving: LlmD, *, split: bool) -> list[dict[str, Any]]:
    """Environment variables of every part."""
    seed = serving.strategy.hash_seed if isinstance(serving.strategy, PrecisePrefix) else None
    own = engine_variables(args.model, serving.kv_offload, args.monitoring)
    if seed is not None:
        own = [one for one in own if one["name"] != "PYTHONHASHSEED"]
        own.append({"name": "PYTHONHASHSEED", "value": str(seed)})
    side_channel = {"name": "VLLM_NIXL_SIDE_CHANNEL_HOST", "value": "$(POD_IP)"}
    return [POD_IP, *([side_channel] if split else []), *own, *variables(args)]


def cards(serving: LlmD) -> dict[str, int]:
    """Network cards that KV cache travels over."""
    transfer_by = serving.prefill.transfer if serving.prefill else None
    return {transfer_by.resource: transfer_by.count} if isinstance(transfer_by, Rdma) else {}


def image(args: ModelArgs) -> dict[str, str]:
    """An image of one's own; the release's stands in the platform's base."""
    return {"image": args.model.image} if args.model.image else {}


def mounts(offload: KvOffload | None) -> dict[str, Any]:
    """Where the engine finds the disk of its KV cache."""
    disk = offload.disk if isinstance(offload, Native) else None
    return {"volumeMounts": [{"name": "kv-cache", "mountPath": CACHE_DISK}]} if disk else {}


def volumes(offload: KvOffload | None) -> dict[str, Any]:
    """The disk of the KV cache."""
    match offload.disk if isinstance(offload, Native) else None:
        case NodeDisk(size=size):
            return {"volumes": [{"name": "kv-cache", "emptyDir": {"sizeLimit": size}}]}
        case Claim(name=name):
            return {"volumes": [{"name": "kv-cache", "persistentVolumeClaim": {"claimName": name}}]}
        case _:
            return {}
