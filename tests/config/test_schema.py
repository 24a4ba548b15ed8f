# SPDX-License-Identifier: MPL-2.0
"""What editors and newcomers are given: the schema and the template."""

import json
import re

from click.testing import CliRunner
from pydantic import BaseModel

from andel import schema as schema_verb
from andel.template import template
from config.environment import Environment
from config.judge import judge
from config.schema import stack_schema
from tests.conftest import ROOT


def test_the_schema_in_the_checkout_is_what_the_config_says() -> None:
    assert CliRunner().invoke(schema_verb.command, ["--check"]).exit_code == 0


def test_every_setting_explains_itself() -> None:
    """An editor shows the description; a setting without one can only be guessed."""
    models: list[type[BaseModel]] = [Environment]
    silent = [
        f"{name}.{field}"
        for name, definition in stack_schema()["$defs"].items()
        for field, setting in definition.get("properties", {}).items()
        if field != "kind" and not setting.get("description")
    ]
    assert (models, silent) == ([Environment], [])


def test_stack_files_name_the_schema() -> None:
    for stack in ("dev", "prod"):
        first = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# yaml-language-server: $schema=schemas/{schema_verb.FILE.name}"
    json.loads(schema_verb.FILE.read_text(encoding="utf-8"))


def test_a_template_that_is_filled_in_is_a_good_environment() -> None:
    import yaml

    answers = {
        "2026.11": "2026.11",
        "context": "my-cluster",
        "name": "one",
        "product": "A100-SXM4-80GB",
        "memory": "80Gi",
        "cpu": "8",
        "displayName": "One",
        "chat | embedding | transcription": "chat",
        "source": "hf://owner/name",
        "float32 | bfloat16 | float16 | fp8 | int8 | int4": "bfloat16",
        "host": "api.example.dk",
        "key": "gpu",
    }
    lines = []
    for line in template().splitlines():
        if re.match(r"\s*#", line):
            continue
        key = line.strip().split(":")[0]
        filled = line.replace("<name>", "one").replace("<number>", "1").replace('"<one or more>"', "one")
        filled = re.sub(r"<text>", lambda _, key=key: answers.get(key, "one"), filled)  # type: ignore[misc]
        lines.append(re.sub(r"<([^>]+)>", lambda match: answers.get(match[1], match[1]), filled))
    document = yaml.safe_load("\n".join(lines))["config"]["andel:environment"]
    document["models"]["one"]["size"]["kvCache"] = {"layers": 1, "heads": 1, "headSize": 64, "sequences": 1}
    judge(document)
