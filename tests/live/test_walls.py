# SPDX-License-Identifier: MPL-2.0
"""The walls as Cyclonus judges them, connection by connection: platform and three municipalities, all pairs, all ports.

No cluster is needed: a network that enforces policies decides by the same policies and labels. What the engine writes
on an API server is judged in `tests/engine/test_municipalities.py`, by the same table.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest

from andel.release.admission import judged
from components.namespace import deny_all
from config.names import GATEWAY, MEMBER, SERVING
from tests.components.program import platform_graph
from tests.config.edits import environment_of
from tests.conftest import ROOT
from tests.support.broken_walls import changed
from tests.support.bystanders import bystanders
from tests.support.reach import EVERYTHING, Peer, Reach, Scene, judge, scene
from tests.support.town import EDGE, INNER, PROXIES, WAYS, guarded, let_out, manifests, meant, standing, walled

from .wall_table import table

pytestmark = pytest.mark.live

DOCS = ROOT / "docs/walls.md"
HOSTILE = f"{MEMBER}aarhus"


@pytest.fixture(scope="module")
def found() -> Reach:
    """What is open."""
    return behind_walls(judge(standing()))


def behind_walls(reach: Reach) -> Reach:
    """What passes a wall of the platform."""
    return {pair: ports for pair, ports in reach.items() if guarded(*pair)}


def test_every_way_is_meant_and_every_meant_way_is_open(found: Reach) -> None:
    """The whole table: each pod with each other and with addresses outside, on every port."""
    assert found == meant(standing())


def test_every_line_of_the_table_opens_something(found: Reach) -> None:
    for start, end, ports in WAYS:
        alone = {pair for pair in found if pair in _of(start, end)}
        assert alone, (start, end, ports)


def _of(start: str, end: str) -> set[tuple[str, str]]:
    names = [one.name for one in standing().peers]
    return {(a, b) for a in names for b in names if fnmatchcase(a, start) and fnmatchcase(b, end)}


def home(name: str) -> str:
    """The namespace of a peer."""
    return name.partition("/")[0] if "/" in name else ""


def test_no_municipality_reaches_another_or_a_model(found: Reach) -> None:
    """What the table says, once more in plain words: a line of it that is wrong would make both wrong."""
    members = {pair: ports for pair, ports in found.items() if home(pair[0]).startswith(MEMBER)}
    abroad = {b for a, b in members if home(a) != home(b)}
    assert abroad == {"kube-system/DNS", EDGE, "database of Aarhus"}
    let_in = {a for a, b in found if home(b).startswith(MEMBER) and home(a) != home(b)}
    assert let_in == {f"{PROXIES}/chats"}
    assert {a for a, b in found if b == INNER} == {EDGE, "monitoring/Prometheus"}
    models = {a for a, b in found if home(b) == SERVING and home(a) != SERVING}
    assert models == {INNER, "monitoring/Prometheus"}


# What the design needs, hop by hop: a wall that is too tight breaks a platform as well as one that is too wide.
HOPS = (
    ("internet", EDGE, "TCP 10443"),
    (EDGE, f"{GATEWAY}/authorino", "TCP 50051"),
    (f"{GATEWAY}/authorino", f"{GATEWAY}/budget", "TCP 8443"),
    (f"{GATEWAY}/authorino", "API server", "TCP 6443"),
    (f"{GATEWAY}/authorino", "internet", "TCP 443"),
    (f"{GATEWAY}/budget", f"{GATEWAY}/limits-store", "TCP 6379"),
    (EDGE, f"{PROXIES}/limiter", "TCP 8081"),
    (f"{PROXIES}/limiter", f"{GATEWAY}/limits-store", "TCP 6379"),
    (EDGE, INNER, "TCP 10443"),
    (INNER, f"{PROXIES}/controller", "TCP 18000"),
    (INNER, f"{SERVING}/mistral-small-picker", "TCP 9002"),
    (INNER, f"{SERVING}/mistral-small", "TCP 8000"),
    (INNER, f"{SERVING}/e5-large", "TCP 8080"),
    (f"{SERVING}/mistral-small-picker", f"{SERVING}/mistral-small", "TCP 8000"),
    (f"{SERVING}/mistral-small-picker", "API server", "TCP 6443"),
    (f"{SERVING}/mistral-small", "internet", "TCP 443"),
    (EDGE, f"{GATEWAY}/exit", "TCP 8443"),
    (f"{GATEWAY}/exit", "internet", "TCP 443"),
    (EDGE, f"{GATEWAY}/figures", "TCP 8443"),
    (f"{GATEWAY}/figures", "monitoring/Prometheus", "TCP 9090"),
    (f"{PROXIES}/chats", f"{MEMBER}ringkobing-skjern/chat", "TCP 8080"),
    (f"{MEMBER}ringkobing-skjern/chat", EDGE, "TCP 10443"),
    (f"{MEMBER}ringkobing-skjern/chat", "kube-system/DNS", "UDP 53"),
    (f"{MEMBER}aarhus/chat", "database of Aarhus", "TCP 5432"),
    (f"{GATEWAY}/limits-carry-over", f"{GATEWAY}/limits-store", "TCP 6379"),
)


@pytest.fixture(scope="module")
def everywhere() -> Reach:
    """What is open, between pods of others too."""
    return judge(standing())


@pytest.mark.parametrize("hop", HOPS, ids=lambda hop: f"{hop[0]} to {hop[1]}")
def test_a_hop_that_the_design_needs_is_open(hop: tuple[str, str, str], everywhere: Reach) -> None:
    one, other, port = hop
    assert is_open(everywhere, one, other, port)


def is_open(reach: Reach, one: str, other: str, port: str) -> bool:
    """Whether a port is among what is open."""
    protocol, _, number = port.partition(" ")
    for ports in reach.get((one, other), ()):
        kind, _, numbers = ports.partition(" ")
        first, _, last = numbers.partition("-")
        if ports == "all" or (kind == protocol and int(first) <= int(number) <= int(last or first)):
            return True
    return False


HELD_FROM_THE_OTHER_SIDE = "andel-gateway/allow-same-namespace without_ports 1"
"""Egress to pods of its own namespace: the same policy's ingress says the same ports of the same pods."""


