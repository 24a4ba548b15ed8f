# SPDX-License-Identifier: MPL-2.0
"""The JSON schema of a stack file, for editors: settings complete, and every field explains itself."""

from typing import Any

from .environment import Environment
from .municipality import Municipality
from .section import Section
from .stackfile import KEY, MUNICIPALITY, SETTINGS, SWITCH

ROOTS: dict[str, type[Section]] = {KEY: Environment, MUNICIPALITY: Municipality}
"""What stands under which key of a stack file."""


def stack_schema(key: str = KEY) -> dict[str, Any]:
    """Schema of `Pulumi.<stack>.yaml` (JSON Schema 2020-12), of the platform or of a municipality."""
    section = _closed(ROOTS[key].model_json_schema(by_alias=True, mode="validation"))
    definitions = section.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of andel",
        "type": "object",
        "additionalProperties": False,
        "required": ["config"],
        "properties": {
            **{setting: {"description": "Pulumi's own."} for setting in SETTINGS},
            "config": {
                "description": "Settings, by their project's name and their own.",
                "type": "object",
                "required": [key, SWITCH],
                "properties": {
                    key: section,
                    SWITCH: {
                        "description": "Keeps resources without a provider from reaching any cluster.",
                        "type": "array",
                        "contains": {"enum": ["*", "kubernetes"]},
                    },
                },
            },
        },
        "$defs": definitions,
    }


def _closed(schema: Any) -> Any:
    """The same schema, with mappings that refuse keys of a wrong form: pydantic says only which form is checked."""
    match schema:
        case dict():
            closed = {"additionalProperties": False} if "patternProperties" in schema else {}
            return {**{key: _closed(value) for key, value in schema.items()}, **closed}
        case list():
            return [_closed(item) for item in schema]
        case _:
            return schema
