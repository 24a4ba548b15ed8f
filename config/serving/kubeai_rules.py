# SPDX-License-Identifier: MPL-2.0
"""Rules of serving kind `kubeai`: what KubeAI 0.22 has not is refused, never dropped in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..resources import Resources, RunProfile
from ..scalars import amount
from ..scaling import Load
from ..section import Mistake
from .kubeai import Engine, FasterWhisper, Infinity, KubeAi, Ollama, Vllm

if TYPE_CHECKING:
    from ..environment import Environment
    from ..models import Model

TASKS: dict[type, tuple[str, ...]] = {
    Vllm: ("chat", "embedding", "rerank"),
    Ollama: ("chat", "embedding"),
    Infinity: ("embedding", "rerank"),
    FasterWhisper: ("transcription",),
}
"""What each engine is asked for through KubeAI's proxy (source: KubeAI v0.22.1, openaiserver/handler.go)."""

SCHEMES: dict[type, tuple[str, ...]] = {
    Vllm: ("hf", "s3", "pvc"),
    Ollama: ("ollama",),
    Infinity: ("hf",),
    FasterWhisper: ("hf",),
}
"""Sources that each engine opens by itself (source: KubeAI v0.22.1, engine_*.go)."""

CACHED = ("hf", "s3")
"""Sources that a cache profile keeps, for every engine that has one (source: KubeAI's definition)."""

OTHERS = ("hf", "s3", "pvc", "oci")
"""Sources of every other serving kind (KServe's storage initializer)."""


class Served(NamedTuple):
    """A model that KubeAI serves."""

    name: str
    model: Model
    serving: KubeAi


def _served(environment: Environment) -> Iterator[Served]:
    for name, model in environment.models.items():
        if isinstance(model.serving, KubeAi):
            yield Served(name, model, model.serving)


def cache_profile(engine: Engine) -> str | None:
    """The cache profile of an engine, if it has one."""
    return None if isinstance(engine, Ollama) else engine.cache_profile


def engines_for_another_task(environment: Environment) -> Iterator[Mistake]:
    """An engine is asked for what it does."""
    for name, model, serving in _served(environment):
        if model.task not in (tasks := TASKS[type(serving.engine)]):
            wrong = f"{serving.engine.kind} under KubeAI is for {', '.join(tasks)}, and this model for {model.task}"
            known = any(model.task in some for some in TASKS.values())
            mend = "choose another engine" if known else "serve it by kserve"
            yield Mistake(("models", name, "task"), wrong, mend)


def sources_of_another_engine(environment: Environment) -> Iterator[Mistake]:
    """Weights come from where the engine looks for them."""
    for name, model in environment.models.items():
        serving, scheme = model.serving, model.source.split("://")[0]
        known: tuple[str, ...]
        reader: str
        if not isinstance(serving, KubeAi):
            known, reader = OTHERS, serving.kind
        elif cache_profile(serving.engine):
            known, reader = CACHED, f"the cache profile of {serving.engine.kind}"
        else:
            known, reader = SCHEMES[type(serving.engine)], f"{serving.engine.kind} under KubeAI"
        if scheme in (*OTHERS, "ollama") and scheme not in known:  # other schemes are refused by their form
            mend = f"write one of {', '.join(f'{one}://' for one in known)}"
            yield Mistake(("models", name, "source"), f"{reader} reads no {scheme}://", mend)


def places_without_a_profile(environment: Environment) -> Iterator[Mistake]:
    """KubeAI knows places by the name of a resource profile alone."""
    for name, model, _ in _served(environment):
        if model.profile is None:
            wrong = "KubeAI gives a place by the name of a profile, and none is named"
            yield Mistake(("models", name, "profile"), wrong, "name a run profile of the environment")


def times(profile: RunProfile, gpus: int) -> int | None:
    """How many times a profile makes up a model's GPUs; None if it doesn't."""
    if not profile.gpus:
        return None if gpus else 1
    return gpus // profile.gpus if gpus and not gpus % profile.gpus else None


def places_unlike_their_profile(environment: Environment) -> Iterator[Mistake]:
    """A pod gets its profile a whole number of times, and nothing else."""
    for name, model, _ in _served(environment):
        profile = environment.profiles.get(model.profile or "")
        if profile is None:
            continue
        count = times(profile, model.gpus)
        if model.pool != profile.pool:
            wrong = f"profile {model.profile} means pool {profile.pool}"
            yield Mistake(("models", name, "pool"), wrong, "take it away, or name another profile")
        elif count is None:
            wrong = f"{model.gpus} GPUs are no multiple of the {profile.gpus} of profile {model.profile}"
            yield Mistake(("models", name, "gpus"), wrong, "take it away, or name another profile")
        else:
            yield from _unlike(("models", name, "resources"), model.resources, profile, count)


def _unlike(path: tuple[str, ...], resources: Resources, profile: RunProfile, count: int) -> Iterator[Mistake]:
    pairs = {"cpu": (resources.cpu, profile.resources.cpu), "memory": (resources.memory, profile.resources.memory)}
    for resource, (mine, theirs) in pairs.items():
        if amount(mine) != amount(theirs) * count:
            wrong = f"{count} x the profile's {theirs} are not {mine}"
            yield Mistake((*path, resource), wrong, f"write {count} x {theirs}, or name another profile")


