# SPDX-License-Identifier: MPL-2.0
"""The two gRPC services of the runtime: ModelMesh's contract to the letter, and the engines' unary calls."""

import asyncio
import logging
from typing import Any

import grpc
import httpx

from . import __version__, metrics, wire
from .contract import CALL, ENGINE, ID_METADATA, LOCATE, RUNTIME, handlers, message
from .engine import Engine, EngineFailed
from .gate import BrokenOff, Crowded, Gate, NotLoaded
from .model import NotUnderstood, read
from .resident import NoRoom, Resident, State, TooLarge
from .residents import Residents
from .settings import RuntimeSettings

LOG = logging.getLogger(__name__)
CODES = grpc.StatusCode


class RuntimeService:
    """`mmesh.ModelRuntime`."""

    def __init__(self, settings: RuntimeSettings, residents: Residents) -> None:
        self._settings = settings
        self._residents = residents
        self._purge: asyncio.Task[None] | None = None

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service for a server."""
        return handlers(
            RUNTIME,
            {
                "loadModel": self.load,
                "unloadModel": self.unload,
                "predictModelSize": self.predict,
                "modelSize": self.size,
                "runtimeStatus": self.status,
            },
        )

    async def load(self, request: Any, context: Any) -> Any:
        """Load a model; nothing of it is left behind an error."""
        try:
            model = read(request.modelId, request.modelPath, request.modelKey, self._settings)
            size = await self._residents.load(model)
        except NotUnderstood as error:
            await context.abort(CODES.INVALID_ARGUMENT, str(error))
        except NoRoom as error:
            await context.abort(CODES.FAILED_PRECONDITION, str(error))
        except TooLarge as error:
            await context.abort(CODES.RESOURCE_EXHAUSTED, str(error))
        except EngineFailed as error:
            await context.abort(CODES.INTERNAL, str(error))
        return message("mmesh.LoadModelResponse")(sizeInBytes=size, maxConcurrency=model.concurrency)

    async def unload(self, request: Any, context: Any) -> Any:
        """Unload a model. Who stops waiting doesn't stop it: ModelMesh asks again until it has gone."""
        try:
            await self._residents.unload(request.modelId)
        except EngineFailed as error:
            await context.abort(CODES.INTERNAL, str(error))
        return message("mmesh.UnloadModelResponse")()

    async def predict(self, request: Any, context: Any) -> Any:
        """Size of a model that may be loaded, from what was measured before or what its key says."""
        try:
            model = read(request.modelId, request.modelPath, request.modelKey, self._settings)
        except NotUnderstood as error:
            await context.abort(CODES.INVALID_ARGUMENT, str(error))
        return message("mmesh.PredictModelSizeResponse")(sizeInBytes=self._residents.size(model))

    async def size(self, request: Any, context: Any) -> Any:
        """Size of a loaded model."""
        try:
            resident = self._residents.loaded(request.modelId)
        except NotLoaded:
            await context.abort(CODES.NOT_FOUND, f"{request.modelId} is not loaded")
        return message("mmesh.ModelSizeResponse")(sizeInBytes=resident.bytes)

    async def status(self, request: Any, context: Any) -> Any:
        """What ModelMesh has to know. No engine is needed for it; what is left from before goes first."""
        response = message("mmesh.RuntimeStatusResponse")
        if self._purge is None:
            self._purge = asyncio.create_task(self._residents.purge())
        done, _ = await asyncio.wait([self._purge], timeout=1)
        if not done:
            return response(status=response.STARTING)
        purge, self._purge = self._purge, None
        if (error := purge.exception()) is not None:
            LOG.error("leftovers stay", extra={"why": str(error)[:500]})
            return response(status=response.STARTING)
        info = message("mmesh.RuntimeStatusResponse.MethodInfo")()
        settings = self._settings
        return response(
            status=response.READY,
            capacityInBytes=settings.capacity,
            maxLoadingConcurrency=1,
            modelLoadingTimeoutMs=int((settings.load_seconds + settings.wake_seconds + settings.stop_seconds) * 1000),
            defaultModelSizeInBytes=settings.default_bytes,
            runtimeVersion=f"modelmesh-vllm {__version__}",
            methodInfos={CALL: info, LOCATE: info},
            allowAnyMethod=False,
        )


