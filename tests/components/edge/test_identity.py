# SPDX-License-Identifier: MPL-2.0
"""Who calls, and what is said of them inside."""

import json
import re
from typing import Any

import pytest

from andel.release.epp import GIE_1_5, ROUTER_0_9
from components.edge.auth_config import spec, tier_of, while_member
from components.edge.authorino import OURS, AuthorinoArgs, arguments, rights, template
from components.edge.client_traffic import ClientTrafficArgs, removed
from components.edge.client_traffic import spec as client_traffic
from components.edge.headers import MODEL, SET_BY_THE_EDGE, SPOOFABLE, identity_headers
from components.edge.identity import backend, security_policy, trust
from components.edge.key_annotations import LIST
from components.request_headers import DATA_CLASS
from config.identity import AuthorinoService
from config.municipalities import Member

from .arguments import IMAGES, auth_args, gateway, tier

ISSUER = {"url": "https://login.example.dk/realms/a", "audiences": ["andel", "chat"], "municipalities": ["odense"]}


def test_a_key_belongs_to_the_municipality_in_whose_namespace_it_lies() -> None:
    key = spec(auth_args())["authentication"]["key"]
    assert key["apiKey"] == {
        "selector": {"matchExpressions": [{"key": "andel/application-key", "operator": "Exists"}]},
        "allNamespaces": True,
    }
    assert "auth.identity.metadata.namespace.startsWith('andel-m-')" in key["overrides"]["municipality"]["expression"]


@pytest.mark.parametrize("way", ["key", "token-0"])
def test_each_way_in_says_who_calls_over_what_a_secret_or_token_says(way: str) -> None:
    """`defaults` would let a token that has a claim `tier` choose its own."""
    written = spec(auth_args(identity={"issuers": [ISSUER]}))["authentication"][way]
    assert set(written["overrides"]) == {"municipality", "tier", "application", "models", "overflow"}
    assert "defaults" not in written


def test_an_issuer_speaks_for_its_own_members_alone() -> None:
    written = spec(auth_args(identity={"issuers": [ISSUER]}))["authentication"]["token-0"]
    tiers = written["overrides"]["tier"]["expression"]
    assert '"odense": "basis"' in tiers
    assert "aarhus" not in tiers
    assert written["jwt"]["issuerUrl"] == ISSUER["url"]
    assert f'auth.identity.iss == "{ISSUER["url"]}"' in tiers
    assert 'one in ["andel", "chat"]' in tiers


def test_only_an_issuer_of_every_member_speaks_for_all() -> None:
    """One that names nobody is refused before (`issuers_for_nobody_knows_whom`), and would open nothing."""
    for given, members in (({"everyMember": True}, {"aarhus", "odense"}), ({"municipalities": []}, set())):
        issuer = {**ISSUER, "municipalities": [], **given}
        written = spec(auth_args(identity={"issuers": [issuer]}))["authentication"]["token-0"]
        tiers = written["overrides"]["tier"]["expression"]
        assert {name for name in ("aarhus", "odense") if f'"{name}"' in tiers} == members


def test_who_is_no_member_gets_403_and_who_is_unknown_401_in_openais_words() -> None:
    response = spec(auth_args())["response"]
    for name, status, code in (("unauthenticated", 401, "invalid_api_key"), ("unauthorized", 403, "not_a_member")):
        assert response[name]["code"] == status
        assert json.loads(response[name]["body"]["value"])["error"]["code"] == code
        assert response[name]["headers"]["content-type"] == {"value": "application/json"}


def test_every_header_of_identity_is_taken_from_callers_first() -> None:
    exact = {one["value"] for one in removed(0) if one["type"] == "Exact"}
    prefixes = tuple(one["value"] for one in removed(0) if one["type"] == "Prefix")
    for dialect in (GIE_1_5, ROUTER_0_9):
        for name in (*identity_headers(dialect), dialect.objective_header, *SPOOFABLE):
            assert name in exact or name.startswith(prefixes), name
    assert "x-andel-data-class" not in exact


