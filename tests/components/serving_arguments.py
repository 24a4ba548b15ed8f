# SPDX-License-Identifier: MPL-2.0
"""A model's arguments as the platform would pass them, from an environment of the tests with a few edits."""

from typing import Any

import yaml

from andel.release.r2026_11 import RELEASE
from components.gpu_pool import placement
from components.serving.model import ModelArgs
from config.judge import judge
from config.names import SERVING
from tests.config.edits import edited
from tests.conftest import ROOT


def environment_document(name: str) -> dict[str, Any]:
    """The environment of `tests/environments/Pulumi.<name>.yaml`, not judged."""
    text = (ROOT / f"tests/environments/Pulumi.{name}.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)["config"]["andel:environment"]
    return document


def model_args(environment: str, model: str, edits: dict[str, Any]) -> ModelArgs:
    """A model of an environment after edits, which start at the model."""
    below = {f"models.{model}.{path}": value for path, value in edits.items()}
    judged = judge(edited(environment_document(environment), below))
    section = judged.models[model]
    return ModelArgs(
        name=model,
        model=section,
        namespace=SERVING,
        placement=placement(section.pool, judged.pools[section.pool]),
        profile=judged.profiles.get(section.profile) if section.profile else None,
        gateway=None,
        epp=RELEASE.epp,
        vllm=RELEASE.vllm,
        images={role: image.reference() for role, image in RELEASE.images.items()},
        wait=True,
        monitoring=judged.monitoring,
    )
