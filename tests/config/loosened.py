# SPDX-License-Identifier: MPL-2.0
"""The environment's schema with one thing taken out of it, to show that this thing is what refuses a document.

Works on pydantic's core schema (source: pydantic_core.core_schema), so that it holds for every
setting there is.
"""

from typing import Any

from pydantic import BaseModel
from pydantic_core import SchemaValidator

from config.environment import Environment
from config.municipality import Municipality


def accepts(
    document: Any,
    *,
    constraint: str = "",
    node: str = "",
    rules: bool = True,
    root: type[BaseModel] = Environment,
) -> bool:
    """Whether a document passes without a constraint (`pattern`), without a kind of node (`enum`), without rules."""
    schema = loosened(root.__pydantic_core_schema__, constraint, {node} | ({RULES} if not rules else set()))
    validator = SchemaValidator(schema, _use_prebuilt=False)
    try:
        validator.validate_python(document, by_alias=True, by_name=False)
    except ValueError:
        return False
    return True


RULES = "function-after"
"""The node that holds rules of ours: of a section, or of a scalar."""


def loosened(schema: Any, constraint: str, nodes: set[str]) -> Any:
    """A core schema without a constraint, and with nodes of some kinds that take anything."""
    match schema:
        case {"type": "function-after"} if RULES in nodes:
            return loosened(schema["schema"], constraint, nodes)
        case {"type": "model-field"} if "model-field" in nodes:
            inner = loosened(schema["schema"], constraint, nodes)
            return {**schema, "schema": {"type": "default", "schema": inner, "default": None}}
        case {"type": str(kind)} if kind in nodes and schema.get("cls") not in (Environment, Municipality):
            return {"type": "any", **({"ref": schema["ref"]} if "ref" in schema else {})}
        case dict():
            loose = {key: loosened(value, constraint, nodes) for key, value in schema.items() if key != constraint}
            return {**loose, **_without_extras(schema, constraint)}
        case list() | tuple():
            return type(schema)(loosened(item, constraint, nodes) for item in schema)
        case _:
            return schema


def _without_extras(schema: dict[str, Any], constraint: str) -> dict[str, Any]:
    """Unknown settings are refused by a model's settings, not by a constraint beside its fields."""
    if constraint != "extra_behavior" or schema.get("type") != "model":
        return {}
    return {"config": {**schema.get("config", {}), "extra_fields_behavior": "ignore"}}
