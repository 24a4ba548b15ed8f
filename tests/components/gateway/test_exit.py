# SPDX-License-Identifier: MPL-2.0
"""The exit: who is on the other side, and what is no longer said there."""

from typing import Any

import pytest

from components.edge.headers import DIALECTS, SET_BY_THE_EDGE
from components.overflow import exit_host
from components.overflow_exit import OverflowExitArgs, envoy, nameless, template
from components.request_headers import DATA_CLASS, ENTRY
from config.environment import Environment
from config.judge import judge
from tests.config.edits import environment_of

ENVIRONMENT: Environment = judge(environment_of("tests/environments/Pulumi.routes.yaml"))
NAMES = ("own-centre", "sweden")


def args() -> OverflowExitArgs:
    assert ENVIRONMENT.gateway
    return OverflowExitArgs(backends=ENVIRONMENT.overflow, gateway=ENVIRONMENT.gateway, images={"envoy": "e"})


def taken_off(name: str, header: str) -> bool:
    mutations = nameless(ENVIRONMENT.overflow[name])["typed_config"]["mutations"]["request_mutations"]
    kinds: list[dict[str, str]] = [one["remove_on_match"]["key_matcher"] for one in mutations]
    return any(header == kind.get("exact") or header.startswith(kind.get("prefix", header + "?")) for kind in kinds)


@pytest.mark.parametrize("name", NAMES)
def test_what_leaves_says_nothing_of_who_asked(name: str) -> None:
    for header in (*SET_BY_THE_EDGE, *DIALECTS, DATA_CLASS, ENTRY, "x-forwarded-for", "x-request-id"):
        assert taken_off(name, header), header
    assert not taken_off(name, "content-type")


def test_a_back_ends_own_key_stays() -> None:
    assert not taken_off("own-centre", "authorization")
    assert taken_off("sweden", "authorization")
    assert not taken_off("sweden", "api-key")


@pytest.mark.parametrize(
    ("name", "trusted"),
    [("sweden", "/etc/ssl/certs/ca-certificates.crt"), ("own-centre", "/authorities/own-centre/ca.crt")],
)
def test_what_leaves_goes_over_tls_to_whom_the_certificate_names(name: str, trusted: str) -> None:
    host = ENVIRONMENT.overflow[name].host
    (cluster,) = (one for one in envoy(args())["static_resources"]["clusters"] if one["name"] == f"overflow-{name}")
    tls = cluster["transport_socket"]["typed_config"]
    assert tls["sni"] == host
    assert tls["common_tls_context"]["validation_context"] == {
        "trusted_ca": {"filename": trusted},
        "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": host}}],
    }


def test_each_name_has_its_own_way_and_no_other_name_has_one() -> None:
    chains = envoy(args())["static_resources"]["listeners"][0]["filter_chains"]
    ways = {chain["filter_chain_match"]["server_names"][0]: routed(chain) for chain in chains}
    assert ways == {exit_host(name): f"overflow-{name}" for name in NAMES}


def routed(chain: dict[str, Any]) -> str:
    (host,) = chain["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
    return str(host["routes"][0]["route"]["cluster"])


def test_new_settings_are_read_by_new_pods() -> None:
    assert "andel/settings" in template(args())["metadata"]["annotations"]