def test_no_policy_can_go_or_be_widened_unseen() -> None:
    """Each mutant of a wall makes the table another: a table that stays would hold nothing."""
    intended = meant(standing())
    mutants = dict(changed(standing(), HOSTILE))
    unseen = [name for name, scene in mutants.items() if behind_walls(judge(scene)) == intended]
    assert unseen == [HELD_FROM_THE_OTHER_SIDE]
    assert len(mutants) > 60


def test_the_default_denies_both_ways_by_itself() -> None:
    """Other policies of a namespace deny too, as far as they select its pods; this one is there when they are not."""
    whole = standing()
    denials = tuple(one for one in whole.policies if one["spec"] == deny_all())
    alone = judge(replace(whole, policies=denials))
    assert {pair for pair in alone if walled(pair[0]) or walled(pair[1])} == set()
    assert len(denials) == len({place for place in whole.namespaces if walled(f"{place}/pod")})
    for one in denials:
        rest = tuple(other for other in denials if other is not one)
        opened = judge(replace(whole, policies=rest))
        place = one["metadata"]["namespace"]
        assert {home(name) for pair in opened for name in pair if walled(name)} == {place}


EVERYONE: list[dict[str, Any]] = [{}]
WHOLE_INTERNET = {"ipBlock": {"cidr": "0.0.0.0/0"}}
HOSTILE_POLICIES: dict[str, dict[str, Any]] = {
    "all traffic in": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": EVERYONE},
    "all traffic out": {"podSelector": {}, "policyTypes": ["Egress"], "egress": EVERYONE},
    "every address out": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [WHOLE_INTERNET]}]},
    "every address in": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [WHOLE_INTERNET]}]},
    "a neighbour by its namespace": {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"andel/municipality": "odense"}}}]}],
        "egress": [{"to": [{"namespaceSelector": {"matchLabels": {"andel/municipality": "odense"}}}]}],
    },
    "every namespace out": {
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"namespaceSelector": {}}]}],
    },
}
"""What a municipality might write, if its account could write policies (`tests/engine/test_escapes.py`: it can't)."""

IN, OUT = {"all traffic in", "every address in"}, {"all traffic out", "every address out"}


@pytest.mark.parametrize("name", HOSTILE_POLICIES)
def test_a_hostile_municipality_opens_no_wall_but_its_own(name: str, found: Reach) -> None:
    """It opens its own namespace to whoever may go out, and reaches who is behind no wall. Members, models, the inner
    gateway and the platform's namespaces stay shut.
    """
    policy = {"metadata": {"name": "hostile", "namespace": HOSTILE}, "spec": HOSTILE_POLICIES[name]}
    whole = standing()
    after = behind_walls(judge(replace(whole, policies=(*whole.policies, policy))))
    assert {pair for pair in found if pair not in after} == set()
    opened = {pair: ports for pair, ports in after.items() if ports != found.get(pair)}
    assert opened == dict(expected(name))


