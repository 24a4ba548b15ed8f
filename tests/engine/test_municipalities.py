# SPDX-License-Identifier: MPL-2.0
"""The platform and three municipalities: joining, furnishing, and what none of it touches."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from andel.lab import engine
from tests.conftest import ROOT, stack_document
from tests.support.reach import judge
from tests.support.town import guarded, meant, peopled

from .laboratory import Laboratory, settled, written
from .municipal import MunicipalStack

NEWCOMER = "samso"
SLUGS = ("aarhus", "ringkobing-skjern", NEWCOMER)


@dataclass(frozen=True)
class Standing:
    """A platform that a member joined."""

    laboratory: Laboratory
    folder: Path
    before: dict[str, str]
    """What stood before it joined."""

    after: dict[str, str]
    """What stood after it."""

    joining: list[dict[str, Any]]
    """Every write of the platform's engine while it joined, by the audit log."""

    def municipality(self, slug: str) -> MunicipalStack:
        """One of the municipalities' stacks."""
        return MunicipalStack(self.laboratory, self.folder / slug, slug)


def write(folder: Path, document: dict[str, Any]) -> None:
    """Write the platform's settings."""
    whole = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
    whole["config"]["andel:environment"] = document
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False))


@pytest.fixture(scope="module")
def standing(new_lab: Callable[..., Laboratory], tmp_path_factory: pytest.TempPathFactory) -> Standing:
    """The platform of dev without one member; then with it."""
    stacks, folder = tmp_path_factory.mktemp("stacks"), tmp_path_factory.mktemp("municipalities")
    document = stack_document("dev")
    members = {slug: one for slug, one in document["municipalities"].items() if slug != NEWCOMER}
    write(stacks, {**document, "municipalities": members})
    laboratory = new_lab("dev", stacks)
    laboratory.up()
    laboratory.deploy()
    laboratory.deploy("--expect-no-changes")
    before, writes = settled(laboratory.api), len(laboratory.writes())
    write(stacks, document)
    engine.prepare(laboratory.lab, "dev")
    laboratory.deploy()
    return Standing(laboratory, folder, before, settled(laboratory.api), laboratory.writes()[writes:])


def test_joining_writes_the_members_own_walls_and_one_line(standing: Standing) -> None:
    """Everything else stays byte for byte."""
    before, after = standing.before, standing.after
    assert before.keys() - after.keys() == set()
    new = after.keys() - before.keys()
    home = f"andel-m-{NEWCOMER}"
    assert [one for one in new if f"/{home}/" not in one and not one.endswith(f"/namespaces/{home}")] == []
    kinds = {one.split("/")[-2] for one in new}
    assert kinds >= {"namespaces", "resourcequotas", "limitranges", "networkpolicies", "serviceaccounts", "roles"}
    changed = {one for one in before if before[one] != after[one]}
    assert {one.split("/", 3)[-1] for one in changed} == {"v1beta3/andel-gateway/authconfigs/edge"}
    (line,) = changed
    joined = after[line].replace(f', \\"{NEWCOMER}\\": \\"basis\\"', "")
    assert ungenerated(joined) == ungenerated(before[line])
    assert after[line] != joined


def test_while_a_member_joins_nothing_else_is_so_much_as_written_again(standing: Standing) -> None:
    """By the audit log: an object that is written as it was looks untouched, and wakes every controller."""
    home = f"andel-m-{NEWCOMER}"
    touched = {written(event) for event in standing.joining}
    assert len({kind for _, kind, _ in touched}) >= 7
    outside = {one for one in touched if one[0] != home}
    assert outside == {("andel-gateway", "authconfigs", "edge")}


def test_after_it_has_joined_the_platform_has_nothing_to_do(standing: Standing) -> None:
    laboratory = standing.laboratory
    writes = len(laboratory.writes())
    laboratory.deploy("--expect-no-changes")
    assert laboratory.writes()[writes:] == []
    assert settled(laboratory.api) == standing.after


def ungenerated(content: str) -> dict[str, Any]:
    """An object without the number that the API server counts its changes with."""
    plain: dict[str, Any] = json.loads(content)
    plain["metadata"].pop("generation", None)
    return plain


@pytest.mark.parametrize("slug", SLUGS)
def test_a_municipality_furnishes_its_own_walls_and_nothing_else(standing: Standing, slug: str) -> None:
    """As its own account, whose rights end there. A second `up` finds nothing to do."""
    municipality = standing.municipality(slug)
    municipality.write()
    before, writes = settled(standing.laboratory.api), len(standing.laboratory.writes())
    municipality.deploy()
    after = settled(standing.laboratory.api)
    own = standing.laboratory.writes(municipality.account)
    assert len(own) >= 3
    assert {written(event)[0] for event in own} == {municipality.namespace}
    assert standing.laboratory.writes()[writes:] == []  # nobody else's rights were needed
    touched = {one for one in {*before, *after} if before.get(one) != after.get(one)}
    assert [one for one in touched if f"/{municipality.namespace}/" not in one] == []
    assert any("/secrets/key-" in one for one in touched)
    municipality.deploy("--expect-no-changes")
    again = settled(standing.laboratory.api)
    assert {one for one in {*again, *after} if again.get(one) != after.get(one)} == set()
    assert standing.laboratory.writes(municipality.account) == own


JUDGED = {
    "/api/v1/namespaces": "Namespace",
    "/apis/networking.k8s.io/v1/networkpolicies": "NetworkPolicy",
    "/apis/apps/v1/deployments": "Deployment",
    "/apis/apps/v1/statefulsets": "StatefulSet",
    "/apis/batch/v1/cronjobs": "CronJob",
    "/apis/serving.kserve.io/v1alpha2/llminferenceservices": "LLMInferenceService",
    "/apis/serving.kserve.io/v1beta1/inferenceservices": "InferenceService",
}
"""What decides who reaches whom, and whose pods there are."""


def test_the_walls_that_stand_are_those_that_are_meant(standing: Standing) -> None:
    """As the API server gives them back, with three municipalities inside, judged by Cyclonus (docs/walls.md)."""
    api = standing.laboratory.api
    objects = [{**one, "kind": kind} for path, kind in JUDGED.items() for one in api.items(path)]
    scene = peopled(standing.laboratory.environment, objects)
    assert {f"andel-m-{slug}/chat" for slug in ("aarhus", "ringkobing-skjern")} <= {one.name for one in scene.peers}
    found = {pair: ports for pair, ports in judge(scene).items() if guarded(*pair)}
    assert found == meant(scene)


def test_a_preview_needs_the_platform_and_says_so(standing: Standing, tmp_path: Path) -> None:
    municipality = MunicipalStack(standing.laboratory, tmp_path, "samso")
    text = (ROOT / "municipalities/Pulumi.dev-samso.yaml").read_text().replace("andel/dev", "andel/nowhere")
    municipality.write(text)
    ended = municipality.run("preview", "-s", municipality.stack, "--non-interactive", "--color=never")
    assert ended.returncode != 0
    assert "nowhere" in ended.stdout + ended.stderr


def test_destroying_a_municipality_leaves_its_walls_and_the_rest(standing: Standing) -> None:
    """Last in this file: what its stack made goes, what the platform built stays."""
    for slug in SLUGS:
        ended = standing.municipality(slug).pulumi("destroy", "--yes", "--skip-preview", "--non-interactive")
        assert ended.returncode == 0, ended.stdout + ended.stderr
    left = settled(standing.laboratory.api)
    assert left.keys() == standing.after.keys()
