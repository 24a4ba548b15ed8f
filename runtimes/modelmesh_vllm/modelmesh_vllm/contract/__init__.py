# SPDX-License-Identifier: MPL-2.0
"""Messages and services of the two contracts, made from their descriptors when this is imported.

protoc's own Python code runs with one or two major versions of protobuf only, and vLLM's images follow the newest: so
the descriptors alone are written down (`descriptors.py`, by `python -m modelmesh_vllm.generate`), which every
version reads.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from .descriptors import FILES

_POOL = descriptor_pool.DescriptorPool()
for _file in descriptor_pb2.FileDescriptorSet.FromString(FILES).file:
    _POOL.Add(_file)

RUNTIME = "mmesh.ModelRuntime"
"""ModelMesh's service, which a runtime serves."""

ENGINE = "andel.modelmesh.v1.Engine"
"""Our service, to which ModelMesh forwards."""

CALL, LOCATE = f"{ENGINE}/Call", f"{ENGINE}/Locate"
"""Full names of its methods, as ModelMesh's allow-list has them."""

ID_METADATA = ("mm-model-id", "mm-model-id-bin")
"""Metadata by which ModelMesh names the model that it forwards a call to (source: ModelMesh 0.12.0, GrpcSupport)."""

Method = Callable[[Any, Any], Awaitable[Any]]
"""A method of a service: request and context to response."""


def message(name: str) -> Any:
    """The class of a message by its full name, as `mmesh.LoadModelRequest`.

    Raises:
        KeyError: neither contract has it.
    """
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(name))


def handlers(service: str, methods: Mapping[str, Method]) -> grpc.GenericRpcHandler:
    """A service for a server: every method of the contract must be there, and no other.

    Raises:
        ValueError: some are missing or unknown.
    """
    described = {one.name: one for one in _POOL.FindServiceByName(service).methods}
    if described.keys() != methods.keys():
        raise ValueError(f"{service} has methods {sorted(described)}, not {sorted(methods)}")
    return grpc.method_handlers_generic_handler(
        service,
        {
            name: grpc.unary_unary_rpc_method_handler(
                methods[name],
                request_deserializer=message(one.input_type.full_name).FromString,
                response_serializer=message(one.output_type.full_name).SerializeToString,
            )
            for name, one in described.items()
        },
    )


def stub(channel: Any, service: str, method: str) -> Any:
    """A method of a service, for a client: called with a request, it gives the response."""
    one = _POOL.FindServiceByName(service).methods_by_name[method]
    return channel.unary_unary(
        f"/{service}/{method}",
        request_serializer=message(one.input_type.full_name).SerializeToString,
        response_deserializer=message(one.output_type.full_name).FromString,
    )
