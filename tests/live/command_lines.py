# SPDX-License-Identifier: MPL-2.0
"""The command lines that the manifests of an environment start vLLM with, put together as KServe v0.20 would.

`kserve`: the runtime's command, its arguments, then the predictor's (source: KServe, pkg/controller/v1beta1/
inferenceservice/utils, MergeRuntimeContainers); `{{.Name}}` is the object's name. `llm-d`: the container `main` of the
model's own template.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from andel.preview.graph import Registration
from components.kserve_settings import VLLM_RUNTIME, VLLM_RUNTIME_CPU
from config.environment import Environment
from config.models import Model
from tests.components.program import normalised, platform_graph

WEIGHTS = "/mnt/models"
ADAPTERS = "/mnt/lora"
"""Where KServe puts weights and adapters."""


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """How a model's engine is started."""

    name: str
    """Public name of the model."""

    model: Model
    """Its section."""

    part: str
    """Part of the model's object: `predictor`, `template`, `worker`, `prefill`."""

    words: tuple[str, ...]
    """Command and arguments."""

    variables: Mapping[str, str]
    """Environment variables; those whose value stands in a Secret or comes from the node have a made-up one."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words after the command of vLLM itself."""
        first = next(index for index, word in enumerate(self.words) if word.startswith("--"))
        return self.words[first:]

    def __str__(self) -> str:
        return f"{self.name}-{self.part}"


def command_lines(environment: Environment) -> list[CommandLine]:
    """Every command line of vLLM in the manifests of an environment."""
    objects = [registration for registration in platform_graph(environment) if registration.object]
    return [*_of_kserve(objects, environment), *_of_llm_d(objects, environment)]


def _inputs(objects: list[Registration], kind: str) -> Iterator[dict[str, Any]]:
    for one in objects:
        inputs = normalised(one.inputs)
        if inputs.get("kind") == kind:
            yield inputs


def _of_kserve(objects: list[Registration], environment: Environment) -> Iterator[CommandLine]:
    runtimes = {one["metadata"]["name"]: one["spec"] for one in _inputs(objects, "ClusterServingRuntime")}
    for service in _inputs(objects, "InferenceService"):
        name, own = service["metadata"]["name"], service["spec"]["predictor"]["model"]
        if own["runtime"] not in (VLLM_RUNTIME, VLLM_RUNTIME_CPU):
            continue  # another server, with a command line of its own
        (container,) = runtimes[own["runtime"]]["containers"]
        variables = _values([*container.get("env", []), *own.get("env", [])])
        words = [*container["command"], *container["args"], *own["args"]]
        words = [re.sub(r"\{\{ ?\.Name ?\}\}", name, word) for word in words]
        yield CommandLine(
            name=name,
            model=environment.models[name],
            part="predictor",
            words=tuple(_expanded(words, variables)),
            variables=variables,
        )


def _of_llm_d(objects: list[Registration], environment: Environment) -> Iterator[CommandLine]:
    for service in _inputs(objects, "LLMInferenceService"):
        spec, name = service["spec"], service["metadata"]["name"]
        prefill = spec.get("prefill", {})
        pods = {"template": spec.get("template"), "worker": spec.get("worker"), "prefill": prefill.get("template")}
        for part, pod in pods.items():
            if pod is None:
                continue
            container = _main(pod)
            variables = _values(container.get("env", []))
            # Without a command of its own KServe's preset would run a shell that reads the arguments once more.
            words = [*container["command"], *container["args"]]
            yield CommandLine(
                name=name,
                model=environment.models[name],
                part=part,
                words=tuple(_expanded(words, variables)),
                variables=variables,
            )


def _main(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    (container,) = [one for one in pod["containers"] if one["name"] == "main"]
    found: Mapping[str, Any] = container
    return found


MADE_UP = {"status.podIP": "127.0.0.1"}
"""What nodes say."""

LEADER_WORKER_SET = {"LWS_WORKER_INDEX": "0", "LWS_LEADER_ADDRESS": "127.0.0.1", "LWS_GROUP_SIZE": "2"}
"""What LeaderWorkerSet sets in its pods."""


def _values(variables: list[dict[str, Any]]) -> dict[str, str]:
    """Environment variables as a container sees them: later ones win, references to others are filled in."""
    found: dict[str, str] = dict(LEADER_WORKER_SET)
    for variable in variables:
        source = variable.get("valueFrom", {})
        value = variable.get("value", MADE_UP.get(source.get("fieldRef", {}).get("fieldPath", ""), "made-up"))
        found[variable["name"]] = _expanded([value], found)[0]
    return found


def _expanded(words: list[str], variables: Mapping[str, str]) -> list[str]:
    """Words with `$(NAME)` filled in, as Kubernetes does it: a name that nobody knows stays as it is."""
    return [re.sub(r"\$\(([A-Za-z_]\w*)\)", lambda m: variables.get(m[1], m[0]), word) for word in words]


PARALLEL = re.compile(
    "--(tensor-parallel-size|pipeline-parallel-size|data-parallel-[a-z-]+|enable-expert-parallel|nnodes|node-rank"
    "|master-addr|distributed-executor-backend)(=.*)?$"
)
"""Sizes and places of an engine that is split over GPUs and nodes."""


NUMBERS = ("--dtype=", "--kv-cache-dtype=")
"""Formats of weights and of KV cache: processors compute with float32."""


def on_this_machine(line: CommandLine, *, vllm: Path, weights: Path, port: int, memory: int = 1) -> CommandLine:
    """The command line for a machine without GPUs and a tiny model. All that may differ from production stands here.

    Swapped are the interpreter's and the models' paths, the port, parallel sizes and the number formats; compiling and
    the size of the KV cache are the device's. Nothing else.

    Args:
        line: what the manifests say.
        vllm: folder of the programs of an environment with vLLM.
        weights: folder of a tiny model; adapters lie in its `adapters`.
        port: where it listens.
        memory: GiB of its KV cache.
    """
    places = {ADAPTERS: str(weights / "adapters"), WEIGHTS: str(weights)}
    words = [str(vllm / line.words[0]).replace("python3", "python"), *line.words[1:]]
    words = [f"--port={port}" if word.startswith("--port=") else word for word in words if not PARALLEL.match(word)]
    words = [word for word in words if not word.startswith(NUMBERS)]
    for place, here in places.items():
        words = [word.replace(place, here) for word in words]
    folders = {name: str(weights) for name in ("HOME", "HF_HOME") if name in line.variables}
    device = {"VLLM_CPU_KVCACHE_SPACE": str(memory)}
    return CommandLine(
        name=line.name,
        model=line.model,
        part=line.part,
        words=(*words, "--dtype=float32", "--enforce-eager"),
        variables={**line.variables, **folders, **device},
    )


def needs_more_machines(line: CommandLine) -> bool:
    """Whether it waits for others, or moves KV cache by what needs GPUs. Such a line is parsed, and not started."""
    return line.part == "worker" or any(word.startswith("--kv-transfer-config=") for word in line.words)
