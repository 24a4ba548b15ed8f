# SPDX-License-Identifier: MPL-2.0
"""Metadata that all objects of the platform carry."""

from collections.abc import Mapping
from typing import Any

from config.names import LABEL

COMMON_LABELS = {"app.kubernetes.io/part-of": "andel", "app.kubernetes.io/managed-by": "pulumi"}
"""Labels by which everything that the platform made is found (source: Kubernetes, recommended labels)."""

MODEL = f"{LABEL}/model"
"""Label on every pod of a model: its public name."""

PICKER = f"{LABEL}/picker"
"""Label on every pod of a model's endpoint picker: the model's public name."""

POOL = f"{LABEL}/pool"
"""Label on every node of a pool of named nodes: the pool's name."""


# By default each resource gets a field manager of its own, made up when it is created. What a killed engine had
# created would then belong to a stranger, and the next run would meet a conflict instead of adopting it.
FIELD_MANAGER = {"pulumi.com/patchFieldManager": "andel"}
"""Annotation by which all that we write is written under one name (source: pulumi-kubernetes, server-side apply)."""


def metadata(
    name: str,
    namespace: str | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Metadata of an object: fixed names, so that nothing is doubled when a killed run is resumed."""
    placed = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    return {
        **placed,
        "labels": {**COMMON_LABELS, **(labels or {})},
        "annotations": {**FIELD_MANAGER, **(annotations or {})},
    }
