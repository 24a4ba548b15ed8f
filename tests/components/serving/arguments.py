# SPDX-License-Identifier: MPL-2.0
"""A model's arguments as the platform passes them, from an environment of the tests with a few edits."""

from typing import Any

from andel.release.r2026_11 import RELEASE
from components.gpu_pool import placement
from components.serving.model import ModelArgs
from config.judge import judge
from config.names import SERVING
from config.serving import LlmD
from tests.config.edits import edited, environment_of


def environment_document(name: str) -> dict[str, Any]:
    """The environment of `tests/environments/Pulumi.<name>.yaml`, not judged."""
    return environment_of(f"tests/environments/Pulumi.{name}.yaml")


def model_args(environment: str, model: str, **edits: Any) -> ModelArgs:
    """A model of `tests/environments/Pulumi.<environment>.yaml`. Edits start at the model; `__` stands for a dot."""
    return edited_args(environment, model, {path.replace("__", "."): value for path, value in edits.items()})


def edited_args(environment: str, model: str, edits: dict[str, Any]) -> ModelArgs:
    """The same with edits by path."""
    below = {f"models.{model}.{path}": value for path, value in edits.items()}
    judged = judge(edited(environment_document(environment), below))
    section = judged.models[model]
    return ModelArgs(
        name=model,
        model=section,
        namespace=SERVING,
        placement=placement(section.pool, judged.pools[section.pool]),
        profile=judged.profiles.get(section.profile) if section.profile else None,
        epp=RELEASE.epp,
        bands={"only": 5},
        vllm=RELEASE.vllm,
        images={role: image.reference() for role, image in RELEASE.images.items()},
        wait=True,
        monitoring=judged.monitoring,
    )


def llm_d(model: str, **edits: Any) -> tuple[ModelArgs, LlmD]:
    """A model of serving kind `llm-d`, and its section of that."""
    args = model_args("llm-d", model, **edits)
    assert isinstance(args.model.serving, LlmD)
    return args, args.model.serving
