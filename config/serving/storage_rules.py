# SPDX-License-Identifier: MPL-2.0
"""Rules of weights and adapters on their way into a pod, as KServe v0.20 fetches and mounts them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..section import Mistake, Path

if TYPE_CHECKING:
    from ..environment import Environment
    from ..models import Model

BY_KSERVE = ("llm-d", "kserve", "huggingface")
"""Kinds whose weights KServe fetches; all but the first as sources of an InferenceService."""

FETCHED = ("hf://", "s3://")
"""Schemes that KServe downloads; claims are mounted, images run beside the engine."""

HUB = re.compile(r"hf://[^/:]+/[^/:]+(:[^/]+)?")
"""Owner, name and revision (source: KServe v0.20.0, python/storage, _download_hf)."""

CLAIM = re.compile(r"pvc://[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(/.*)?")
"""A claim by the name of an object, and a folder in it (source: KServe v0.20.0, ParsePvcURI)."""

WEIGHTS, ADAPTERS = "/mnt/models", "/mnt/lora"
"""Folders of a model and of its adapters in a pod."""


def sources(name: str, model: Model) -> Iterator[tuple[Path, str, str]]:
    """Every source of a model: where it is declared, what it is, and the folder that it comes to lie in."""
    yield ("models", name, "source"), model.source, WEIGHTS
    for adapter, one in (model.lora.adapters if model.lora else {}).items():
        yield ("models", name, "lora", "adapters", adapter, "source"), one.source, f"{ADAPTERS}/{adapter}"


def by_kserve(environment: Environment) -> Iterator[tuple[str, Model]]:
    """Models whose weights KServe fetches."""
    return ((name, one) for name, one in environment.models.items() if one.serving.kind in BY_KSERVE)


def sources_that_name_nothing(environment: Environment) -> Iterator[Mistake]:
    """A hub has owners and names; a claim has the name of an object."""
    for name, model in environment.models.items():
        for path, source, _ in sources(name, model):
            if source.startswith("hf://") and not HUB.fullmatch(source):
                yield Mistake(path, "not an owner and a name", "write hf://owner/name, or hf://owner/name:revision")
            if source.startswith("pvc://") and not CLAIM.fullmatch(source):
                yield Mistake(path, "no claim has such a name", "write pvc://claim/folder, the claim in lower case")


def credentials_that_open_nothing(environment: Environment) -> Iterator[Mistake]:
    """Claims are mounted by Kubernetes and images pulled by the node: a model's credentials open neither."""
    for name, model in by_kserve(environment):
        if model.credentials and not any(source.startswith(FETCHED) for _, source, _ in sources(name, model)):
            wrong = f"nothing is fetched from {model.source.split('://')[0]}:// that they could open"
            yield Mistake(("models", name, "credentials"), wrong, "take them away; a registry's are the node's own")


def folders_of_claims_beside_adapters(environment: Environment) -> Iterator[Mistake]:
    """Where there are adapters, `kserve` mounts claims whole (source: KServe v0.20.0, storage_initializer_injector)."""
    for name, model in by_kserve(environment):
        if model.serving.kind == "llm-d" or not model.names:
            continue
        for path, source, folder in sources(name, model):
            if source.startswith("pvc://") and source.removeprefix("pvc://").strip("/").count("/"):
                wrong = f"with adapters, kserve mounts the whole claim at {folder} and not this folder of it"
                yield Mistake(path, wrong, "give it a claim of its own (pvc://claim), fetch it, or serve by llm-d")


def claims_below_downloads(environment: Environment) -> Iterator[Mistake]:
    """What is downloaded for a pod lies on one volume, mounted for reading: nothing can be mounted below it.

    Source: KServe v0.20.0, attachMultiStorageDownloads and CommonStorageInitialization.
    """
    for name, model in by_kserve(environment):
        fetched = [folder for _, source, folder in sources(name, model) if source.startswith(FETCHED)]
        if not model.names or not {folder for folder in fetched if folder != WEIGHTS}:
            continue
        volume = posixpath.commonpath(fetched)
        for path, source, folder in sources(name, model):
            if source.startswith("pvc://") and folder.startswith(f"{volume}/"):
                wrong = f"no claim can be mounted at {folder}: the downloads beside it fill {volume}"
                yield Mistake(path, wrong, "fetch it as the others (hf://, s3://), or put all adapters on claims")


def caches_beside_adapters(environment: Environment) -> Iterator[Mistake]:
    """With adapters, `kserve` fetches every source itself (source: KServe v0.20.0, setLocalModelLabel)."""
    for name, model in by_kserve(environment):
        if model.serving.kind != "llm-d" and model.cached and model.names:
            wrong = "with adapters, an InferenceService never looks into the cache"
            yield Mistake(("models", name, "cached"), wrong, "write false, or serve by llm-d")


def caches_of_one_source(environment: Environment) -> Iterator[Mistake]:
    """A source is cached once (source: KServe v0.20.0, LocalModelCacheValidator)."""
    owners: dict[str, str] = {}
    for name, model in sorted(environment.models.items()):
        if model.cached and (owner := owners.setdefault(model.source.rstrip("/"), name)) != name:
            wrong = f"{owner} caches {model.source} already, and KServe refuses a second cache of it"
            yield Mistake(("models", name, "cached"), wrong, "write false: the same cache serves both")


def caches_of_another_pool(environment: Environment) -> Iterator[Mistake]:
    """KServe gives a cache to every model of its source, whatever that asks for, and the disk pins it to its nodes.

    Source: KServe v0.20.0, SetLocalModelLabel and MatchStorageURI.
    """
    for owner, cached in environment.models.items():
        for name, model in by_kserve(environment):
            if not cached.cached or name == owner or model.pool == cached.pool:
                continue
            if f"{model.source.rstrip('/')}/".startswith(f"{cached.source.rstrip('/')}/"):
                wrong = f"its weights would come from the cache of {owner}, on nodes of {cached.pool}"
                mend = f"write {cached.pool}, take {owner}'s cache away, or give one a source of its own"
                yield Mistake(("models", name, "pool"), wrong, mend)


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    sources_that_name_nothing,
    credentials_that_open_nothing,
    folders_of_claims_beside_adapters,
    claims_below_downloads,
    caches_beside_adapters,
    caches_of_one_source,
    caches_of_another_pool,
)
"""Every rule of weights on their way."""
