# SPDX-License-Identifier: MPL-2.0
"""The command lines of the manifests on the real vLLM, with tiny models: they start, and answer what a client asks.

Rows are the models of environment files. Of lines with the same kind of serving and task, those are started whose
arguments, by name, no other has all of; each line is parsed by the parser of the version that its image holds.
"""

import io
import re
import subprocess
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from andel.release import release
from config.environment import Environment
from config.judge import judge
from config.models import Task
from tests.conftest import ROOT

from .command_lines import NUMBERS, CommandLine, command_lines, needs_more_machines, on_this_machine
from .engine_process import Engine, free_port, running
from .vllm_environment import interpreter, parsed

pytestmark = pytest.mark.live

SECRET_WORD = "hemmeligt-ord-i-en-prompt"  # noqa: S105 (a word that no log may hold)


def environments() -> dict[str, Environment]:
    """Every environment file of the checkout, by its name."""
    files = [*sorted(ROOT.glob("Pulumi.*.yaml")), *sorted((ROOT / "tests" / "environments").glob("Pulumi.*.yaml"))]
    documents = {file.stem.removeprefix("Pulumi."): yaml.safe_load(file.read_text()) for file in files}
    return {name: judge(document["config"]["andel:environment"]) for name, document in documents.items()}


ENVIRONMENTS = environments()
LINES = [(name, line) for name, environment in ENVIRONMENTS.items() for line in command_lines(environment)]


def version_of(environment: str, line: CommandLine) -> str:
    """The version of vLLM in the image that runs it, by the environment's release."""
    role = "vllm-llm-d" if line.model.serving.kind == "llm-d" else "vllm" if line.model.gpus else "vllm-cpu"
    return release(ENVIRONMENTS[environment].release.name).vllm[role]


@dataclass(frozen=True)
class Shape:
    """What makes a command line like another one: names of arguments, not their values."""

    serving: str
    task: str
    names: frozenset[str]

    def has_all_of(self, other: "Shape") -> bool:
        """Whether it is of the same kind, and no argument of the other is missing here."""
        return (self.serving, self.task) == (other.serving, other.task) and self.names >= other.names


def shape(line: CommandLine) -> Shape:
    words = on_this_machine(line, vllm=Path("x"), weights=Path("y"), port=1).words
    names = (word.partition("=")[0] for word in words[1:] if word.startswith("--"))
    return Shape(line.model.serving.kind, line.model.task, frozenset(names))


ALL_SHAPES = {shape(line): line for _, line in reversed(LINES) if not needs_more_machines(line)}
SHAPES = {
    one: line
    for one, line in ALL_SHAPES.items()
    if not any(other.has_all_of(one) for other in ALL_SHAPES if other != one)
}


@pytest.mark.parametrize(("environment", "line"), LINES, ids=lambda value: str(value))
def test_every_model_has_a_command_line_of_which_some_are_started(environment: str, line: CommandLine) -> None:
    assert needs_more_machines(line) or any(one.has_all_of(shape(line)) for one in SHAPES)


SWAPPED = re.compile(
    r"--(port=|[a-z-]*parallel|nnodes|node-rank|master-addr|distributed-executor)|.*/mnt/|(python3|vllm)$"
)


STARTED = [row for row in LINES if not needs_more_machines(row[1])]


@pytest.mark.parametrize(("environment", "line"), STARTED, ids=lambda value: str(value))
def test_nothing_else_is_swapped_for_this_machine(environment: str, line: CommandLine) -> None:
    here = on_this_machine(line, vllm=Path("/bin"), weights=Path("/tiny"), port=1)
    gone = [word for word in line.words if word not in here.words and not word.startswith(NUMBERS)]
    assert [word for word in gone if not SWAPPED.match(word)] == []
    added = [word for word in here.words if word not in line.words and "/tiny" not in word]
    number = [one for one in ("--dtype=float32",) if one not in line.words]
    assert added == [here.words[0], "--port=1", *number, "--enforce-eager"]
    changed = {name for name in here.variables if here.variables[name] != line.variables.get(name)}
    assert changed <= {"HOME", "HF_HOME", "VLLM_CPU_KVCACHE_SPACE"}


@pytest.mark.parametrize("version", sorted({version_of(*row) for row in LINES}))
def test_every_command_line_is_taken_by_the_parser_of_its_image(version: str) -> None:
    """Those of every environment, by the version that the release says its image holds."""
    mine = [line for environment, line in LINES if version_of(environment, line) == version]
    for line, answer in zip(mine, parsed(version, [list(one.arguments) for one in mine]), strict=True):
        assert "read" in answer, (str(line), answer)
        assert answer["read"]["served-model-name"] == [line.name]
        assert answer["read"]["max-model-len"] == line.model.context_tokens
        assert answer["read"]["enable-force-include-usage"] is True
        assert answer["read"]["enable-log-requests"] is False


