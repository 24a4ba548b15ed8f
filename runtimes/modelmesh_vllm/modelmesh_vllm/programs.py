# SPDX-License-Identifier: MPL-2.0
"""The two programs, put together: what listens, what watches, and in which order it ends."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc

from .data import Data
from .front import Front
from .gauge import gauge
from .residents import Residents
from .service import EngineService, RuntimeService
from .serving import Server, Status, client, keep_certificates, server
from .settings import FrontSettings, RuntimeSettings

LOG = logging.getLogger(__name__)

UNARY_OVERHEAD = 64 * 1024
"""Bytes of a unary call beside its body."""


async def runtime(settings: RuntimeSettings, asked: asyncio.Event) -> None:
    """The runtime of a pod, until it is asked to end: then answers on their way are waited for, and engines end.

    Args:
        settings: what it is told.
        asked: set when it is to end.
    """
    engines = client()
    residents = Residents(settings, gauge(settings))
    most = settings.limits.body_bytes + UNARY_OVERHEAD
    lengths = [("grpc.max_receive_message_length", most), ("grpc.max_send_message_length", most)]
    management = grpc.aio.server(options=[*lengths, ("grpc.so_reuseport", 0)])
    management.add_generic_rpc_handlers(
        (
            RuntimeService(settings, residents).handlers(),
            EngineService(settings, residents, engines).handlers(),
        )
    )
    if not management.add_insecure_port(settings.management):  # ModelMesh in the same pod, on loopback or a socket
        raise OSError(f"can't listen on {settings.management}")
    await management.start()
    tls = settings.tls
    data = server(
        Data(residents, settings.limits, engines),
        settings.data_host,
        settings.data_port,
        tls,
        tls.authority if tls else None,
    )
    status = server(Status(lambda: not asked.is_set()), settings.status_host, settings.status_port)
    async with _serving(data, status):
        LOG.info("runtime stands", extra={"capacity": settings.capacity, "management": settings.management})
        await asked.wait()
        LOG.info("runtime ends")
        try:
            await residents.close()
        finally:
            await management.stop(grace=1)
    await engines.aclose()


async def front(settings: FrontSettings, asked: asyncio.Event) -> None:
    """The front, until it is asked to end.

    Args:
        settings: what it is told.
        asked: set when it is to end.
    """
    pods = client(settings.tls)
    async with _channel(settings) as modelmesh:
        app = Front(settings, modelmesh, pods)
        own = None if settings.plain else settings.tls
        listening = server(app, settings.host, settings.port, own, settings.callers_authority)
        status = server(Status(lambda: not asked.is_set()), settings.status_host, settings.status_port)
        async with _serving(listening, status):
            LOG.info("front stands", extra={"modelmesh": settings.modelmesh})
            await asked.wait()
            LOG.info("front ends")
    await pods.aclose()


def _channel(settings: FrontSettings) -> "grpc.aio.Channel":
    # A model may be anywhere: ModelMesh forwards, so its pods are asked in turn.
    options = [("grpc.lb_policy_name", "round_robin"), ("grpc.keepalive_time_ms", 60_000)]
    if settings.tls is None:
        return grpc.aio.insecure_channel(settings.modelmesh, options=options)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=settings.tls.authority.read_bytes(),
        private_key=settings.tls.key.read_bytes(),
        certificate_chain=settings.tls.certificate.read_bytes(),
    )
    named = [*options, ("grpc.ssl_target_name_override", settings.pod_name)]
    return grpc.aio.secure_channel(settings.modelmesh, credentials, options=named)


@asynccontextmanager
async def _serving(*servers: Server) -> AsyncIterator[None]:
    """While inside, servers listen and certificates are kept fresh.

    Raises:
        OSError: one of them can't listen.
    """
    tasks = [asyncio.create_task(one.serve()) for one in servers]
    certificates = asyncio.create_task(keep_certificates())
    try:
        while not all(one.started for one in servers):
            if ended := [task for task in tasks if task.done()]:
                raise OSError("a port is taken") from ended[0].exception()
            await asyncio.sleep(0.01)
        yield
    finally:
        certificates.cancel()
        for one in servers:
            one.should_exit = True
        await asyncio.gather(*tasks, return_exceptions=True)
