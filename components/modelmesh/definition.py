# SPDX-License-Identifier: MPL-2.0
"""Definition of ModelMesh's own kind, Predictor (serving.kserve.io/v1alpha1, 0.12.0), as far as it is used.

Its charts are gone (kserve#4243), and KServe's bring the other kinds, not this one. Fields that nothing here writes
stay open. The status begins as the controller expects it: without `activeModelState` it loads no model by itself.
"""

from typing import Any

NAME = "predictors.serving.kserve.io"

_TEXT = {"type": "string"}


def definition() -> dict[str, Any]:
    """The definition, without common metadata."""
    storage = {
        "type": "object",
        "properties": {
            "path": _TEXT,
            "schemaPath": _TEXT,
            "key": _TEXT,
            "parameters": {"type": "object", "additionalProperties": _TEXT},
        },
    }
    kind = {"type": "object", "required": ["name"], "properties": {"name": _TEXT, "version": _TEXT}}
    spec = {
        "type": "object",
        "required": ["modelType"],
        "x-kubernetes-preserve-unknown-fields": True,
        "properties": {
            "modelType": kind,
            "path": _TEXT,
            "runtime": {"type": "object", "required": ["name"], "properties": {"name": _TEXT}},
            "storage": storage,
        },
    }
    status = {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "default": {
            "transitionStatus": "UpToDate",
            "activeModelState": "Pending",
            "targetModelState": "",
            "available": False,
            "failedCopies": 0,
            "totalCopies": 0,
        },
    }
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            {"name": "Available", "type": "boolean", "jsonPath": ".status.available"},
            {"name": "ActiveModel", "type": "string", "jsonPath": ".status.activeModelState"},
        ],
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
    }
    return {
        "metadata": {"name": NAME},
        "spec": {
            "group": "serving.kserve.io",
            "scope": "Namespaced",
            "names": {
                "kind": "Predictor",
                "listKind": "PredictorList",
                "plural": "predictors",
                "singular": "predictor",
            },
            "versions": [version],
        },
    }