def test_the_key_goes_no_further_than_the_edge() -> None:
    headers = spec(auth_args())["response"]["success"]["headers"]
    assert headers["authorization"] == {"plain": {"expression": "'withheld'"}}
    assert set(headers) == {*SET_BY_THE_EDGE, GIE_1_5.fairness_header, "authorization", DATA_CLASS, MODEL}


def test_a_keys_data_class_overrides_a_requests_and_a_key_without_one_leaves_it() -> None:
    header = spec(auth_args())["response"]["success"]["headers"][DATA_CLASS]
    annotation = "auth.identity.metadata.annotations['andel/data-class']"
    assert header["plain"] == {"expression": annotation}
    assert header["when"][0]["predicate"].endswith("'andel/data-class' in auth.identity.metadata.annotations")


def test_a_key_that_says_nothing_may_use_its_whole_plan_and_what_nobody_can_read_is_nothing() -> None:
    key = spec(auth_args())["authentication"]["key"]["overrides"]["models"]["expression"]
    there = "'annotations' in auth.identity.metadata && 'andel/models' in auth.identity.metadata.annotations"
    annotation = "auth.identity.metadata.annotations['andel/models']"
    assert key == f"{there} ? ({annotation}.matches('{LIST}') ? {annotation} : '-') : '*'"
    for good in ("text", "a,b", "mistral-small,e5-large"):
        assert re.search(LIST, good)
    for bad in ("", "*", "-", "a,", ",a", "a b", "a, b", "A", ".+", "a|b", "a\r\nx-andel-tier: large"):
        assert not re.search(LIST, bad), bad


def test_a_key_leaves_only_by_the_one_word_that_says_so() -> None:
    """Keys that were made before anybody could say it have no such annotation: they stay."""
    key = spec(auth_args())["authentication"]["key"]["overrides"]["overflow"]["expression"]
    there = "'annotations' in auth.identity.metadata && 'andel/overflow' in auth.identity.metadata.annotations"
    annotation = "auth.identity.metadata.annotations['andel/overflow']"
    assert key == f"{there} && {annotation} == 'allowed' ? 'allowed' : 'withheld'"


def test_of_tokens_the_environment_alone_decides_whatever_they_claim() -> None:
    token = spec(auth_args(identity={"issuers": [ISSUER]}))["authentication"]["token-0"]["overrides"]
    assert (token["models"], token["overflow"]) == ({"expression": '"*"'}, {"expression": '"allowed"'})


@pytest.mark.parametrize(("unknown", "written"), [("within", "true"), ("beyond", "false")])
def test_the_rank_of_a_soft_month_follows_what_it_has_left(unknown: str, written: str) -> None:
    args = auth_args(limits={"whenUnknown": unknown})
    band = spec(args)["response"]["success"]["headers"]["x-andel-band"]["plain"]["expression"]
    assert band.endswith('auth.identity.tier : "beyond-month"')
    assert '!(auth.identity.tier in ["plus"])' in band
    assert f": {written})) ?" in band


def test_a_request_whose_headers_can_not_all_be_made_is_refused() -> None:
    """Authorino leaves such a header out, and others with it: uncounted, and with what the caller wrote."""
    written = spec(auth_args())
    checked = [one["predicate"] for one in written["authorization"]["member"]["patternMatching"]["patterns"]]
    always = [one for one in written["response"]["success"]["headers"].values() if "when" not in one]
    assert len(always) >= 7
    for header in always:
        assert f"({header['plain']['expression']}) != ''" in checked


def test_the_rank_is_known_without_any_answer_too() -> None:
    """Authorino has no `auth.metadata` at all where every look-up failed."""
    band = spec(auth_args())["response"]["success"]["headers"]["x-andel-band"]["plain"]["expression"]
    assert "('metadata' in auth && 'budget' in auth.metadata &&" in band


def test_hard_months_ask_nobody() -> None:
    written = spec(auth_args({"basis": tier("hard")}))
    assert "metadata" not in written
    band = written["response"]["success"]["headers"]["x-andel-band"]["plain"]["expression"]
    assert band == "auth.identity.tier"


