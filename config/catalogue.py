# SPDX-License-Identifier: MPL-2.0
"""Rules of the catalogue: what a model has besides its serving kind, and what it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from .scalars import gibibytes
from .section import Mistake

if TYPE_CHECKING:
    from .environment import Environment


def one_of(names: Mapping[str, object]) -> str:
    """The names one may choose, as a mend says them."""
    few = sorted(names)[:10]
    return f"write one of {', '.join(few)}{', …' if len(few) < len(names) else ''}" if names else "declare it first"


def unknown_profiles(environment: Environment) -> Iterator[Mistake]:
    """A model names a declared profile."""
    for name, model in environment.models.items():
        if model.profile is not None and model.profile not in environment.profiles:
            path = ("models", name, "profile")
            yield Mistake(path, f"there is no profile {model.profile}", one_of(environment.profiles))


def profiles_without_a_pool(environment: Environment) -> Iterator[Mistake]:
    """A profile means a declared pool. One that a model names is told at the model, too."""
    used = {model.profile for model in environment.models.values() if model.pool not in environment.pools}
    for name, profile in environment.profiles.items():
        if profile.pool not in environment.pools and name not in used:
            path = ("profiles", name, "pool")
            yield Mistake(path, f"there is no pool {profile.pool}", one_of(environment.pools))


def unknown_pools(environment: Environment) -> Iterator[Mistake]:
    """A model runs on a declared pool."""
    for name, model in environment.models.items():
        if model.pool not in environment.pools:
            yield Mistake(("models", name, "pool"), f"there is no pool {model.pool}", one_of(environment.pools))


def caches_that_do_not_suit_the_task(environment: Environment) -> Iterator[Mistake]:
    """Models that write text keep a KV cache; those that give vectors or scores keep none."""
    for name, model in environment.models.items():
        path, cached = ("models", name, "size", "kvCache"), model.size.kv_cache is not None
        if model.task.pools and cached:
            yield Mistake(path, f"a model for {model.task} keeps no KV cache between tokens", "take kvCache away")
        if not model.task.pools and not cached:
            yield Mistake(path, f"a model for {model.task} keeps a KV cache", "declare it: the fit is judged by it")


def buckets_without_credentials(environment: Environment) -> Iterator[Mistake]:
    """A bucket is opened with keys."""
    for name, model in environment.models.items():
        if model.credentials is None and model.source.startswith("s3://"):
            path = ("models", name, "source")
            yield Mistake(path, "s3:// needs keys, and none are named", "set credentials to the Secret that holds them")
        for adapter, one in (model.lora.adapters if model.lora else {}).items():
            if model.credentials is None and one.source.startswith("s3://"):
                at = ("models", name, "lora", "adapters", adapter, "source")
                yield Mistake(at, "s3:// needs keys, and none are named", "set the model's credentials")


def caches_without_disks(environment: Environment) -> Iterator[Mistake]:
    """Weights are kept where the pool has room for them."""
    for name, model in environment.models.items():
        if not model.cached or (pool := environment.pools.get(model.pool)) is None:
            continue
        path = ("models", name, "cached")
        if pool.model_cache is None:
            yield Mistake(path, f"{model.pool} keeps no weights", "declare the pool's modelCache, or write false")
        elif not model.source.startswith(("hf://", "s3://")):
            wrong = f"{model.source.split('://')[0]}:// is not fetched, so nothing is kept of it"
            yield Mistake(path, wrong, "write false")


def disks_too_small_for_their_weights(environment: Environment) -> Iterator[Mistake]:
    """All cached models of a pool lie on each of its nodes."""
    for name, pool in environment.pools.items():
        models = {key: one for key, one in environment.models.items() if one.cached and one.pool == name}
        needed = sum(model.weights for model in models.values())
        if pool.model_cache and needed > gibibytes(pool.model_cache.storage):
            wrong = f"weights of {', '.join(models)} are {needed:.0f} GiB together"
            yield Mistake(("pools", name, "modelCache", "storage"), wrong, "raise it, or cache fewer models")


def adapters_of_models_without_answers(environment: Environment) -> Iterator[Mistake]:
    """Adapters are served with models that write text."""
    for name, model in environment.models.items():
        if model.lora is not None and model.task != "chat":
            path = ("models", name, "lora")
            yield Mistake(path, f"a model for {model.task} is served without adapters", "take lora away")


def adapters_without_room(environment: Environment) -> Iterator[Mistake]:
    """What is on a GPU is in main memory too, and all adapters of the catalogue are loaded there."""
    for name, model in environment.models.items():
        if model.lora is None:
            continue
        path, most = ("models", name, "lora", "maxOnHost"), max(model.lora.max_loaded, len(model.lora.adapters))
        if model.lora.max_on_host < most:
            wrong = f"{model.lora.max_on_host} adapters in main memory are fewer than the {most} that must be there"
            yield Mistake(path, wrong, f"write {most} or more")


def names_of_two_models(environment: Environment) -> Iterator[Mistake]:
    """A name on the wire means one model or adapter."""
    owners = {name: name for name in environment.models}
    for name, model in environment.models.items():
        for adapter in model.names:
            if adapter in owners:
                path = ("models", name, "lora", "adapters", adapter)
                yield Mistake(path, f"{owners[adapter]} answers to this name already", "give it another")
            owners.setdefault(adapter, name)


def traces_to_nowhere(environment: Environment) -> Iterator[Mistake]:
    """Spans go somewhere."""
    for name, model in environment.models.items():
        if model.tracing and (environment.monitoring is None or environment.monitoring.traces is None):
            path = ("models", name, "tracing")
            yield Mistake(path, "the environment takes no spans", "declare monitoring.traces, or write false")


def secrets_and_variables_of_one_name(environment: Environment) -> Iterator[Mistake]:
    """A variable has one value."""
    for name, model in environment.models.items():
        for variable in model.secrets.keys() & model.variables.keys():
            path = ("models", name, "variables", variable)
            yield Mistake(path, "a Secret gives it already", "take one of the two away")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    unknown_profiles,
    profiles_without_a_pool,
    unknown_pools,
    caches_that_do_not_suit_the_task,
    buckets_without_credentials,
    caches_without_disks,
    disks_too_small_for_their_weights,
    adapters_of_models_without_answers,
    adapters_without_room,
    names_of_two_models,
    traces_to_nowhere,
    secrets_and_variables_of_one_name,
)
"""Every rule of the catalogue."""
