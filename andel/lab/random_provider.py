# SPDX-License-Identifier: MPL-2.0
"""A stand-in for pulumi-resource-random in the lab, whose own module can't be had: the kinds that make keys.

What is made, and when it is made anew, follows the real provider: any changed input replaces. `bcryptHash` is left out.
"""

import base64
import secrets
import string
import sys
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from pulumi.provider.experimental import provider as rpc
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import main as serve

SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
"""Special characters by default (source: terraform-provider-random, string resources)."""

Made = tuple[str, dict[str, Any]]
"""Id and outputs of what was made."""


def _text(inputs: Mapping[str, Any]) -> str:
    """Characters of the classes that are asked for, with the least number of each."""
    classes = {
        "lower": string.ascii_lowercase,
        "upper": string.ascii_uppercase,
        "numeric": string.digits,
        "special": inputs.get("overrideSpecial") or SPECIAL,
    }
    allowed = {name: letters for name, letters in classes.items() if inputs.get(name, True)}
    if not allowed:
        raise ValueError("no class of characters is allowed")
    chosen = [
        secrets.choice(letters)
        for name, letters in allowed.items()
        for _ in range(int(inputs.get(f"min{name.capitalize()}", 0)))
    ]
    length = int(inputs["length"])
    if len(chosen) > length:
        raise ValueError("length is less than the least numbers of characters together")
    chosen += [secrets.choice("".join(allowed.values())) for _ in range(length - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _password(inputs: Mapping[str, Any]) -> Made:
    return "none", {"result": _text(inputs)}


def _string(inputs: Mapping[str, Any]) -> Made:
    result = _text(inputs)
    return result, {"result": result}


def _id(inputs: Mapping[str, Any]) -> Made:
    value = secrets.token_bytes(int(inputs["byteLength"]))
    prefix, url = str(inputs.get("prefix", "")), base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    outputs = {
        "b64Url": url,
        "b64Std": base64.b64encode(value).decode(),
        "hex": value.hex(),
        "dec": str(int(value.hex(), 16)),
    }
    return url, {name: prefix + encoded for name, encoded in outputs.items()}


def _bytes(inputs: Mapping[str, Any]) -> Made:
    value = secrets.token_bytes(int(inputs["length"]))
    return "none", {"base64": base64.b64encode(value).decode(), "hex": value.hex()}


def _uuid(_: Mapping[str, Any]) -> Made:
    result = str(uuid.uuid4())
    return result, {"result": result}


def _integer(inputs: Mapping[str, Any]) -> Made:
    low, high = int(inputs["min"]), int(inputs["max"])
    result = low + secrets.randbelow(high - low + 1)
    return str(result), {"result": float(result)}


KINDS: dict[str, tuple[Callable[[Mapping[str, Any]], Made], bool]] = {
    "random:index/randomPassword:RandomPassword": (_password, True),
    "random:index/randomBytes:RandomBytes": (_bytes, True),
    "random:index/randomString:RandomString": (_string, False),
    "random:index/randomId:RandomId": (_id, False),
    "random:index/randomUuid:RandomUuid": (_uuid, False),
    "random:index/randomInteger:RandomInteger": (_integer, False),
}
"""How each kind is made, and whether its outputs are secret."""


OUTPUTS = {"result", "b64Url", "b64Std", "hex", "dec", "base64"}
"""What stands in a state besides inputs."""


def _kind(qualified: str) -> str:
    """A type without those of its parents, which a URN has before it: `andel:x:Keys$random:index/…`."""
    return qualified.rpartition("$")[2]


class RandomProvider(rpc.Provider):
    """Makes a value once and keeps it until an input changes."""

    async def check_config(self, request: rpc.CheckRequest) -> rpc.CheckResponse:
        return rpc.CheckResponse(inputs=request.new_inputs)

    async def diff_config(self, request: rpc.DiffRequest) -> rpc.DiffResponse:  # noqa: ARG002
        return rpc.DiffResponse(changes=False)

    async def configure(self, request: rpc.ConfigureRequest) -> rpc.ConfigureResponse:  # noqa: ARG002
        return rpc.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def get_schema(self, request: rpc.GetSchemaRequest) -> rpc.GetSchemaResponse:  # noqa: ARG002
        return rpc.GetSchemaResponse(schema='{"name": "random"}')

    async def check(self, request: rpc.CheckRequest) -> rpc.CheckResponse:
        if _kind(request.type) not in KINDS:
            known = ", ".join(kind.rsplit(":")[-1] for kind in KINDS)
            return rpc.CheckResponse(
                failures=[rpc.CheckFailure("type", f"the lab makes {known}; use an official engine")]
            )
        return rpc.CheckResponse(inputs=request.new_inputs)

    async def diff(self, request: rpc.DiffRequest) -> rpc.DiffResponse:
        old, new = request.old_state, request.new_inputs
        changed = sorted(name for name in (old.keys() - OUTPUTS) | new.keys() if old.get(name) != new.get(name))
        return rpc.DiffResponse(changes=bool(changed), replaces=changed, diffs=changed)

    async def create(self, request: rpc.CreateRequest) -> rpc.CreateResponse:
        if request.preview:
            return rpc.CreateResponse(properties=dict(request.properties))
        make, secret = KINDS[_kind(request.type)]
        made, outputs = make({name: value.value for name, value in request.properties.items()})
        results = {name: PropertyValue(value, is_secret=secret) for name, value in outputs.items()}
        return rpc.CreateResponse(resource_id=made, properties={**request.properties, **results})

    async def read(self, request: rpc.ReadRequest) -> rpc.ReadResponse:
        return rpc.ReadResponse(
            resource_id=request.resource_id, properties=dict(request.properties), inputs=dict(request.inputs)
        )

    async def delete(self, request: rpc.DeleteRequest) -> None:
        """Nothing stands anywhere."""


def main(version: str) -> None:
    """Serve the engine that started us, which starts us for every run: so this module imports nothing else of ours.

    Args:
        version: of the provider that this one stands in for.
    """
    serve(sys.argv[1:], version, RandomProvider())
