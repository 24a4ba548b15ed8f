# SPDX-License-Identifier: MPL-2.0
"""Rules of serving kind `modelmesh`: what models that share pods can't have is refused, never dropped in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from ..modelmesh import MeshRuntime, Sleep
from ..operators import Managed
from ..scalars import gibibytes
from ..scaling import Fixed
from ..section import Mistake
from .modelmesh import ModelMesh

if TYPE_CHECKING:
    from ..environment import Environment
    from ..models import Model

SCHEMES = ("pvc", "hf")
"""Sources that an engine opens by itself: ModelMesh's own fetcher knows neither vLLM's files nor GPUs."""


def served(environment: Environment) -> Iterator[tuple[str, Model]]:
    """Models that ModelMesh serves."""
    return ((name, model) for name, model in environment.models.items() if isinstance(model.serving, ModelMesh))


def runtimes(environment: Environment) -> dict[str, MeshRuntime]:
    """Runtimes by their run profile."""
    return dict(environment.modelmesh.runtimes) if environment.modelmesh else {}


def budget(environment: Environment, profile: str) -> Decimal:
    """GiB of GPU memory that the engines of a pod may hold together, those of sleepers and bases included."""
    place, runtime = environment.profiles[profile], runtimes(environment)[profile]
    return environment.pools[place.pool].share_memory * place.gpus * runtime.gpu_memory_utilization


def kept_by_sleepers(runtime: MeshRuntime) -> Decimal:
    """GiB of GPU memory that sleepers keep."""
    asleep = runtime.strategy
    return gibibytes(asleep.gpu_memory) * asleep.most if isinstance(asleep, Sleep) else Decimal(0)


def engine_memory(model: Model) -> Decimal:
    """GiB of GPU memory that a model's engine holds on all GPUs of its pod, awake."""
    (workload,) = model.workloads
    return model.memory_per_share(workload) * max(workload.gpus, 1)


def _bases(environment: Environment, profile: str) -> dict[str, Model]:
    """Models of a profile that stay, since adapters lie on them."""
    return {name: one for name, one in served(environment) if one.profile == profile and one.lora and not one.stopped}


def room(environment: Environment, profile: str) -> Decimal:
    """GiB of GPU memory in which the models of a profile take turns."""
    fixed = sum((engine_memory(one) for one in _bases(environment, profile).values()), Decimal(0))
    return budget(environment, profile) - kept_by_sleepers(runtimes(environment)[profile]) - fixed


def models_without_a_mesh(environment: Environment) -> Iterator[Mistake]:
    """A model shares the pods of a runtime that is declared."""
    names = runtimes(environment)
    for name, model in served(environment):
        if model.profile not in names:
            wrong = f"ModelMesh has no runtime for {'it' if model.profile is None else f'profile {model.profile}'}"
            mend = f"name one of {', '.join(sorted(names))}" if names else "declare modelmesh.runtimes"
            yield Mistake(("models", name, "profile"), wrong, mend)


def runtimes_without_a_profile(environment: Environment) -> Iterator[Mistake]:
    """A runtime gets its place from a run profile with GPUs or without."""
    for profile in runtimes(environment):
        if profile not in environment.profiles:
            path = ("modelmesh", "runtimes", profile)
            yield Mistake(path, f"there is no profile {profile}", "declare it under profiles, or rename the runtime")


def runtimes_on_cores(environment: Environment) -> Iterator[Mistake]:
    """What is shared is memory of GPUs."""
    for profile in runtimes(environment):
        place = environment.profiles.get(profile)
        if place is not None and not place.gpus:
            wrong = f"profile {profile} has no GPUs, and their memory is what models share"
            yield Mistake(("modelmesh", "runtimes", profile), wrong, "give the profile one or more")


def places_of_ones_own(environment: Environment) -> Iterator[Mistake]:
    """The pods are the runtime's: a model has no place of its own."""
    for name, model in served(environment):
        place = environment.profiles.get(model.profile or "")
        if place is None or model.profile not in runtimes(environment):
            continue
        for field, mine, theirs in (
            ("pool", model.pool, place.pool),
            ("gpus", model.gpus, place.gpus),
            ("resources", model.resources, place.resources),
        ):
            if mine != theirs:
                wrong = f"the model runs on the pods of profile {model.profile}, whatever it asks for itself"
                yield Mistake(("models", name, field), wrong, "take it away, or change the profile")


def settings_of_pods_of_ones_own(environment: Environment) -> Iterator[Mistake]:
    """What belongs to a pod can't be one model's."""
    for name, model in served(environment):
        fields = type(model).model_fields
        for field in ("credentials", "cached", "variables", "secrets", "image", "tracing", "priority_class", "queue",
                      "gpu_memory_utilization"):  # fmt: skip
            if getattr(model, field) != fields[field].get_default(call_default_factory=True):
                alias = fields[field].alias or field
                yield Mistake(("models", name, alias), "it belongs to a pod, and models share theirs", "take it away")


def replicas_that_modelmesh_decides(environment: Environment) -> Iterator[Mistake]:
    """ModelMesh decides where and how often a model is loaded."""
    for name, model in served(environment):
        if model.scaling != Fixed():
            wrong = "ModelMesh loads a model when it is called, and oftener where it is called much"
            yield Mistake(("models", name, "scaling"), wrong, "take it away; pods are modelmesh.runtimes' replicas")