def expected(name: str) -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
    """What such a policy opens."""
    for mine in (one.name for one in standing().peers if one.namespace == HOSTILE):
        for one in standing().peers:
            # Egress of a neighbour still holds, and of who stands in the platform's namespaces.
            if name in IN and not one.namespace.startswith(MEMBER) and (ports := let_out(one.name)):
                yield (one.name, mine), ports
            # Ingress of everybody's still holds; addresses outside are no namespace's.
            outside = name in OUT or (name == "every namespace out" and one.namespace)
            if outside and not walled(one.name) and one.name != INNER:
                yield (mine, one.name), EVERYTHING


ENVIRONMENTS = (
    "dev",
    "everything",
    "gateway",
    "huggingface",
    "kserve",
    "kubeai",
    "live",
    "llm-d",
    "modelmesh",
    "pools",
)


@cache
def platform(name: str) -> tuple[list[dict[str, Any]], Scene, str]:
    """Manifests of an environment's platform on its GPU cluster, who is there, and where proxies stand."""
    file = "Pulumi.dev.yaml" if name == "dev" else f"tests/environments/Pulumi.{name}.yaml"
    environment = judged(environment_of(file))
    objects = manifests(one for one in platform_graph(environment) if "::gpu::" in one.provider)
    assert environment.gateway
    others = [*bystanders(environment, objects), *watched(objects)]
    return objects, scene(objects, others), environment.gateway.proxy_namespace


def watched(objects: list[dict[str, Any]]) -> Iterator[Peer]:
    """Pods that monitors select on a port that they number: those of models, which others make."""
    for one in objects:
        for number, endpoint in enumerate(one["spec"]["podMetricsEndpoints"] if one["kind"] == "PodMonitor" else ()):
            if "portNumber" in endpoint:
                place = one["metadata"]
                labels = one["spec"]["selector"]["matchLabels"]
                yield Peer(role=f"watched-{place['name']}-{number}", namespace=place["namespace"], labels=labels)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_prometheus_reaches_what_monitors_name(name: str) -> None:
    objects, all_there, _ = platform(name)
    reach = judge(all_there)
    (prometheus,) = [one.name for one in all_there.peers if one.role == "Prometheus"]
    for monitor in [one for one in objects if one["kind"] == "PodMonitor"]:
        selected = monitor["spec"]["selector"]["matchLabels"]
        own = [monitor["metadata"]["namespace"]]
        places = monitor["spec"].get("namespaceSelector", {}).get("matchNames", own)
        pods = [one for one in all_there.peers if one.namespace in places and selected.items() <= one.labels.items()]
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            ports = {(pod.name, endpoint.get("portNumber") or pod.ports.get(endpoint["port"])) for pod in pods}
            found = {(pod, port) for pod, port in ports if port is not None}
            assert found, monitor["metadata"]["name"]
            shut = [(pod, port) for pod, port in found if not is_open(reach, prometheus, pod, f"TCP {port}")]
            assert shut == [], monitor["metadata"]["name"]


PORTS = {"InferenceService": 8080, "Model": 8000}
"""Ports of pods behind Services that others make."""


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_inner_gateway_reaches_every_model(name: str) -> None:
    """By its route: a pool's pods and picker, or the pods behind a Service."""
    objects, all_there, place = platform(name)
    reach, behind = judge(all_there), set()
    for one in objects:
        named = f"{SERVING}/{one['metadata']['name']}"
        if one["kind"] == "LLMInferenceService":
            behind |= {(named, 8000), (f"{named}-picker", 9002)}
        elif one["kind"] in PORTS:
            behind.add((named, PORTS[one["kind"]]))
        elif one["kind"] == "Deployment" and one["metadata"]["name"] == "modelmesh-front":
            behind.add((named, 8080))
    assert behind
    shut = [(pod, port) for pod, port in sorted(behind) if not is_open(reach, f"{place}/inner", pod, f"TCP {port}")]
    assert shut == []


def test_the_api_server_calls_nothing_behind_the_walls() -> None:
    """Webhooks would need a way in, which no policy gives by an address that nobody knows."""
    for name in ENVIRONMENTS:
        objects, _, _ = platform(name)
        assert [one for one in objects if one["kind"].endswith("WebhookConfiguration")] == []


def test_the_docs_show_this_table(found: Reach) -> None:
    """`UPDATE_WALLS=1 pytest tests/live/test_walls.py` writes it."""
    before, mark, after = DOCS.read_text(encoding="utf-8").partition("<!-- judged -->\n")
    end = "<!-- end -->\n"
    text = f"{before}{mark}{table(judge(standing()))}{end}{after.partition(end)[2]}"
    if os.environ.get("UPDATE_WALLS"):
        DOCS.write_text(text, encoding="utf-8")
    assert DOCS.read_text(encoding="utf-8") == text
