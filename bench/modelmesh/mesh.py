# SPDX-License-Identifier: MPL-2.0
"""A stand-in for ModelMesh where its Java is not at hand: one runtime, models by use, unary calls alone.

It does what ModelMesh 0.12.0 does for one instance (SidecarModelMesh, ModelMesh.java): asks `runtimeStatus` once, loads
a model on its first call, evicts by least recent use before it loads where space lacks, passes `mm-model-id` on, and
loads again when a runtime answers NOT_FOUND. It has no etcd, no second copies and no vmodels but names.
"""

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any

import grpc
from modelmesh_vllm.contract import RUNTIME, message, stub

CODES = grpc.StatusCode
IDS = ("mm-model-id", "mm-vmodel-id")
RELOADS = 3


@dataclass
class Registered:
    """A model that may be loaded."""

    id: str
    path: str
    key: str
    size: int = 0
    """Bytes while it is loaded; 0 else."""

    used: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Mesh(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Forwards every unary call to the runtime, with its model loaded."""

    def __init__(self, runtime: "grpc.aio.Channel") -> None:
        self._channel = runtime
        self.models: dict[str, Registered] = {}
        self._uses = itertools.count(1)
        self._space = asyncio.Lock()
        self._capacity = 0
        self.evictions = 0

    def register(self, name: str, path: str, key: str = "") -> None:
        """Let a model be called; its id is as modelmesh-serving would make it."""
        self.models[name] = Registered(f"{name}__ksp-0{len(self.models):x}", path, key)

    async def start(self) -> None:
        """Ask the runtime what it has, until it is ready."""
        while True:
            try:
                said = await self._ask("runtimeStatus", message("mmesh.RuntimeStatusRequest")())
            except grpc.aio.AioRpcError:
                await asyncio.sleep(0.1)
                continue
            if said.status == said.READY:
                self._capacity = said.capacityInBytes
                return
            await asyncio.sleep(0.1)

    async def _ask(self, method: str, request: Any) -> Any:
        return await stub(self._channel, RUNTIME, method)(request)

    def service(self, details: Any) -> Any:
        """gRPC's question who handles a method: all of them are forwarded as they are."""

        async def forward(request: bytes, context: Any) -> bytes:
            return await self._forward(details.method, request, context)

        return grpc.unary_unary_rpc_method_handler(forward)

    async def _forward(self, method: str, request: bytes, context: Any) -> bytes:
        given = dict(context.invocation_metadata())
        model = self.models.get(next((given[key] for key in IDS if key in given), ""))
        if model is None:
            await context.abort(CODES.NOT_FOUND, "model not found")
            raise AssertionError("abort raises")
        for attempt in range(RELOADS):
            try:
                await self._loaded(model)
                call = self._channel.unary_unary(method)
                answered: bytes = await call(request, metadata=(("mm-model-id", model.id),))
                return answered
            except grpc.aio.AioRpcError as error:
                if error.code() is not CODES.NOT_FOUND or attempt + 1 == RELOADS:
                    await context.abort(error.code(), error.details())
                model.size = 0
        raise AssertionError("abort raises")

    async def _loaded(self, model: Registered) -> None:
        async with model.turn:
            model.used = next(self._uses)
            if model.size:
                return
            request = {"modelId": model.id, "modelType": "vllm", "modelPath": model.path, "modelKey": model.key}
            async with self._space:
                predict = message("mmesh.PredictModelSizeRequest")(**request)
                await self._make_room((await self._ask("predictModelSize", predict)).sizeInBytes)
                answered = await self._ask("loadModel", message("mmesh.LoadModelRequest")(**request))
                model.size = answered.sizeInBytes

    async def _make_room(self, size: int) -> None:
        while True:
            loaded = [one for one in self.models.values() if one.size]
            if not loaded or sum(one.size for one in loaded) + size <= self._capacity:
                return
            oldest = min(loaded, key=lambda one: one.used)
            await self._ask("unloadModel", message("mmesh.UnloadModelRequest")(modelId=oldest.id))
            oldest.size = 0
            self.evictions += 1
