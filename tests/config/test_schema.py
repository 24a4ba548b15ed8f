# SPDX-License-Identifier: MPL-2.0
"""What editors and newcomers are given: the schema and the template."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from andel import check as check_verb
from andel import schema as schema_verb
from andel.template import MAY, template
from config.schema import stack_schema
from config.stackfile import KEY, MUNICIPALITY
from tests.conftest import ROOT

from .loosened import accepts


def test_the_schema_in_the_checkout_is_what_the_config_says() -> None:
    assert CliRunner().invoke(schema_verb.command, ["--check"]).exit_code == 0


def test_a_schema_that_fell_behind_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CI calls `andel schema --check`: a setting that the committed schema lacks must stop it."""
    behind = tmp_path / "schemas" / "municipality.schema.json"
    monkeypatch.setattr(schema_verb, "FOLDER", behind.parent)
    assert run("--check").exit_code == 1
    assert run("--write").exit_code == run("--check").exit_code == 0
    behind.write_text(behind.read_text(encoding="utf-8").replace("chat", "chit"), encoding="utf-8")
    assert "andel schema --write" in run("--check").output


def run(option: str) -> Result:
    return CliRunner().invoke(schema_verb.command, [option])


@pytest.mark.parametrize("key", [KEY, MUNICIPALITY])
def test_every_setting_explains_itself(key: str) -> None:
    """An editor shows the description; a setting without one can only be guessed."""
    schema = stack_schema(key)
    definitions = {**schema["$defs"], "root": schema["properties"]["config"]["properties"][key]}
    silent = [
        f"{name}.{field}"
        for name, definition in definitions.items()
        for field, setting in definition.get("properties", {}).items()
        if field != "kind" and not setting.get("description")
    ]
    assert len(definitions) > 7
    assert silent == []


def test_stack_files_name_the_schema() -> None:
    for stack in ("dev", "prod"):
        first = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# yaml-language-server: $schema=schemas/{schema_verb.FILES[KEY]}"
    for name in schema_verb.FILES.values():
        json.loads((schema_verb.FOLDER / name).read_text(encoding="utf-8"))


ANSWERS = {
    "2026.11 | 2026.11-lab": "2026.11",
    "product": "A100-SXM4-80GB",
    "memory": "80Gi",
    "cpu": "8",
    "source": "hf://owner/name",
    "float32 | bfloat16 | float16 | fp8 | int8 | int4": "bfloat16",
    "host": "api.example.dk",
    "domain": "chat.example.dk",
    "image": f"registry.example.dk/image@sha256:{64 * '0'}",
    "path": "/var/lib/andel/models",
    "storage": "500Gi",
    "size": "200Gi",
    "prometheus": "http://prometheus.monitoring.svc:9090",
    "endpoint": "http://otel-collector.monitoring.svc:4317",
}
"""What a person writes for a blank, by its key or by what it says; `one` does for every other text."""


YEARS = ("year", "bought")
"""Numbers that are years."""

TASKS = "chat | embedding | rerank | classification | transcription"


def test_the_least_of_a_template_filled_in_is_good(tmp_path: Path) -> None:
    text = template().replace("kind: llm-d", "kind: kserve").replace(TASKS, "embedding")
    file = tmp_path / "Pulumi.new.yaml"
    file.write_text("\n".join(filled(text, everything=False)), encoding="utf-8")
    assert CliRunner().invoke(check_verb.command, [str(file)]).output == f"{file}: good\n"


def test_all_of_a_template_filled_in_has_the_right_form() -> None:
    """Everything at once contradicts itself, as a model with every option must; each setting for itself is good."""
    text = "\n".join(filled(template().replace(TASKS, "chat"), everything=True))
    assert accepts(yaml.safe_load(text)["config"][KEY], rules=False)


def filled(text: str, everything: bool) -> Iterator[str]:
    """The lines of a template with its blanks filled in, with or without what may be left out."""
    contexts = iter(("gpu-cluster", "application-cluster"))
    for line in text.splitlines():
        if not everything and line.lstrip().startswith(MAY):
            continue
        setting = line.replace(MAY, "", 1) if line.lstrip().startswith(MAY) else line
        key = setting.strip().partition(":")[0]
        if setting.lstrip().startswith("#"):
            continue
        blank = next(contexts) if key == "context" else ANSWERS.get(key, "one")
        setting = (
            setting.replace("<number>", "2026" if key in YEARS else "1")
            .replace("<text>", blank)
            .replace("<one or more>", "one")
        )
        yield re.sub(
            r"<([^>]+)>",
            lambda match: ANSWERS.get(match[1], {"name": "one", "NAME": "ONE"}.get(match[1], match[1])),
            setting,
        )


def test_a_template_that_is_not_filled_in_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.new.yaml"
    file.write_text(template(), encoding="utf-8")
    result = CliRunner().invoke(check_verb.command, [str(file)])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)


def test_a_template_shows_every_setting() -> None:
    """A setting that the template hides is found only by reading the source."""
    names = set(re.findall(r"(?:^[\s#-]*|[{, ])(\w+):", template(), re.MULTILINE))
    environment = stack_schema()["properties"]["config"]["properties"][KEY]
    assert set(first_settings(environment)) - names == set()


def first_settings(schema: Any) -> Iterator[str]:
    """Every setting below a schema. Of alternatives the first is shown, and `kinds:` names the others; so are those
    that a default on one line stands for."""
    match schema:
        case {"$ref": str(reference)}:
            yield from first_settings(stack_schema()["$defs"][reference.rpartition("/")[2]])
        case {"oneOf": [first, *_]}:
            yield from first_settings(first)
        case {"type": "array", "default": []}:
            return
        case dict():
            yield from schema.get("properties", {})
            for key, below in schema.items():
                yield from first_settings(list(below.values()) if key == "properties" else below)
        case list():
            for below in schema:
                yield from first_settings(below)
