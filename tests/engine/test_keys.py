# SPDX-License-Identifier: MPL-2.0
"""Keys of applications, made by the real engine on a real API server: rotated, revoked, and shown nowhere."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.application_keys import FIELD, PREFIX, WATCHED
from config.names import APPLICATION_KEY as KEY

from .laboratory import Laboratory

NAMESPACE = "andel-m-skive"
PROGRAM = f"""
import json
import pulumi, pulumi_kubernetes as kubernetes
from components.application_keys import ApplicationKeys, ApplicationKeysArgs
from config.keys import ApplicationKey

cluster = kubernetes.Provider("cluster", kubeconfig="", context="andel-dev")
there = pulumi.ResourceOptions(providers=[cluster])
home = kubernetes.core.v1.Namespace("home", metadata={{"name": "{NAMESPACE}"}}, opts=there)
applications = json.loads(pulumi.Config().require("applications"))
ApplicationKeys("keys", ApplicationKeysArgs(
    namespace="{NAMESPACE}",
    applications={{name: ApplicationKey.model_validate(one) for name, one in applications.items()}},
), pulumi.ResourceOptions.merge(there, pulumi.ResourceOptions(depends_on=[home])))
"""
Up = Callable[[dict[str, Any]], tuple[dict[str, str], str]]
UNTIL = "2026-12-24T12:00:00Z"


@pytest.fixture
def up(dev_lab: Laboratory, tmp_path: Path) -> Iterator[Up]:
    """Run the engine with some applications; gives the keys, and everything that it showed or wrote on the way."""
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "skive", "runtime": "python"}))
    (tmp_path / "__main__.py").write_text(PROGRAM)

    def run(*words: str) -> str:
        ended = dev_lab.elsewhere(tmp_path, *words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    def apply(applications: dict[str, Any]) -> tuple[dict[str, str], str]:
        told = ("--non-interactive", "--color=never", "-s", "keys", "-c", f"applications={json.dumps(applications)}")
        seen = run("preview", "--diff", "--show-sames", *told)
        seen += run("up", "--yes", "--diff", "--logtostderr", "-v=3", *told)
        seen += run("preview", "--diff", "--show-sames", "--expect-no-changes", *told)
        seen += run("stack", "export", "-s", "keys") + run("stack", "output", "--json", "-s", "keys")
        seen += "".join(file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file())
        return keys(dev_lab), seen

    run("stack", "init", "keys")
    yield apply
    run("destroy", "--yes", "--non-interactive", "-s", "keys")


def keys(lab: Laboratory) -> dict[str, str]:
    """Values of all keys in the cluster, by the names of the Secrets that their owners read."""
    found = {one["metadata"]["name"]: value(one) for one in secrets(lab) if KEY not in labels(one)}
    assert sorted(found.values()) == sorted(map(value, known(lab)))  # the edge knows these, and no others
    return found


def known(lab: Laboratory) -> list[dict[str, Any]]:
    """Secrets by which the edge knows keys."""
    return [one for one in secrets(lab) if labels(one).get(WATCHED) == "authorino" and KEY in labels(one)]


def secrets(lab: Laboratory) -> list[dict[str, Any]]:
    return lab.api.items(f"/api/v1/namespaces/{NAMESPACE}/secrets")


def labels(secret: dict[str, Any]) -> dict[str, str]:
    return dict(secret["metadata"].get("labels") or {})


def value(secret: dict[str, Any]) -> str:
    return base64.b64decode(secret["data"][FIELD]).decode()


def test_keys_are_made_rotated_with_an_overlap_and_revoked(up: Up, dev_lab: Laboratory) -> None:
    first, seen = up({"journal": {}, "chatbot": {"dataClass": "personal"}})
    shown = seen
    assert set(first) == {"key-journal-1", "key-chatbot-1"}
    assert len(set(first.values())) == 2
    before = names(dev_lab)

    rotated, seen = up({"journal": {"generation": 2, "retire": [{"generation": 1, "until": UNTIL}]}, "chatbot": {}})
    shown += seen
    assert rotated["key-journal-1"] == first["key-journal-1"]  # the old one goes on
    assert rotated["key-journal-2"] not in first.values()
    assert rotated["key-chatbot-1"] == first["key-chatbot-1"]
    assert annotations(dev_lab, rotated["key-journal-1"])["andel/expires"] == UNTIL
    assert "andel/expires" not in annotations(dev_lab, rotated["key-journal-2"])
    for changed in ("key-journal-1", "key-chatbot-1"):  # Authorino reads what is said of a key once alone
        assert names(dev_lab)[first[changed]] != before[first[changed]]

    revoked, seen = up({"journal": {"generation": 2}})
    shown += seen
    assert revoked == {"key-journal-2": rotated["key-journal-2"]}

    for value in {*first.values(), *rotated.values()}:
        assert value.startswith(PREFIX)
        assert len(value) == len(PREFIX) + 43
        assert not {"skive", "journal", "chatbot"} & set(value.lower().split("-"))
        for form in (value, value.removeprefix(PREFIX), base64.b64encode(value.encode()).decode()):
            assert form not in shown


def annotations(lab: Laboratory, shown: str) -> dict[str, str]:
    """What the edge is told of the key with a value."""
    (secret,) = (one for one in known(lab) if value(one) == shown)
    assert labels(secret)[KEY] == "journal"
    found: dict[str, str] = secret["metadata"]["annotations"]
    return found


def names(lab: Laboratory) -> dict[str, str]:
    """Names of the Secrets by which the edge knows keys, by the keys' values."""
    return {value(one): one["metadata"]["name"] for one in known(lab)}