def schedules_that_kubeai_has_not(environment: Environment) -> Iterator[Mistake]:
    """KubeAI's autoscaler knows load, not the clock."""
    for name, model, _ in _served(environment):
        if isinstance(model.scaling, Load) and model.scaling.office_hours:
            path = ("models", name, "scaling", "officeHours")
            yield Mistake(path, "KubeAI scales by load alone", "raise minReplicas, or serve by llm-d or kserve")


def replicas_that_kubeai_decides(environment: Environment) -> Iterator[Mistake]:
    """KubeAI's autoscaler measures its own proxy: there is no time without a metric, and no Prometheus."""
    default = Load.model_fields["default_replicas"].default
    for name, model, _ in _served(environment):
        if isinstance(model.scaling, Load) and model.scaling.default_replicas != default:
            path = ("models", name, "scaling", "defaultReplicas")
            yield Mistake(path, "KubeAI counts requests itself and writes the replicas alone", "take it away")


def requests_that_kubeai_holds(environment: Environment) -> Iterator[Mistake]:
    """Its proxy keeps every request until a replica stands."""
    for name, model, _ in _served(environment):
        if isinstance(model.scaling, Load) and model.scaling.when_asleep == "refuse":
            path = ("models", name, "scaling", "whenAsleep")
            yield Mistake(path, "KubeAI's proxy holds every request", "write hold, or serve by kserve")


def secrets_under_another_name(environment: Environment) -> Iterator[Mistake]:
    """KubeAI takes a Secret whole (`envFrom`): every key becomes the variable of the same name."""
    for name, model, _ in _served(environment):
        for variable, secret in model.secrets.items():
            if secret.key != variable:
                path = ("models", name, "secrets", variable, "key")
                wrong = "KubeAI takes Secrets whole: a key is the variable of its own name"
                yield Mistake(path, wrong, f"keep it under the key {variable} in a Secret of its own")


def adapters_of_other_engines(environment: Environment) -> Iterator[Mistake]:
    """vLLM alone loads adapters."""
    for name, model, serving in _served(environment):
        if model.lora is not None and not isinstance(serving.engine, Vllm):
            wrong = f"{serving.engine.kind} has no adapters"
            yield Mistake(("models", name, "lora"), wrong, "take lora away, or write engine vllm")


def adapters_that_nobody_fetches(environment: Environment) -> Iterator[Mistake]:
    """KubeAI's loader fetches from hubs and buckets."""
    for name, model, _ in _served(environment):
        for adapter, one in (model.lora.adapters if model.lora else {}).items():
            if one.source.startswith("pvc://"):
                path = ("models", name, "lora", "adapters", adapter, "source")
                yield Mistake(path, "KubeAI fetches no adapter from pvc://", "write hf:// or s3://, or serve by kserve")


def caches_of_another_controller(environment: Environment) -> Iterator[Mistake]:
    """The pools' own disks are KServe's."""
    for name, model, _ in _served(environment):
        if model.cached:
            mend = "write false, and set serving.engine.cacheProfile"
            yield Mistake(("models", name, "cached"), "KubeAI keeps weights by cache profiles", mend)


def queues_that_pods_cannot_name(environment: Environment) -> Iterator[Mistake]:
    """Kueue knows a pod by a label, and KubeAI hands no labels on."""
    for name, model, _ in _served(environment):
        if model.queue is not None:
            wrong = "KubeAI's pods carry no label for Kueue"
            yield Mistake(("models", name, "queue"), wrong, "take it away, or serve by kserve")


def load_times_that_are_fixed(environment: Environment) -> Iterator[Mistake]:
    """KubeAI's probes are its own: vLLM and Ollama have three hours, the others half an hour or less."""
    for name, model, _ in _served(environment):
        if model.load_seconds != type(model).model_fields["load_seconds"].default:
            wrong = "KubeAI gives each engine a time of its own to load"
            yield Mistake(("models", name, "loadSeconds"), wrong, "take it away, or serve by kserve")


def vllm_settings_of_other_engines(environment: Environment) -> Iterator[Mistake]:
    """What is said to vLLM, no other engine hears."""
    for name, model, serving in _served(environment):
        if isinstance(serving.engine, Vllm):
            continue
        default = type(model).model_fields["gpu_memory_utilization"].default
        said = {
            "arguments": bool(model.arguments),
            "tracing": model.tracing,
            "gpuMemoryUtilization": model.gpu_memory_utilization != default,
        }
        for field in (field for field, there in said.items() if there):
            wrong = f"it is vLLM's, and the engine is {serving.engine.kind}"
            yield Mistake(("models", name, field), wrong, "take it away, or write engine vllm")


def speech_without_an_image(environment: Environment) -> Iterator[Mistake]:
    """KubeAI itself names `latest` for faster-whisper, and so no release pins it."""
    for name, model, serving in _served(environment):
        if isinstance(serving.engine, FasterWhisper) and model.image is None:
            wrong = "no release pins an image of faster-whisper"
            yield Mistake(("models", name, "image"), wrong, "name one by digest, as docker.io/fedirz/…@sha256:…")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    engines_for_another_task,
    sources_of_another_engine,
    places_without_a_profile,
    places_unlike_their_profile,
    schedules_that_kubeai_has_not,
    replicas_that_kubeai_decides,
    requests_that_kubeai_holds,
    secrets_under_another_name,
    adapters_of_other_engines,
    adapters_that_nobody_fetches,
    caches_of_another_controller,
    queues_that_pods_cannot_name,
    load_times_that_are_fixed,
    vllm_settings_of_other_engines,
    speech_without_an_image,
)
"""Every rule of KubeAI."""
