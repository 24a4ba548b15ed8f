# SPDX-License-Identifier: MPL-2.0
"""What the platform builds for a member: walls, rights that end there, and a realm."""

import json
from collections import Counter
from typing import Any

from andel.preview.graph import Registration
from andel.release.admission import judged
from components.member_admission import policy_spec
from components.municipality_walls import FURNITURE, REPLICA_SETS, RIGHTS, WRITE
from tests.config.edits import edited
from tests.conftest import stack_document

from .program import platform_graph
from .test_municipality import TWO_CLUSTERS, document, of, variables


def test_the_account_can_open_no_wall() -> None:
    """Nothing cluster-wide, nothing that lets traffic, rights or room in; and nothing is a wildcard."""
    written = {name for _, names, verbs in RIGHTS if verbs == WRITE for name in names}
    assert not written & {"networkpolicies", "resourcequotas", "limitranges", "httproutes", "serviceaccounts", "pods"}
    assert not written & {"namespaces", "pods/exec", "ingresses", "authconfigs", "securitypolicies", "referencegrants"}
    every = {part for group, names, verbs in RIGHTS for part in (group, *names, *verbs)}
    assert not {part for part in every if "*" in part}
    assert not every & {"escalate", "bind", "impersonate", "deletecollection", "serviceaccounts/token"}


def walls(slug: str, environment: dict[str, Any]) -> list[Registration]:
    """What the platform builds for a member."""
    return [one for one in platform_graph(judged(environment)) if f"member-{slug}" in one.name and one.object]


def test_walls_are_the_same_for_all_but_for_their_name() -> None:
    def plain(slug: str) -> str:
        return json.dumps([one.inputs for one in walls(slug, stack_document("dev"))]).replace(slug, "SLUG")

    assert plain("samso") == plain("odense")
    assert len(walls("samso", stack_document("dev"))) >= 10


def quota(environment: dict[str, Any]) -> dict[str, str]:
    """The quota of a member."""
    (one,) = [one for one in walls("samso", environment) if one.type.endswith(":ResourceQuota")]
    hard: dict[str, str] = one.inputs["spec"]["hard"]
    return hard


def test_every_kind_that_the_account_writes_is_counted() -> None:
    """What isn't counted has no end: one account would take all addresses of Services, or fill etcd for everybody."""
    counted = quota(stack_document("dev"))
    for group, names, verbs in RIGHTS:
        for name in names if verbs == WRITE else ():
            assert int(counted[f"count/{name}{f'.{group}' if group else ''}"]) < 10_000
    assert int(counted["count/replicasets.apps"]) >= REPLICA_SETS * int(counted["count/deployments.apps"])


def test_the_room_is_a_setting() -> None:
    small = quota(edited(stack_document("dev"), {"walls": {"secrets": 30, "objects": 20, "furniture": 4}}))
    assert {small[f"count/{kind}"] for kind in FURNITURE} == {"4"}
    assert (small["count/secrets"], small["count/configmaps"]) == ("30", "20")
    assert small["count/roles.rbac.authorization.k8s.io"] == "5"  # the account's own stands beside them


def test_the_largest_stack_has_room() -> None:
    """A hundred applications, each with all the earlier keys that may still be valid, a chat, boards and staff."""
    retired = [{"generation": number, "until": "2027-01-31T12:00:00Z"} for number in (1, 2, 3)]
    keys = {"generation": 4, "retire": retired}
    groups = {"viewers": ["oidc:a"], "operators": ["oidc:b"]}
    full = edited(document("aarhus"), {"applications": {}, "dashboards": True, "staff": groups})
    made, with_one = kinds(full), kinds(edited(full, {"applications": {"a": keys}}))
    applications = 100 * (with_one["secrets"] - made["secrets"])
    assert applications == 800
    room = {kind.removeprefix("count/").split(".")[0]: int(most) for kind, most in counts().items()}
    # The municipality puts Secrets there too, and a key that is told otherwise is made before the old one goes.
    assert made["secrets"] + applications + 100 <= room["secrets"]
    assert {kind for kind, number in made.items() if number * 2 > room[kind]} == set()