@pytest.fixture(scope="module", params=SHAPES.values(), ids=str)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Served"]:
    """An engine for each shape of command line, one after the other."""
    line: CommandLine = request.param
    folder = tmp_path_factory.mktemp(str(line))
    python, weights, port = interpreter(), folder / "weights", free_port()
    adapters = adapters_of(line)
    made = subprocess.run(
        [python, Path(__file__).with_name("tiny_models.py"), line.model.task, weights, *adapters],
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    here = on_this_machine(line, vllm=python.parent, weights=weights, port=port)
    with running(here, port, folder) as engine:
        yield Served(engine, line, adapters)


class Served:
    """An engine, and the command line that it stands for."""

    def __init__(self, engine: Engine, line: CommandLine, adapters: list[str]) -> None:
        self.engine, self.line, self.adapters = engine, line, adapters


def adapters_of(line: CommandLine) -> list[str]:
    """Public names of a model's adapters, as its section has them."""
    lora = getattr(line.model, "lora", None)
    return sorted(lora.adapters) if lora else []


def test_it_answers_under_its_public_names(served: Served) -> None:
    listed = {one["id"] for one in served.engine.get("/v1/models").json["data"]}
    assert listed == {served.line.name, *served.adapters}


def test_it_does_what_its_task_says(served: Served) -> None:
    ANSWERS[served.line.model.task](served)


def test_what_is_not_there_is_refused(served: Served) -> None:
    assert served.engine.get("/v1/nothing").status == 404
    other = served.engine.post("/v1/completions", {"model": "other", "prompt": "x", "max_tokens": 1})
    assert other.status in (400, 404)


def test_no_log_holds_a_prompt(served: Served) -> None:
    body = {"model": served.line.name, "prompt": SECRET_WORD, "input": SECRET_WORD, "query": SECRET_WORD}
    messages = [{"role": "user", "content": SECRET_WORD}]
    for route in ("/v1/completions", "/v1/chat/completions", "/v1/embeddings", "/v1/rerank"):
        served.engine.post(route, {**body, "messages": messages, "documents": [SECRET_WORD], "max_tokens": 2})
    assert SECRET_WORD not in served.engine.log.read_text(errors="replace")


def chat(served: Served) -> None:
    """Text, whole and streamed; usage is counted in both, asked for or not; adapters say something else."""
    texts = {name: completion(served.engine, name) for name in (served.line.name, *served.adapters)}
    assert len(set(texts.values())) == len(texts)
    for name in texts:
        body = {"model": name, "messages": [{"role": "user", "content": "Hvad er en andel?"}], "max_tokens": 6}
        whole = served.engine.post("/v1/chat/completions", body)
        assert whole.status == 200, whole.body
        assert whole.json["model"] == name
        streamed = served.engine.post("/v1/chat/completions", {**body, "stream": True}).events
        assert streamed[-1]["usage"]["completion_tokens"] == 6
        assert streamed[-1]["usage"]["prompt_tokens"] == whole.json["usage"]["prompt_tokens"] > 0


def completion(engine: Engine, name: str) -> str:
    """What a model says to a prompt, with the likeliest token each time; its stream must count usage too."""
    body = {"model": name, "prompt": "Byrådet har besluttet", "max_tokens": 12, "temperature": 0, "ignore_eos": True}
    answer = engine.post("/v1/completions", body)
    assert answer.status == 200, answer.body
    assert answer.json["usage"]["completion_tokens"] == 12
    assert engine.post("/v1/completions", {**body, "stream": True}).events[-1]["usage"]["completion_tokens"] == 12
    return str(answer.json["choices"][0]["text"])


def embedding(served: Served) -> None:
    """A vector for each text; the same text has the same one."""
    body = {"model": served.line.name, "input": ["en andel", "en andel", "noget helt andet"]}
    answer = served.engine.post("/v1/embeddings", body)
    assert answer.status == 200, answer.body
    first, again, other = (one["embedding"] for one in answer.json["data"])
    assert first == pytest.approx(again, abs=1e-4)
    assert first != pytest.approx(other, abs=1e-4)
    assert answer.json["usage"]["total_tokens"] > 0


def rerank(served: Served) -> None:
    """Documents in an order, each with a score."""
    documents = ["Byggetilladelser gives af kommunen.", "Katte sover.", "x"]
    answer = served.engine.post("/v1/rerank", {"model": served.line.name, "query": "byggeri", "documents": documents})
    assert answer.status == 200, answer.body
    assert sorted(one["index"] for one in answer.json["results"]) == [0, 1, 2]
    scores = [one["relevance_score"] for one in answer.json["results"]]
    assert scores == sorted(scores, reverse=True)
    score = served.engine.post("/score", {"model": served.line.name, "text_1": "byggeri", "text_2": documents})
    assert len(score.json["data"]) == 3


def classification(served: Served) -> None:
    """Probabilities of each label."""
    answer = served.engine.post("/classify", {"model": served.line.name, "input": ["en klage", "en ansøgning"]})
    assert answer.status == 200, answer.body
    for one in answer.json["data"]:
        assert sum(one["probs"]) == pytest.approx(1, abs=1e-3)
        assert one["num_classes"] == 3


def transcription(served: Served) -> None:
    """Text of a second of sound, and a translation of it."""
    for route in ("/v1/audio/transcriptions", "/v1/audio/translations"):
        answer = served.engine.send(route, *form({"model": served.line.name, "language": "da"}, sound()))
        assert answer.status == 200, answer.body
        assert "text" in answer.json


def sound() -> bytes:
    """A second of a square wave."""
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"".join((b"\x00\x20" if at // 40 % 2 else b"\x00\xe0") for at in range(16_000)))
    return kept.getvalue()


def form(fields: dict[str, str], file: bytes) -> tuple[bytes, str]:
    """A form with a file, and its content type."""
    mark = "andel-boundary"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()
    ]
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    )
    return "".join(parts).encode() + head.encode() + file + f"\r\n--{mark}--\r\n".encode(), (
        f"multipart/form-data; boundary={mark}"
    )


ANSWERS: dict[str, Callable[[Served], None]] = {
    "chat": chat,
    "embedding": embedding,
    "rerank": rerank,
    "classification": classification,
    "transcription": transcription,
}
"""What a model of each task is asked."""


def test_every_task_is_asked_something() -> None:
    assert {task.value for task in Task} <= set(ANSWERS)
