# SPDX-License-Identifier: MPL-2.0
"""Serving kind `llm-d`: KServe's LLMInferenceService, vLLM pods behind llm-d's endpoint picker."""

from typing import Annotated, Literal

from pydantic import Field

from ..resources import Resources
from ..scalars import LabelKey, ObjectName
from ..scaling import Fixed, Scaling
from ..section import Section
from .kv_offload import KvOffload
from .strategies import Balanced, FlowControl, Strategy


class OneNode(Section):
    """A replica is one pod; its GPUs split the model among them (tensor parallelism)."""

    kind: Literal["one-node"] = "one-node"

    @property
    def pods(self) -> int:
        """Pods of a replica."""
        return 1


class Pipeline(Section):
    """A replica is several pods on as many nodes: each holds some layers, and its GPUs split these among them."""

    kind: Literal["pipeline"]

    nodes: Annotated[int, Field(ge=2, le=64, strict=True)]
    """Pods of a replica; each has `gpus` GPUs."""

    @property
    def pods(self) -> int:
        """Pods of a replica."""
        return self.nodes


class Data(Section):
    """A replica is several engines that answer in parallel and, with experts, share a mixture of experts."""

    kind: Literal["data"]

    nodes: Annotated[int, Field(ge=2, le=64, strict=True)]
    """Pods of a replica; each has `gpus` GPUs."""

    tensor: Annotated[int, Field(ge=1, le=16, strict=True)] = 1
    """GPUs of one engine; `gpus` is a multiple of it."""

    experts: bool = False
    """Whether experts are spread over all GPUs of the replica (expert parallelism), instead of copied to each."""

    @property
    def pods(self) -> int:
        """Pods of a replica."""
        return self.nodes


Spread = Annotated[OneNode | Pipeline | Data, Field(discriminator="kind")]
"""How a replica lies on nodes."""


class Tcp(Section):
    """KV cache goes from prefill to decode over the pod network. It works everywhere, and is slow for long prompts."""

    kind: Literal["tcp"] = "tcp"


class Rdma(Section):
    """KV cache goes from prefill to decode over InfiniBand or RoCE."""

    kind: Literal["rdma"]

    resource: LabelKey
    """Extended resource of the network card, as `rdma/roce_gdr` or `rdma/ib`."""

    count: Annotated[int, Field(ge=1, le=16, strict=True)] = 1
    """Cards of one pod."""

    network: ObjectName | None = None
    """NetworkAttachmentDefinition of the second network (Multus), where the fabric needs one."""


Transfer = Annotated[Tcp | Rdma, Field(discriminator="kind")]
"""How KV cache travels between pods."""


class Prefill(Section):
    """Prompts are read by pods of their own, and answers written by others: neither slows the other down.

    It pays for long prompts and short answers (about ten to one). Both parts change together: a new version is a new
    model behind the same name.
    """

    gpus: Annotated[int, Field(ge=1, le=16, strict=True)] = 1
    """Shares of the pool for one prefill pod. The decode part has at least as many (NIXL)."""

    resources: Resources | None = None
    """Cores and main memory of one prefill pod; those of the model, if left out."""

    scaling: Scaling = Fixed()
    """How many prefill pods there are."""

    transfer: Transfer = Tcp()
    """How KV cache travels to the decode part."""

    from_tokens: Annotated[int, Field(ge=0, le=1_000_000, strict=True)] = 0
    """Tokens not yet cached from which a prompt goes to a prefill pod; shorter ones are read where they are answered.
    0 sends every prompt."""


class LlmD(Section):
    """KServe's LLMInferenceService: vLLM pods behind llm-d's picker, which routes by load and cached prefixes."""

    kind: Literal["llm-d"]

    strategy: Strategy = Balanced()
    """How the picker chooses a pod."""

    flow_control: FlowControl | None = FlowControl()
    """How requests wait while all pods are full. Null: they wait in the engines, without priorities."""

    picker_replicas: Annotated[int, Field(ge=1, le=5, strict=True)] = 2
    """Endpoint pickers. With one alone, the model's requests fail while it restarts."""

    picker_resources: Resources | None = None
    """Cores and main memory of a picker. Null: as KServe's preset has it, 1 core and 2Gi, up to 6 cores and 16Gi."""

    spread: Spread = OneNode()
    """How a replica lies on nodes."""

    prefill: Prefill | None = None
    """A part of its own for reading prompts."""

    kv_offload: KvOffload | None = None
    """Where KV cache goes that the GPU has no room for."""