def weights_that_nobody_fetches(environment: Environment) -> Iterator[Mistake]:
    """Engines read claims, and fetch from the hub themselves."""
    for name, model in served(environment):
        adapters = model.lora.adapters.items() if model.lora else ()
        sources: list[tuple[tuple[str, ...], str]] = [(("source",), model.source)]
        sources += [(("lora", "adapters", key, "source"), one.source) for key, one in adapters]
        for path, source in sources:
            scheme = source.split("://")[0]
            if scheme not in SCHEMES and scheme in ("s3", "oci"):
                yield Mistake(("models", name, *path), f"engines under ModelMesh read no {scheme}://", "write pvc://")


def strategies_of_bases(environment: Environment) -> Iterator[Mistake]:
    """A model with adapters stays."""
    for name, model in served(environment):
        if model.lora is not None and isinstance(model.serving, ModelMesh) and model.serving.strategy is not None:
            path = ("models", name, "serving", "strategy")
            yield Mistake(path, "a model with adapters stays, and makes no room", "take it away, or take lora away")


def adapters_loaded_behind_modelmesh(environment: Environment) -> Iterator[Mistake]:
    """ModelMesh decides which adapters are loaded."""
    for name, model in served(environment):
        if model.lora is not None and model.lora.dynamic:
            path = ("models", name, "lora", "dynamic")
            yield Mistake(path, "ModelMesh alone loads adapters, those of the catalogue", "write false")


def models_larger_than_the_room(environment: Environment) -> Iterator[Mistake]:
    """Alone, each model fits what sleepers and bases leave; the largest of them need not fit together."""
    for name, model in served(environment):
        profile = model.profile or ""
        if model.stopped or model.lora or not _placed(environment, profile):
            continue
        needed, left = engine_memory(model), room(environment, profile)
        # A model that is too large for its GPUs is told by the fit.
        if left < needed <= budget(environment, profile):
            wrong = f"it needs {needed:.1f} GiB, and sleepers and models with adapters leave {left:.1f} GiB"
            yield Mistake(("models", name, "size"), wrong, "lower strategy.most or contextTokens, or take more GPUs")


def bases_larger_than_their_gpus(environment: Environment) -> Iterator[Mistake]:
    """Models with adapters stay, all of them at once."""
    for profile in filter(lambda one: _placed(environment, one), runtimes(environment)):
        bases, left = _bases(environment, profile), room(environment, profile)
        if bases and left <= 0:
            wrong = f"{', '.join(bases)} and sleepers leave no GPU memory for any adapter"
            yield Mistake(("modelmesh", "runtimes", profile), wrong, "give the profile more GPUs, or fewer models")


def _placed(environment: Environment, profile: str) -> bool:
    place = environment.profiles.get(profile)
    return profile in runtimes(environment) and place is not None and place.pool in environment.pools


def sleepers_beyond_the_pod(environment: Environment) -> Iterator[Mistake]:
    """Weights of sleepers lie in the pod's own memory, beside engines that are awake."""
    for profile, runtime in runtimes(environment).items():
        place = environment.profiles.get(profile)
        if place is None or not isinstance(runtime.strategy, Sleep):
            continue
        needed = gibibytes(runtime.strategy.memory) + gibibytes(runtime.strategy.engine_memory)
        if needed > gibibytes(place.resources.memory):
            wrong = f"sleepers and one engine awake need {needed:.0f} GiB, and a pod has {place.resources.memory}"
            path = ("modelmesh", "runtimes", profile, "strategy", "memory")
            yield Mistake(path, wrong, "lower it, or raise the profile's resources.memory")


def runtimes_beyond_the_pool(environment: Environment) -> Iterator[Mistake]:
    """The pods of a runtime find GPUs beside models with pods of their own."""
    for pool_name, pool in environment.pools.items():
        mine = {key: one for key, one in runtimes(environment).items() if _on(environment, key, pool_name)}
        asked = sum(environment.profiles[key].gpus * one.replicas for key, one in mine.items())
        others = sum(model.shares for model in environment.models.values() if model.pool == pool_name)
        if mine and others <= pool.shares < asked + others:
            wrong = f"{', '.join(mine)} ask for {asked} x {pool.resource}, and {pool.shares - others} are free"
            yield Mistake(("modelmesh", "runtimes", next(iter(mine)), "replicas"), wrong, "lower it, or add nodes")


def _on(environment: Environment, profile: str, pool: str) -> bool:
    return profile in environment.profiles and environment.profiles[profile].pool == pool


def meshes_without_an_authority(environment: Environment) -> Iterator[Mistake]:
    """Hops between ModelMesh, its pods and its front are secured by the gateway's authority."""
    if environment.modelmesh is not None and environment.gateway is None:
        wrong = "certificates of its hops come from the gateway's authority, and there is no gateway"
        yield Mistake(("modelmesh",), wrong, "declare gateway")


def controllers_of_nothing(environment: Environment) -> Iterator[Mistake]:
    """A managed ModelMesh needs to be told its pods."""
    if isinstance(environment.operators.modelmesh, Managed) and environment.modelmesh is None:
        path = ("operators", "modelmesh", "kind")
        yield Mistake(path, "nothing says which pods it has", "declare modelmesh, or write existing")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    models_without_a_mesh,
    runtimes_without_a_profile,
    runtimes_on_cores,
    places_of_ones_own,
    settings_of_pods_of_ones_own,
    replicas_that_modelmesh_decides,
    weights_that_nobody_fetches,
    strategies_of_bases,
    adapters_loaded_behind_modelmesh,
    models_larger_than_the_room,
    bases_larger_than_their_gpus,
    sleepers_beyond_the_pod,
    runtimes_beyond_the_pool,
    meshes_without_an_authority,
    controllers_of_nothing,
)
"""Every rule of ModelMesh."""
