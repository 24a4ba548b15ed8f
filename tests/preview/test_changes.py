# SPDX-License-Identifier: MPL-2.0
"""What becomes of a resource between two graphs, and what of that can't be done in place."""
# ruff: noqa: E501 (rows of tables)

from typing import Any

import pytest

from andel.preview.changes import Change, changes
from tests.config.edits import edited

from .graphs import GPU, graph, kubernetes, provider, resource


def one_change(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> Change:
    (change,) = changes(before, after)
    return change


def became(before: dict[str, Any], after: dict[str, Any]) -> str:
    return one_change(graph(before), graph(after)).action


def test_what_is_there_on_one_side_alone_is_created_or_deleted() -> None:
    service = kubernetes("v1", "Service", "a")
    assert [one.action for one in changes(graph(), graph(service))] == ["create"]
    assert [one.action for one in changes(graph(service), graph())] == ["delete"]
    assert changes(graph(service), graph(service)) == []


def test_components_are_what_they_hold() -> None:
    assert changes(graph(), graph(resource("andel:x:Y::y", {}, custom=False))) == []


def test_of_a_chart_the_inputs_are_compared_and_it_is_said_that_no_more_is_seen() -> None:
    charts = [resource("kubernetes:helm.sh/v4:Chart::c", {"version": v}, custom=False, remote=True) for v in ("1", "2")]
    change = one_change(graph(charts[0]), graph(charts[1]))
    assert change.action == "update"
    assert change.unseen


FIXED = [
    ("apps/v1", "Deployment", {"spec": {"selector": {"matchLabels": {"a": "b"}}, "replicas": 1}}, "spec.selector.matchLabels.a", "spec.replicas"),
    ("apps/v1", "StatefulSet", {"spec": {"serviceName": "a", "replicas": 1}}, "spec.serviceName", "spec.replicas"),
    ("v1", "PersistentVolumeClaim", {"spec": {"storageClassName": "a", "resources": {"r": "b"}}}, "spec.storageClassName", "spec.resources.r"),
    ("v1", "Service", {"spec": {"clusterIP": "None", "type": "a"}}, "spec.clusterIP", "spec.type"),
    ("v1", "Pod", {"spec": {"containers": [{"image": "a", "name": "c", "x": "y"}]}}, "spec.containers[0].image", "spec.containers[0].x"),
    ("v1", "ResourceQuota", {"spec": {"scopes": ["a"], "hard": {"pods": "1"}}}, "spec.scopes[0]", "spec.hard.pods"),
    ("v1", "ConfigMap", {"data": {"a": "b"}, "metadata": {"labels": {"c": "d"}}}, "data.a", None),
    ("v1", "Secret", {"type": "Opaque", "data": {"a": "b"}, "x": "y"}, "data.a", "x"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", {"roleRef": {"name": "a"}, "subjects": ["b"]}, "roleRef.name", "subjects[0]"),
    ("batch/v1", "Job", {"spec": {"template": {"a": "b"}, "suspend": "c"}}, "spec.template.a", "spec.suspend"),
    ("example.com/v1", "Whatever", {"spec": {"selector": "a"}}, "metadata.name", "spec.selector"),
]  # fmt: skip


@pytest.mark.parametrize(("version", "kind", "body", "fixed", "free"), FIXED, ids=[row[1] for row in FIXED])
def test_what_a_provider_can_t_change_in_place_is_replaced(
    version: str, kind: str, body: dict[str, Any], fixed: str, free: str | None
) -> None:
    """Each with a property beside it that can be."""
    body = {key: value for key, value in body.items() if key != "metadata"}
    before = kubernetes(version, kind, "a", body)
    place = before["urn"]
    replaced = edited(before, {f"inputs.{fixed}": "other"}) | {"urn": place}
    assert became(before, replaced) == "replace"
    if free:
        assert became(before, edited(before, {f"inputs.{free}": "other"})) == "update"
    assert became(before, edited(before, {"inputs.metadata.labels": {"new": "one"}})) == "update"


def test_a_config_map_is_changed_in_place_where_its_provider_may() -> None:
    maps = [kubernetes("v1", "ConfigMap", "a", {"data": {"a": value}}) for value in ("b", "c")]
    mutable = {GPU: provider(enableConfigMapMutable="true")}
    assert one_change(graph(maps[0]) | mutable, graph(maps[1]) | mutable).action == "update"
    fixed = [edited(one, {"inputs.immutable": True}) for one in maps]
    assert one_change(graph(fixed[0]) | mutable, graph(fixed[1]) | mutable).action == "replace"


def test_a_random_value_is_made_anew_whatever_changes() -> None:
    values = [resource("random:index/randomPassword:RandomPassword::k", {"length": one}) for one in (43, 44)]
    change = one_change(graph(values[0]), graph(values[1]))
    assert change.action == "replace"
    assert change.loss


def test_another_cluster_replaces_all_that_stands_on_it() -> None:
    service = kubernetes("v1", "Service", "a")
    moved = {GPU: provider(clusterIdentifier="two")}
    assert {one.action for one in changes(graph(service), graph(service) | moved)} == {"replace"}
    # Another address of the same cluster, as its identifier says, replaces nothing.
    renamed = {GPU: provider(context="two")}
    assert {one.action for one in changes(graph(service), graph(service) | renamed)} == {"update"}


def test_options_of_the_program_count() -> None:
    before = kubernetes("v1", "Service", "a", {"spec": {"type": "x"}})
    after = edited(before, {"inputs.spec.type": "y"})
    assert became(before, after | {"replaced_by": ["spec.type"]}) == "replace"
    assert became(before, after | {"replaced_by": ["*"]}) == "replace"
    assert became(before, after | {"replaced_by": ["spec.other"]}) == "update"
    assert changes(graph(before), graph(after | {"ignored": ["spec.type"]})) == []
    assert [one.action for one in changes(graph(before | {"kept": True}), graph())] == ["let go"]
    assert changes(graph(before | {"protected": True}), graph())[0].protected
    assert not changes(graph(before | {"protected": True}), graph(after | {"protected": True}))[0].protected


def test_a_resource_is_the_same_by_its_alias_and_by_that_of_its_component() -> None:
    before = kubernetes("v1", "Service", "a", place="andel:x:Old$kubernetes:core/v1:Service::a")
    after = kubernetes("v1", "Service", "a", place="andel:x:New$kubernetes:core/v1:Service::a")
    assert changes(graph(before), graph(after | {"aliases": [before["urn"]]})) == []
    components = [resource(f"andel:x:{name}::x", {}, custom=False) for name in ("Old", "New")]
    components[1]["aliases"] = [components[0]["urn"]]
    inside = [one | {"parent": above["urn"]} for one, above in zip((before, after), components, strict=True)]
    assert changes(graph(components[0], inside[0]), graph(components[1], inside[1])) == []


def test_a_component_that_takes_another_name_keeps_what_is_named_after_it() -> None:
    """As the engine has it: a name that begins with the component's begins with its former one."""
    above = [resource(f"andel:x:Y::{name}", {}, custom=False) for name in ("old", "new")]
    middle = [resource(f"andel:x:Y$andel:x:Z::{name}-z", {}, custom=False) for name in ("old", "new")]
    below = [
        kubernetes("v1", "Service", "a", place=f"andel:x:Y$andel:x:Z$kubernetes:core/v1:Service::{name}-z-a")
        for name in ("old", "new")
    ]
    for side in (0, 1):
        middle[side]["parent"], below[side]["parent"] = above[side]["urn"], middle[side]["urn"]
    above[1]["aliases"] = [above[0]["urn"]]
    assert changes(graph(above[0], middle[0], below[0]), graph(above[1], middle[1], below[1])) == []


def test_two_that_claim_to_have_been_one_are_no_crash() -> None:
    """The engine refuses them; the first was it, and the other one is new."""
    before = kubernetes("v1", "Service", "a")
    others = [kubernetes("v1", "Service", name, aliases=[before["urn"]]) for name in ("b", "c")]
    assert [one.action for one in changes(graph(before), graph(*others))] == ["replace", "create"]
    assert [one.action for one in changes(graph(before), graph(before, others[0]))] == ["create"]


def test_what_is_kept_stays_when_it_is_replaced_or_named_otherwise() -> None:
    before = kubernetes("v1", "PersistentVolumeClaim", "a", {"spec": {"volumeName": "x"}}, kept=True)
    change = one_change(graph(before), graph(edited(before, {"inputs.spec.volumeName": "y"})))
    assert (change.action, change.loss) == ("replace", "")
    assert "stays" in change.why
    renamed = edited(before, {"urn": before["urn"].replace("::a", "::b")})
    change = one_change(graph(before), graph(renamed))
    assert (change.action, change.loss) == ("update", "")


def test_what_is_replaced_goes_by_its_former_name_with_what_it_held() -> None:
    before = kubernetes("v1", "Secret", "a", metadata={"labels": {"andel/application-key": "journal"}})
    change = one_change(graph(before), graph(edited(before, {"inputs.metadata": {"name": "b", "namespace": "home"}})))
    assert change.name == "home/a"
    assert "journal" in change.loss


def test_protection_is_the_state_s_and_of_a_replacement_both_sides() -> None:
    """Source: pulumi, step_generator.go and step.go (`DeleteStep.Apply`): what is kept is refused too."""
    before = kubernetes("v1", "Service", "a", {"spec": {"clusterIP": "x"}}, protected=True)
    after = edited(before, {"inputs.spec.clusterIP": "y"})
    assert one_change(graph(before), graph(after)).protected
    assert not one_change(graph(before), graph(after | {"protected": False})).protected
    assert one_change(graph(before | {"kept": True}), graph()).protected
    other = edited(before, {"urn": before["urn"].replace("::a", "::b")}) | {"protected": False}
    assert one_change(graph(before), graph(other)).protected


def test_what_holds_an_ignored_property_is_not_ignored_with_it() -> None:
    before = kubernetes("v1", "Limit", "a")
    after = kubernetes("v1", "Limit", "a", {"spec": {"type": "x", "other": "y"}}, ignored=["spec.type"])
    assert became(before, after) == "update"


def test_yes_is_not_one() -> None:
    """To Python, `True == 1`."""
    before = kubernetes("v1", "Service", "a", {"spec": {"on": 1, "list": [{"on": 0}]}})
    after = edited(before, {"inputs.spec.on": True, "inputs.spec.list": [{"on": False}]})
    assert [one.path for one in one_change(graph(before), graph(after)).properties] == ["spec.list[0].on", "spec.on"]


def test_another_order_is_seen_beside_what_is_put_in() -> None:
    items = {name: {"name": name} for name in ("a", "b", "c.d")}
    before = kubernetes("apps/v1", "Deployment", "d", {"spec": {"env": [items["a"], items["b"]]}})
    after = edited(before, {"inputs.spec.env": [items["b"], items["a"], items["c.d"]]})
    paths = [one.path for one in one_change(graph(before), graph(after)).properties]
    assert paths == ['spec.env["c.d"]', "spec.env (order)"]


def test_an_object_that_the_program_names_otherwise_is_written_and_then_deleted() -> None:
    """The engine creates first; the API server knows one object, and that is deleted last."""
    before = kubernetes("v1", "PersistentVolumeClaim", "a")
    after = kubernetes("v1", "PersistentVolumeClaim", "a", place="kubernetes:core/v1:PersistentVolumeClaim::renamed")
    change = one_change(graph(before), graph(after))
    assert change.action == "replace"
    assert "alias" in change.why
    assert change.loss
    other = kubernetes("v1", "PersistentVolumeClaim", "b")
    assert [one.action for one in changes(graph(before), graph(other))] == ["delete", "create"]


def test_lists_go_by_the_names_of_their_items_and_keep_what_stays() -> None:
    named = [{"name": "a", "v": 1}, {"name": "b", "v": 2}]
    before = kubernetes("apps/v1", "Deployment", "d", {"spec": {"env": named, "rules": [{"x": 1}, {"x": 2}]}})
    after = edited(
        before,
        {"inputs.spec.env": [{"name": "c", "v": 3}, *named], "inputs.spec.rules": [{"x": 0}, {"x": 1}, {"x": 2}]},
    )
    found = one_change(graph(before), graph(after)).properties
    assert [(one.path, one.before) for one in found] == [("spec.env[c]", None), ("spec.rules[0]", None)]
    turned = edited(before, {"inputs.spec.env": named[::-1]})
    assert [one.path for one in one_change(graph(before), graph(turned)).properties] == ["spec.env (order)"]


LOSSES = [
    ("v1", "Namespace", {}, {}, True),
    ("v1", "PersistentVolumeClaim", {}, {}, True),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, {}, True),
    ("v1", "Secret", {}, {"labels": {"andel/application-key": "journal"}}, True),
    ("k8s.keycloak.org/v2beta1", "KeycloakRealmImport", {}, {}, True),
    ("apps/v1", "StatefulSet", {"spec": {"volumeClaimTemplates": [{}], "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}}, {}, True),
    ("apps/v1", "StatefulSet", {"spec": {"volumeClaimTemplates": [{}]}}, {}, False),
    ("apps/v1", "Deployment", {}, {}, False),
    ("v1", "ConfigMap", {}, {}, False),
]  # fmt: skip


@pytest.mark.parametrize(("version", "kind", "body", "metadata", "lost"), LOSSES)
def test_data_that_goes_is_called_out(
    version: str, kind: str, body: dict[str, Any], metadata: dict[str, Any], lost: bool
) -> None:
    there = kubernetes(version, kind, "a", body, metadata=metadata)
    assert bool(one_change(graph(there), graph()).loss) is lost
    assert not one_change(graph(), graph(there)).loss


def test_a_realm_that_changes_has_to_be_changed_by_hand() -> None:
    realms = [kubernetes("k8s.keycloak.org/v2beta1", "KeycloakRealmImport", "r", {"spec": {"x": x}}) for x in (1, 2)]
    assert "Keycloak" in one_change(graph(realms[0]), graph(realms[1])).loss
