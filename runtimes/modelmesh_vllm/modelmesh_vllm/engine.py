# SPDX-License-Identifier: MPL-2.0
"""One vLLM as a child process: on a port of loopback, watched, and never left behind (`guard.py`).

Sleep by vLLM 0.33's own routes (`entrypoints/serve/dev/sleep/api_router.py`), which answer under
`VLLM_SERVER_DEV_MODE=1` and behind no key: hence loopback.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import httpx

from .patience import kept
from .settings import RuntimeSettings

GUARD = Path(__file__).with_name("guard.py")

ROUTES = {"VLLM_SERVER_DEV_MODE": "1", "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1", "VLLM_NO_USAGE_STATS": "1"}
"""Variables that open the routes used here."""

POLL_SECONDS = 0.1


class EngineFailed(Exception):
    """An engine did not do what it was asked to."""


def command(
    template: Sequence[str], arguments: Sequence[str], *, path: str, name: str, port: int, kv_bytes: int
) -> list[str]:
    """The command line of an engine: a template filled in, and a model's own arguments."""
    values = {"{path}": path, "{name}": name, "{port}": str(port), "{kv_bytes}": str(kv_bytes)}
    words = []
    for word in template:
        for place, value in values.items():
            word = word.replace(place, value)
        words.append(word)
    return [*words, *arguments]


class Engine:
    """A child process that speaks vLLM's HTTP API."""

    def __init__(self, name: str, path: str, kv_bytes: int, arguments: Sequence[str], settings: RuntimeSettings):
        self.name = name
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._words = command(settings.command, arguments, path=path, name=name, port=self.port, kv_bytes=kv_bytes)
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._said: deque[str] = deque(maxlen=20)
        self._pump: asyncio.Task[None] | None = None
        self._client = httpx.AsyncClient(base_url=self.url, timeout=10)

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Id of its guard; 0 before it was started."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            EngineFailed: it ended, or was not healthy in time; then nothing of it is left.
        """
        try:
            await self._spawn()
            async with asyncio.timeout(self._settings.load_seconds):
                while not await self.healthy():
                    if not self.alive:
                        raise EngineFailed(f"{self.name} ended at its start: {self._end_of_log()}")
                    await asyncio.sleep(POLL_SECONDS)
        except BaseException as error:
            await kept(self.stop())
            if isinstance(error, TimeoutError):
                raise EngineFailed(f"{self.name} was not healthy after {self._settings.load_seconds:.0f} s") from None
            raise

    async def _spawn(self) -> None:
        environment = {**os.environ, **ROUTES, **self._settings.environment}
        words = [sys.executable, "-I", str(GUARD), str(self._settings.stop_seconds), str(os.getpid()), *self._words]

        async def spawned() -> None:
            self._process = await asyncio.create_subprocess_exec(
                *words,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
            self._pump = asyncio.create_task(self._forward(self._process))

        await kept(spawned())  # cancelled in between, nobody would know of the process

    async def _forward(self, process: asyncio.subprocess.Process) -> None:
        """Hand on what it prints; lines that are no JSON are wrapped, so that every line of the log is."""
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than the reader's limit
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            self._said.append(text)
            wrapped = text if text.startswith("{") else json.dumps({"level": "INFO", "engine": self.name, "said": text})
            sys.stdout.write(wrapped + "\n")

    def _end_of_log(self) -> str:
        return " | ".join(list(self._said)[-5:])[-1000:] or "it said nothing"

    async def stop(self) -> None:
        """End it with all its processes; returns when they are gone."""
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(asyncio.shield(process.wait()), self._settings.stop_seconds + 10)
            except TimeoutError:  # the guard itself hangs: its engine dies with the session
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if self._pump:
            await self._pump
        await self._client.aclose()

    async def gone(self) -> None:
        """Return when its process has ended."""
        if self._process is not None:
            await self._process.wait()

    async def died(self) -> bool:
        """Whether it has ended, or does within the time between two looks: its watch learns of it then, too."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.gone(), self._settings.health_seconds)
            await asyncio.sleep(0)
        return not self.alive

    async def healthy(self) -> bool:
        """Whether it answers that it is well."""
        try:
            answer = await self._client.get("/health", timeout=max(2.0, self._settings.health_seconds))
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    async def sleep(self, level: int) -> None:
        """Let go of the GPU: level 1 keeps the weights in main memory, level 2 drops them.

        Raises:
            EngineFailed: it stays awake.
        """
        await self._ask("/sleep", {"level": str(level)})
        answer = await self._get("/is_sleeping")
        if answer.json().get("is_sleeping") is not True:
            raise EngineFailed(f"{self.name} does not sleep: is --enable-sleep-mode among its arguments?")

    async def wake(self, level: int) -> None:
        """Take the GPU back. After level 2 weights are read anew before there is a KV cache, and no prefix is believed.

        Raises:
            EngineFailed: it doesn't wake.
        """
        if level == 1:
            await self._ask("/wake_up")
        else:
            await self._ask("/wake_up", {"tags": "weights"})
            await self._ask("/collective_rpc", body={"method": "reload_weights"})
            await self._ask("/wake_up", {"tags": "kv_cache"})
            await self._ask("/reset_prefix_cache")
        answer = await self._get("/is_sleeping")
        if answer.json().get("is_sleeping") is not False or not await self.healthy():
            raise EngineFailed(f"{self.name} did not wake")

    async def load_adapter(self, name: str, path: str) -> None:
        """Load an adapter; one of this name that is there already is taken for it.

        Raises:
            EngineFailed: it can't be loaded.
        """
        await self._ask("/v1/load_lora_adapter", body={"lora_name": name, "lora_path": path}, but=("already", 400))

    async def unload_adapter(self, name: str) -> None:
        """Unload an adapter; one that isn't there is unloaded.

        Raises:
            EngineFailed: it stays.
        """
        await self._ask("/v1/unload_lora_adapter", body={"lora_name": name}, but=("", 404))

    async def _ask(
        self,
        route: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
        but: tuple[str, int] | None = None,
    ) -> None:
        try:
            answer = await self._client.post(
                route, params=query, json=body, timeout=max(self._settings.wake_seconds, self._settings.free_seconds)
            )
        except httpx.HTTPError as error:
            raise EngineFailed(f"{self.name}: {route}: {type(error).__name__}") from error
        if but and answer.status_code == but[1] and but[0] in answer.text:
            return
        if answer.is_error:
            raise EngineFailed(f"{self.name}: {route}: {answer.status_code} {answer.text[:300]}")

    async def _get(self, route: str) -> httpx.Response:
        try:
            answer = await self._client.get(route)
        except httpx.HTTPError as error:
            raise EngineFailed(f"{self.name}: {route}: {type(error).__name__}") from error
        if answer.is_error:
            raise EngineFailed(f"{self.name}: {route}: {answer.status_code}")
        return answer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
