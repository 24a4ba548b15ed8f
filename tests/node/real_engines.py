# SPDX-License-Identifier: MPL-2.0
"""The real vLLM behind models' pods on the lab's node: processes of this machine, started as their manifests say."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from andel.lab.node_images import forwarded, wanted
from tests.conftest import ROOT
from tests.live.command_lines import CommandLine, command_lines, on_this_machine
from tests.live.engine_process import free_port, running
from tests.live.vllm_environment import interpreter

from .gateway import GatewayLab

IMAGE = "docker.io/vllm/vllm-openai-cpu:v0.32.0"
SERVING = "andel-serving"


@contextmanager
def real_engines(gateway: GatewayLab, names: Sequence[str], folder: Path) -> Iterator[None]:
    """Models on processors are answered by the real vLLM while the block lasts, with tiny weights.

    Args:
        gateway: whose models.
        names: of the models.
        folder: for weights and logs.
    """
    lines = {line.name: line for line in command_lines(gateway.environment) if line.name in names}
    addresses = {}
    with ExitStack() as engines:
        for name in names:
            port = free_port()
            engines.enter_context(running(_here(lines[name], port, folder / name), port, folder / name))
            addresses[name] = f"{gateway.network.machine}:{port}"
        gateway.load({IMAGE: forwarded(addresses)})
        _renew(gateway, names)
        try:
            yield
        finally:
            gateway.load({IMAGE: wanted(gateway.environment)[IMAGE]})
            _renew(gateway, names)


def _here(line: CommandLine, port: int, folder: Path) -> CommandLine:
    """The command line with tiny weights, which are made."""
    folder.mkdir(parents=True)
    python, weights = interpreter(), folder / "weights"
    command = [str(python), str(ROOT / "tests/live/tiny_models.py"), line.model.task, str(weights)]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-2000:]
    return on_this_machine(line, vllm=python.parent, weights=weights, port=port)


def _renew(gateway: GatewayLab, names: Sequence[str]) -> None:
    """Begin the models' pods anew, from the image that the node has now."""
    for name in names:
        selector = f"andel/model={name}"
        gone = set(gateway.end(SERVING, selector))
        gateway.until_ready(SERVING, selector, seconds=240)
        assert gone.isdisjoint(pod["metadata"]["name"] for pod in gateway.pods(SERVING, selector))
