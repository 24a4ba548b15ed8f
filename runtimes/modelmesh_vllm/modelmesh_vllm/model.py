# SPDX-License-Identifier: MPL-2.0
"""What a model is, read from the two texts that ModelMesh hands over: its path and its key.

modelmesh-serving 0.12.0 writes the key as JSON (controllers/predictor_controller.go): `model_type` and, from a
Predictor's `storage.parameters`, `storage_params`. The latter, all texts, are where a model says what it needs; without
them it gets the runtime's defaults, so that any client of ModelMesh can register a model by its path alone.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationError

from .settings import Bytes, RuntimeSettings, Settings, Some, Strategy

CONCRETE = re.compile(r"(?P<name>.+)__(ksp|isvc)-[0-9a-f]+")
"""Ids that modelmesh-serving makes of a Predictor's or InferenceService's name and a sum of its settings."""


class NotUnderstood(ValueError):
    """A key that doesn't describe a model: nothing was loaded."""


def _list(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


class Parameters(Settings):
    """`storage_params` of a key. All are texts on the wire; lists are JSON."""

    name: str | None = None
    """Name that the engine answers to; else the id's, without what modelmesh-serving adds."""

    strategy: Strategy | None = None
    weights_bytes: Bytes | None = None
    """Bytes of its weights on the GPU, before they were measured; else those of the weights' files."""

    kv_bytes: Bytes | None = None
    concurrency: Some | None = None
    arguments: Annotated[tuple[str, ...], BeforeValidator(_list)] = ()
    """Further arguments of its engine."""

    base: str | None = None
    """For an adapter: which of the runtime's bases it is on."""

    adapter: Annotated[bool, BeforeValidator(lambda value: value in (True, "true"))] = True
    """Of strategy `lora`: false for the base's own name, which has no adapter to load."""


class Model(Settings):
    """A model that may be loaded."""

    id: str
    name: str
    path: str
    strategy: Strategy
    weights_bytes: Bytes
    """Expected; what was measured goes before it."""

    kv_bytes: Bytes
    concurrency: Some
    arguments: tuple[str, ...] = ()
    base: str | None = None
    adapter: bool = False

    @property
    def expected_bytes(self) -> int:
        """GPU bytes before anything was measured, never 0: that would ask ModelMesh to measure."""
        return max(1, self.weights_bytes + self.kv_bytes)

    @property
    def fingerprint(self) -> tuple[Any, ...]:
        """What an engine is started with: one that sleeps is woken for the same only."""
        return (self.name, self.path, self.strategy, self.kv_bytes, self.arguments, self.base, self.adapter)


def read(model_id: str, path: str, key: str, settings: RuntimeSettings) -> Model:
    """A model from what ModelMesh says about it.

    Raises:
        NotUnderstood: the key is none of ours, or names a base that isn't here.
    """
    given = _parameters(key)
    strategy = given.strategy or settings.default_strategy
    name = given.name or named(model_id)
    if strategy is Strategy.LORA:
        return _adapter(model_id, name, path, given, settings)
    if not path:
        raise NotUnderstood(f"{model_id} has no path")
    weights = given.weights_bytes or size_of(Path(path)) or settings.default_bytes
    return Model(
        id=model_id,
        name=name,
        path=path,
        strategy=strategy,
        weights_bytes=weights,
        kv_bytes=settings.default_kv_bytes if given.kv_bytes is None else given.kv_bytes,
        concurrency=given.concurrency or settings.default_concurrency,
        arguments=given.arguments,
    )


def _adapter(model_id: str, name: str, path: str, given: Parameters, settings: RuntimeSettings) -> Model:
    base = settings.bases.get(given.base or "")
    if base is None:
        raise NotUnderstood(f"{model_id} is on base {given.base or '(none)'}; there are {sorted(settings.bases)}")
    if given.adapter and not path:
        raise NotUnderstood(f"{model_id} is an adapter without a path")
    weights = (given.weights_bytes or size_of(Path(path))) if given.adapter else 0
    return Model(
        id=model_id,
        name=name,
        path=path,
        strategy=Strategy.LORA,
        weights_bytes=weights,
        kv_bytes=0,
        concurrency=given.concurrency or base.concurrency,
        base=given.base,
        adapter=given.adapter,
    )


def _parameters(key: str) -> Parameters:
    try:
        content = json.loads(key) if key.strip() else {}
        if not isinstance(content, dict):
            raise NotUnderstood("the model's key is no JSON object")
        return Parameters.model_validate(content.get("storage_params") or {})
    except ValidationError as error:
        first = error.errors()[0]
        raise NotUnderstood(f"storage_params.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise NotUnderstood(f"the model's key is no JSON: {error}") from None


def named(model_id: str) -> str:
    """The public name in an id."""
    found = CONCRETE.fullmatch(model_id)
    return found["name"] if found else model_id


WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.gguf")


def size_of(folder: Path) -> int:
    """Bytes of a folder's weights: what they take on a GPU too, in the same precision; 0 if none lie there."""
    for pattern in WEIGHTS:
        if found := sum(file.stat().st_size for file in folder.glob(pattern) if file.is_file()):
            return found
    return 0