class EngineService:
    """`andel.modelmesh.v1.Engine`, as ModelMesh forwards it."""

    def __init__(self, settings: RuntimeSettings, residents: Residents, engines: httpx.AsyncClient) -> None:
        self._settings = settings
        self._residents = residents
        self._engines = engines

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service for a server."""
        return handlers(ENGINE, {"Call": self.call, "Locate": self.locate})

    async def call(self, request: Any, context: Any) -> Any:
        """One request of the OpenAI API."""
        model_id = await _model_id(context)
        try:
            answered = await self._answer(model_id, request)
        except NotLoaded:
            await context.abort(CODES.NOT_FOUND, f"{model_id} is not loaded")
        except Crowded:
            await context.abort(CODES.RESOURCE_EXHAUSTED, f"too many requests wait for {model_id}")
        except (BrokenOff, httpx.HTTPError) as error:
            await context.abort(CODES.UNAVAILABLE, f"{model_id}: {type(error).__name__}")
        except wire.Refused as error:
            await context.abort(CODES.INVALID_ARGUMENT, error.message)
        metrics.REQUESTS.labels("call", str(answered.status_code)).inc()
        return message("andel.modelmesh.v1.CallResponse")(
            status=answered.status_code,
            body=answered.content,
            content_type=answered.headers.get("content-type", "application/json"),
        )

    async def _answer(self, model_id: str, request: Any) -> httpx.Response:
        if request.path not in wire.PATHS:
            raise wire.Refused(404, f"no route {request.path[:80]}", "not_found")
        content_type = request.content_type or "application/json"
        if content_type.startswith("application/json") and wire.parsed(request.body).get("stream"):
            raise wire.Refused(400, "a unary call streams nothing; ask Locate and stream from there", "no_stream")
        resident = self._residents.loaded(model_id)
        if resident.gate is None or resident.engine is None:
            raise NotLoaded
        try:
            return await self._asked(resident, resident.engine, resident.gate, content_type, request)
        except BrokenOff:
            if resident.state is State.LOADED:
                raise
            raise NotLoaded from None  # the model goes; it may be loaded and asked again

    async def _asked(
        self, resident: Resident, engine: Engine, gate: Gate, content_type: str, request: Any
    ) -> httpx.Response:
        async with gate.entered():
            headers = {"content-type": content_type}
            if request.request_id:
                headers["x-request-id"] = request.request_id
            body = wire.addressed(request.body, content_type, resident.model.name)
            try:
                return await self._engines.post(engine.url + request.path, content=body, headers=headers)
            except httpx.TransportError:
                if await engine.died():  # ModelMesh loads the model and asks again
                    raise NotLoaded from None
                raise

    async def locate(self, request: Any, context: Any) -> Any:
        """Where the model is: here."""
        model_id = await _model_id(context)
        try:
            self._residents.loaded(model_id)
        except NotLoaded:
            await context.abort(CODES.NOT_FOUND, f"{model_id} is not loaded")
        scheme = "https" if self._settings.tls else "http"
        address = f"{scheme}://{_bracketed(self._settings.advertised)}:{self._settings.data_port}"
        return message("andel.modelmesh.v1.LocateResponse")(address=address, model_id=model_id)


async def _model_id(context: Any) -> str:
    given = dict(context.invocation_metadata() or ())
    for key in ID_METADATA:
        if value := given.get(key):
            return value.decode() if isinstance(value, bytes) else str(value)
    await context.abort(CODES.INVALID_ARGUMENT, f"metadata {ID_METADATA[0]} names no model")
    raise AssertionError("abort raises")


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