def kinds(section: dict[str, Any]) -> Counter[str]:
    """How many objects of each kind a stack makes."""
    return Counter(one.type.rpartition(":")[2].lower() + "s" for one in of(section))


def counts() -> dict[str, str]:
    """How many objects of each kind a member may have."""
    return {kind: most for kind, most in quota(stack_document("dev")).items() if kind.startswith("count/")}


def test_admission_keeps_every_wall() -> None:
    """Whatever the platform puts into a member's namespace is looked at, also when it is to go."""
    kept = {
        (group, kind)
        for rule in policy_spec()["matchConstraints"]["resourceRules"]
        for group in rule["apiGroups"]
        for kind in rule["resources"]
        if "DELETE" in rule["operations"]
    }
    plurals = {"NetworkPolicy": "networkpolicies"}
    for one in walls("samso", stack_document("dev")):
        kind, version = one.inputs["kind"], one.inputs["apiVersion"]
        if kind != "Namespace":
            group = version.partition("/")[0] if "/" in version else ""
            assert (group, plurals.get(kind, kind.lower() + "s")) in kept, kind


def test_walls_let_names_api_chat_and_named_places_through_and_nothing_else() -> None:
    places = [{"cidr": "192.0.2.10/32", "port": 5432}]
    built = walls("samso", edited(stack_document("dev"), {"municipalities.samso.egress": places}))
    policies = {
        one.inputs["metadata"]["name"]: one.inputs["spec"] for one in built if one.type.endswith("NetworkPolicy")
    }
    assert set(policies) == {
        *("default-deny", "allow-dns", "allow-same-namespace", "allow-api", "allow-chat", "allow-egress")
    }
    outside = [rule for spec in policies.values() for rule in spec.get("egress", ())]
    assert all(rule.get("to") for rule in outside)  # a rule without `to` is one to everywhere
    blocks = [peer["ipBlock"]["cidr"] for rule in outside for peer in rule["to"] if "ipBlock" in peer]
    assert blocks == ["192.0.2.10/32"]


def test_a_chats_host_is_the_members_own_whatever_its_stack_says() -> None:
    (route,) = [one.inputs for one in walls("samso", stack_document("dev")) if one.inputs.get("kind") == "HTTPRoute"]
    assert route["spec"]["hostnames"] == ["samso.chat.dev.andel.example"]
    assert "namespace" not in route["spec"]["rules"][0]["backendRefs"][0]


def test_with_two_clusters_walls_stand_on_both() -> None:
    built = walls("samso", TWO_CLUSTERS)
    namespaces = [one.provider.split("::")[-2] for one in built if one.type.endswith(":Namespace")]
    assert sorted(namespaces) == ["application", "gpu"]
    (route,) = [one for one in built if one.inputs.get("kind") == "HTTPRoute"]
    assert "::application::" in route.provider


def test_a_realm_has_one_public_client_that_leads_to_its_own_chat() -> None:
    (made_of,) = [
        one.inputs
        for one in platform_graph(judged(stack_document("dev")))
        if one.inputs.get("kind") == "KeycloakRealmImport"
    ]
    assert made_of["metadata"]["namespace"] == "keycloak"
    written = made_of["spec"]["realm"]
    assert written["realm"] == "ringkobing-skjern"
    (client,) = written["clients"]
    assert client["publicClient"] is True
    assert client["attributes"]["pkce.code.challenge.method"] == "S256"
    assert client["redirectUris"] == ["https://ringkobing-skjern.chat.dev.andel.example/oauth/oidc/callback"]
    claims = [one["config"] for one in client["protocolMappers"]]
    assert {"municipality": "ringkobing-skjern"} in [{one.get("claim.name"): one.get("claim.value")} for one in claims]
    signed_on = variables(document("ringkobing-skjern"))
    assert signed_on["OAUTH_CLIENT_ID"] == client["clientId"]
    assert signed_on["OPENID_REDIRECT_URI"] in client["redirectUris"]