def test_the_look_up_costs_nothing_and_is_remembered_a_short_while() -> None:
    budget = spec(auth_args(limits={"budgetCacheSeconds": 7}))["metadata"]["budget"]
    assert "'hitsAddend': '0'" in budget["http"]["body"]["expression"]
    assert budget["http"]["url"] == "https://budget.example/json"
    assert budget["cache"]["ttl"] == 7
    assert "request.method == 'POST'" in budget["when"][0]["predicate"]


@pytest.mark.parametrize(
    ("service", "reference"),
    [
        (None, {"name": "authorino", "port": 50051}),
        (
            AuthorinoService(namespace="a", name="b", port=5, ca="c"),
            {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": "authorino", "port": 5},
        ),
    ],
)
def test_nobody_gets_in_while_nobody_can_be_asked(service: AuthorinoService | None, reference: dict[str, Any]) -> None:
    written = security_policy("edge", service)["extAuth"]
    assert written["grpc"]["backendRefs"] == [reference]
    assert (written["failOpen"], written["statusOnError"], written["recomputeRoute"]) == (False, 503, True)


def test_envoy_believes_authorino_by_its_certificate() -> None:
    existing = backend(AuthorinoService(namespace="a", name="b", port=5, ca="c"))
    assert existing["endpoints"] == [{"fqdn": {"hostname": "b.a.svc.cluster.local", "port": 5}}]
    assert existing["tls"]["caCertificateRefs"] == [{"group": "", "kind": "Secret", "name": "c"}]
    assert trust("authorino")["validation"]["hostname"] == "authorino.andel-gateway.svc.cluster.local"


def test_authorino_reads_our_auth_config_alone_and_writes_nothing_but_its_status() -> None:
    ((label, value),) = OURS.items()
    assert f"--auth-config-label-selector={label}={value}" in arguments()
    writes = [rule for rule in rights() if {"create", "update", "patch", "delete"} & set(rule["verbs"])]
    assert [rule["resources"] for rule in writes] == [["authconfigs/status"]]
    pod = template(AuthorinoArgs(namespace="n", replicas=2, images=IMAGES))["spec"]
    assert pod["serviceAccountName"] == "authorino"
    assert pod["securityContext"]["runAsNonRoot"] is True


def test_what_load_balancers_forward_is_read_only_where_they_are_trusted() -> None:
    direct = client_traffic(ClientTrafficArgs(name="edge", gateway=gateway()))
    behind = client_traffic(ClientTrafficArgs(name="edge", gateway=gateway(trustedHops=2)))
    forwarded = {"type": "Exact", "value": "x-forwarded-for"}
    assert forwarded in direct["headers"]["earlyRequestHeaders"]["removeOnMatch"]
    assert "clientIPDetection" not in direct
    assert forwarded not in behind["headers"]["earlyRequestHeaders"]["removeOnMatch"]
    assert behind["clientIPDetection"] == {"xForwardedFor": {"numTrustedHops": 2}}


def test_lists_of_the_custom_resource_are_not_too_long() -> None:
    """Source: Envoy Gateway v1.8.3, CRD of ClientTrafficPolicy (`removeOnMatch`, at most 64)."""
    assert len(removed(0)) <= 64


def test_a_membership_begins_and_ends_at_midnight_where_the_members_live() -> None:
    """Nothing runs between two ups: the edge itself knows the day, in winter time and in summer time."""
    here = Member(name="Odense", tier="basis", joins="2026-03-01", leaves="2026-10-01")
    assert while_member(here, "Europe/Copenhagen") == (
        "(timestamp(int(request.time.seconds)) >= timestamp('2026-02-28T23:00:00Z')"
        " && timestamp(int(request.time.seconds)) < timestamp('2026-09-30T22:00:00Z') ? \"basis\" : '')"
    )
    assert while_member(Member(name="Odense", tier="basis"), "Europe/Copenhagen") == '"basis"'
    assert while_member(here, "UTC") in tier_of("'odense'", {"odense": here}, "UTC")
