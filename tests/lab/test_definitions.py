# SPDX-License-Identifier: MPL-2.0
"""Definitions read out of modules, and which of them a lab installs."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from andel.lab import definitions
from andel.lab.api import fingerprint, marked
from andel.lab.definitions import collect, install, open_definition, unchecked, unpublished, wanted
from andel.lab.errors import LabError
from andel.release.definitions import SOURCES, UNPUBLISHED, DefinitionSource
from config.environment import Environment
from config.operators import Managed
from tests.conftest import stack_document

CRD = """{{- if .Values.crds }}
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.example.org
  labels: {helm: "{{ .Release.Name }}"}
  annotations:
    version: v1
    keep: "{{ .Values.keep }}"
spec:
  group: example.org
  versions:
    - {name: v1alpha1, served: true, storage: false}
    - name: v1
      served: true
      storage: true
      schema:
        properties:
          description: {type: string, description: a field that is called so}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: no-definition}
{{- end }}
"""


def source(*files: str) -> DefinitionSource:
    """A row of the release's table."""
    return DefinitionSource(operator="a", module="example.org/a", version="v1", checksum="h1:a", files=files)


def module(folder: Path) -> Path:
    """A Go module with a definition, as charts and controller-gen lay them down."""
    (folder / "config" / "crd").mkdir(parents=True)
    (folder / "config" / "crd" / "things.yaml").write_text(CRD)
    return folder


def test_definitions_are_read_from_manifests_and_from_templates(tmp_path: Path) -> None:
    """Helm's lines, labels and annotations are not the API server's business, and other kinds are not the lab's."""
    (manifest,) = collect(source("config/crd/*.yaml"), module(tmp_path))
    assert manifest["metadata"] == {"name": "things.example.org", "annotations": {"version": "v1"}}


def test_a_field_may_be_called_description(tmp_path: Path) -> None:
    """Descriptions cost the API server memory and judge nothing; a property of that name does."""
    (manifest,) = collect(source("config/crd/*.yaml"), module(tmp_path))
    (version,) = manifest["spec"]["versions"]
    assert version["schema"] == {"properties": {"description": {"type": "string"}}}


def test_only_the_version_that_is_stored_is_kept(tmp_path: Path) -> None:
    """Others need a conversion webhook, which no lab has, and memory. The platform writes stored versions alone."""
    (manifest,) = collect(source("config/crd/*.yaml"), module(tmp_path))
    assert [version["name"] for version in manifest["spec"]["versions"]] == ["v1"]


def test_a_pattern_without_a_file_is_an_error(tmp_path: Path) -> None:
    """A new version of a module may have moved them: half of a release's kinds would be missing silently."""
    with pytest.raises(LabError, match=r"example\.org/a v1 has no file config/new/\*\.yaml"):
        collect(source("config/crd/*.yaml", "config/new/*.yaml"), module(tmp_path))


def test_every_row_of_the_release_is_pinned() -> None:
    """Go's checksum database vouches for what it names; the table says what was reviewed."""
    for row in SOURCES:
        assert row.checksum.startswith("h1:")
        assert len(row.checksum) == len("h1:") + 44
        assert row.version.startswith("v")
    assert len({(row.module, row.operator) for row in SOURCES}) == len(SOURCES)


def test_kinds_without_a_definition_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the lab can't check it must say."""
    monkeypatch.setattr(definitions, "BESIDE", tmp_path)
    assert unchecked() == [kind.kind for kind in UNPUBLISHED]
    (tmp_path / UNPUBLISHED[0].file).write_text(yaml.safe_dump(open_definition(UNPUBLISHED[0])))
    assert unchecked() == [kind.kind for kind in UNPUBLISHED[1:]]
    assert [real for _, real in unpublished()] == [True, *[False] * (len(UNPUBLISHED) - 1)]


def test_an_open_definition_takes_any_field() -> None:
    """apiextensions.k8s.io/v1: unknown fields are dropped, or refused when strict, unless they are preserved."""
    definition = open_definition(UNPUBLISHED[0])
    (version,) = definition["spec"]["versions"]
    assert version["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"] is True
    assert definition["metadata"]["name"] == f"{definition['spec']['names']['plural']}.{definition['spec']['group']}"


def test_what_a_chart_brings_is_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two owners of one definition would fight, and `destroy` would take the other's objects along."""
    monkeypatch.setattr(definitions, "BESIDE", tmp_path)
    collected: list[tuple[bool, dict[str, Any]]] = [(True, {"kind": "charted"}), (False, {"kind": "plain"})]
    existing = Environment.model_validate(stack_document("dev"))
    assert [one["kind"] for one in wanted(collected, existing)][:2] == ["charted", "plain"]
    operators = existing.operators.model_copy(update={"crds": Managed.model_construct(kind="managed")})
    managed = existing.model_copy(update={"operators": operators})
    assert "charted" not in [one["kind"] for one in wanted(collected, managed)]


class FakeApi:
    """An API server that remembers what was applied, and serves a definition at the second question."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.applied: list[str] = []

    def metadata(self, path: str) -> list[dict[str, Any]]:
        """What is there."""
        return [item for address, item in self.objects.items() if address.startswith(path)]

    def apply(self, path: str, manifest: dict[str, Any]) -> dict[str, Any]:
        """Write."""
        self.applied.append(manifest["metadata"]["name"])
        self.objects[path] = manifest
        return manifest

    def get(self, path: str) -> dict[str, Any]:
        """Read."""
        self.asked.append(path)
        status = "True" if self.asked.count(path) > 1 else "False"
        return {**self.objects[path], "status": {"conditions": [{"type": "Established", "status": status}]}}


def definition(name: str, **spec: Any) -> dict[str, Any]:
    """A definition."""
    return {"kind": "CustomResourceDefinition", "metadata": {"name": name, "annotations": {}}, "spec": spec}


def test_only_what_is_new_or_changed_is_written() -> None:
    """A second `up` costs one list a kind, whatever the number of definitions."""
    api: Any = FakeApi()
    assert install(api, [definition("a"), definition("b")]) == 2
    assert install(api, [definition("a"), definition("b")]) == 0
    assert install(api, [definition("a"), definition("b", group="new")]) == 1
    assert sorted(api.applied) == ["a", "b", "b"]


def test_it_waits_until_a_definition_is_served() -> None:
    """Who writes an object too early gets 404."""
    api: Any = FakeApi()
    install(api, [definition("a")])
    assert len(api.asked) == 2


def test_a_fingerprint_tells_content_from_content() -> None:
    """And doesn't count itself, so that it can be written into the object."""
    one, two = marked(definition("a", x=1)), marked(definition("a", x=2))
    assert fingerprint(one) != fingerprint(two)
    assert fingerprint(one) == fingerprint(marked(definition("a", x=1)))
    assert fingerprint(definition("a")) is None
