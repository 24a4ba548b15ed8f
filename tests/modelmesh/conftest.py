# SPDX-License-Identifier: MPL-2.0
"""A runtime with made-up engines."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.modelmesh.place import Caller, Program, running

DOUBLE = Path(__file__).with_name("engine_double.py")


def key(**parameters: Any) -> str:
    """A model's key, as modelmesh-serving writes it of a Predictor: every parameter is a text."""
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
    return json.dumps({"model_type": {"name": "vllm"}, "storage_params": texts})


@dataclass(frozen=True)
class Standing:
    """A runtime, a client of it, and what its engines were asked."""

    program: Program
    caller: Caller
    journal: Path

    @property
    def asked(self) -> list[str]:
        """What engines were asked, in order."""
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    @property
    def engines(self) -> list[Any]:
        """Processes of engines."""
        return [
            one for one in self.program.below if str(DOUBLE) in one.cmdline() and "guard.py" not in str(one.cmdline())
        ]

    def load(self, name: str, *words: str, **parameters: Any) -> Any:
        """Load a model of 100 bytes of weights and 100 of cache."""
        given = {"weightsBytes": 100, "kvBytes": 100, "arguments": list(words), **parameters}
        return self.caller.ask("loadModel", modelId=name, modelPath=f"/models/{name}", modelKey=key(**given))

    def unload(self, name: str) -> None:
        """Unload a model."""
        self.caller.ask("unloadModel", modelId=name)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Callable[..., Standing]]:
    """Start runtimes; they end with the test, and leave nothing behind."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Standing:
            journal = tmp_path / "journal"
            base = {
                "gpuBytes": 10**9,
                "gauge": "process",
                "command": [sys.executable, str(DOUBLE), "{name}", "{port}", str(journal)],
                "healthSeconds": 0.3,
                "healthFailures": 2,
                "stopSeconds": 1,
                "drainSeconds": 0.5,
                "wakeSeconds": 3,
                "loadSeconds": 20,
            }
            program = stack.enter_context(running("runtime", {**base, **settings}, tmp_path))
            caller = Caller(program.settings["management"])
            stack.callback(caller.channel.close)
            return Standing(program, caller, journal)

        yield start
