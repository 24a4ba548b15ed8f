# SPDX-License-Identifier: MPL-2.0
"""The settings of the stack that is run. The one module of the config that knows Pulumi."""

import json
import os
from pathlib import Path
from typing import Any

import pulumi
from pydantic import ValidationError

from .contract import PlatformContract
from .section import Mistake, Refusal

OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""The engine's own function that reads another stack (source: pulumi, pkg/resource/deploy/builtins.go at v3.216.0)."""

FILE = "ANDEL_CONTRACT"
"""Variable that names a file with the platform's output `contract` (JSON), for those who may not read its state."""


def load_document() -> object:
    """The object under `andel:environment`, as it is written: nothing has judged it yet.

    Raises:
        Refusal: it is there, and can't be read.
    """
    return _object("environment")


def load_municipality() -> object:
    """The object under `andel:municipality`, as it is written: nothing has judged it yet.

    Raises:
        Refusal: it is there, and can't be read.
    """
    return _object("municipality")


def _object(name: str) -> object:
    try:
        return pulumi.Config("andel").require_object(name)
    except pulumi.ConfigTypeError:  # its own words show the whole value
        wrong = "no setting, or deeper than any is"
        raise Refusal([Mistake((f"andel:{name}",), wrong, "write a mapping, as `andel template` does")]) from None


def load_contract(platform: str) -> PlatformContract:
    """The contract that the platform's stack puts out.

    It is read by a call and not as a resource, so that the program knows it before it makes anything.

    Args:
        platform: the platform's stack by its full name.

    Raises:
        Refusal: there is no contract, or one that this program doesn't know.
    """
    file = os.environ.get(FILE)
    if file is not None:
        return contract_of(json.loads(Path(file).read_text(encoding="utf-8")), file)
    answer = pulumi.runtime.invoke(OUTPUTS, {"name": platform}).value
    return contract_of((answer or {}).get("outputs", {}).get("contract"), platform)


def contract_of(document: object, source: str) -> PlatformContract:
    """A contract from what a stack put out.

    Raises:
        Refusal: it is none, or of a version that this program doesn't know.
    """
    if not isinstance(document, dict):
        raise Refusal([Mistake(("platform",), f"{source} has no contract", "run `pulumi up` of the platform first")])
    try:
        return PlatformContract.model_validate(_whole(document), by_alias=True, by_name=False)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, one["loc"])) for one in error.errors()})[:5])
        wrong = f"the contract of {source} is not one that this program knows ({places})"
        mend = "use the program of the release that the platform stands on"
        raise Refusal([Mistake(("platform",), wrong, mend)]) from None


def _whole(value: Any) -> Any:
    """Whole numbers come back from the engine as floats."""
    match value:
        case dict():
            return {key: _whole(item) for key, item in value.items()}
        case list():
            return [_whole(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
