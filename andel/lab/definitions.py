# SPDX-License-Identifier: MPL-2.0
"""Custom resource definitions on a lab's API server: the release's, minus those that the environment installs itself.

`collect` reads them out of Go modules into one file of the cache, once. `install` applies what is new or changed.
"""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template
from typing import Any

import yaml

from andel.release.definitions import UNPUBLISHED, DefinitionSource, Unpublished
from config.environment import Environment
from config.operators import Managed

from .api import ApiServer, fingerprint, marked
from .errors import LabError
from .folders import CHECKOUT

PATHS = {
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "ValidatingAdmissionPolicy": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
}
"""Where the kinds that these files hold are written."""

BESIDE = CHECKOUT.parent / "shared" / "crds"
"""Definitions that no module carries may lie beside the checkout; the lab works without them."""

ESTABLISHED_SECONDS = 120


class _Loader(yaml.CSafeLoader):
    """YAML in which a lone `=`, an operator of Prometheus' label matchers, is a word (yaml/pyyaml#89)."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: str(node.value))


def collect(source: DefinitionSource, module: Path) -> list[dict[str, Any]]:
    """The manifests of a module, without labels that a chart would fill in.

    Raises:
        LabError: a pattern matches no file: the module is not what the table says.
    """
    manifests = []
    for pattern in source.files:
        files = sorted(module.glob(pattern))
        if not files:
            raise LabError(f"{source.module} {source.version} has no file {pattern}; mend andel/release/definitions.py")
        for file in files:
            text = "\n".join(line for line in file.read_text().splitlines() if not line.startswith("{{"))
            manifests += [manifest for manifest in yaml.load_all(text, _Loader) if manifest]
    return [_plain(manifest, source.written) for manifest in manifests if manifest["kind"] in PATHS]


def _plain(manifest: dict[str, Any], written: str = "") -> dict[str, Any]:
    """The manifest without labels, and without annotations that a chart would fill in; one version, stored as it is."""
    annotations = manifest["metadata"].get("annotations") or {}
    kept = {key: value for key, value in annotations.items() if "{{" not in str(value)}
    plain = {**_undescribed(manifest), "metadata": {"name": manifest["metadata"]["name"], "annotations": kept}}
    if manifest["kind"] == "CustomResourceDefinition":
        # Versions that only old objects need take memory, and here no object is old.
        plain["spec"]["versions"] = [
            {**version, "storage": True}
            for version in plain["spec"]["versions"]
            if (version["name"] == written if written else version["storage"])
        ]
    return plain


def _undescribed(value: Any) -> Any:
    """The same without descriptions: they judge nothing, and cost the API server half a gigabyte."""
    match value:
        case dict():
            return {
                key: _undescribed(item)
                for key, item in value.items()
                if not (key == "description" and isinstance(item, str))
            }
        case list():
            return [_undescribed(item) for item in value]
        case _:
            return value


def publish(chart: Path, source: DefinitionSource) -> None:
    """Fill in what the makers fill in when they publish a chart: its version, and blanks among its values."""
    file = chart / "Chart.yaml"
    text = re.sub(r"(?m)^(version|appVersion): \"?(v0\.0\.0-)?latest\"?$", rf"\1: {source.version}", file.read_text())
    file.write_text(text)
    template = chart / "values.tmpl.yaml"
    if template.exists():
        (chart / "values.yaml").write_text(Template(template.read_text()).substitute(dict(source.blanks)))
        template.unlink()


def wanted(collected: list[tuple[bool, dict[str, Any]]], environment: Environment) -> list[dict[str, Any]]:
    """Definitions that somebody else has to bring: all, or those that no chart brings where the platform manages them.

    Args:
        collected: every definition of the release, and whether a chart brings it.
        environment: who brings what.
    """
    managed = isinstance(environment.operators.crds, Managed)
    return [
        *(manifest for charted, manifest in collected if not (managed and charted)),
        *(definition for definition, _ in unpublished()),
    ]


def unpublished() -> Iterator[tuple[dict[str, Any], bool]]:
    """Definitions that no module carries, and whether each is a real one: from a file beside the checkout, or open."""
    for kind in UNPUBLISHED:
        file = BESIDE / kind.file
        if file.exists():
            yield _plain(yaml.load(file.read_text(), yaml.CSafeLoader)), True
        else:
            yield open_definition(kind), False


def unchecked() -> list[str]:
    """Kinds whose objects the API server takes without looking at their fields."""
    return [kind.kind for kind, (_, real) in zip(UNPUBLISHED, unpublished(), strict=True) if not real]


def open_definition(kind: Unpublished) -> dict[str, Any]:
    """A definition that takes any field."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.name, "annotations": {}},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {"kind": kind.kind, "plural": kind.plural, "singular": kind.kind.lower()},
            "versions": [
                {"name": kind.version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
            ],
        },
    }


def install(api: ApiServer, manifests: list[dict[str, Any]]) -> int:
    """Apply what is new or changed, and wait until the server serves it.

    Returns:
        How many were written.

    Raises:
        LabError: the server refuses one, or doesn't serve it in time.
    """
    present = {
        kind: {item["metadata"]["name"]: fingerprint(item) for item in api.metadata(path)}
        for kind, path in PATHS.items()
    }
    changed = [
        manifest
        for manifest in map(marked, manifests)
        if present[manifest["kind"]].get(manifest["metadata"]["name"]) != fingerprint(manifest)
    ]
    with ThreadPoolExecutor(max_workers=4) as workers:
        list(workers.map(lambda one: api.apply(f"{PATHS[one['kind']]}/{one['metadata']['name']}", one), changed))
    _wait_until_established(
        api, {one["metadata"]["name"] for one in changed if one["kind"] == "CustomResourceDefinition"}
    )
    return len(changed)


def _wait_until_established(api: ApiServer, names: set[str]) -> None:
    deadline = time.monotonic() + ESTABLISHED_SECONDS
    for name in sorted(names):
        while not _established(api.get(f"{PATHS['CustomResourceDefinition']}/{name}") or {}):
            if time.monotonic() > deadline:
                raise LabError(f"{name} is not served after {ESTABLISHED_SECONDS} s")
            time.sleep(0.1)


def _established(definition: dict[str, Any]) -> bool:
    conditions = definition.get("status", {}).get("conditions") or []
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)
