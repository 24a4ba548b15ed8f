# SPDX-License-Identifier: MPL-2.0
"""The platform of dev with all that opens a wall, and three municipalities on it: who stands there, and every way that
the design means to be open. What is on no line of it is shut.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from andel.preview.graph import graph
from andel.release import release
from andel.release.admission import judged
from components.municipality import Municipality, MunicipalityArgs
from config.contract import contract
from config.environment import Environment
from config.judge import judge_municipality
from config.names import CHAT, GATEWAY, MEMBER, SERVING, SYSTEM
from config.stackfile import read
from tests.components.program import normalised, platform_graph
from tests.config.edits import edited
from tests.conftest import ROOT, stack_document

from .bystanders import bystanders
from .reach import EVERYTHING, Peer, Reach, Scene, scene

SLUGS = ("aarhus", "ringkobing-skjern", "samso")
"""Members with a stack of their own. Odense stands in the register and has none yet."""

PROXIES = "envoy-gateway-system"
PROMETHEUS = "monitoring/Prometheus"
DATABASE = Peer(role="database of Aarhus", address="192.0.2.10")
OPENED: dict[str, Any] = {
    "municipalities.aarhus.egress": [{"cidr": "192.0.2.10/32", "port": 5432}],
    "monitoring.prometheus": "http://prometheus.monitoring.svc:9090",
    "monitoring.members": {},
    "overflow": {
        "cloud": {
            "kind": "openai",
            "host": "cloud.example",
            "secretName": "cloud-key",
            "processor": "Cloud A/S",
            "region": "EU",
            "municipalities": ["aarhus"],
            "dataClasses": ["public"],
        }
    },
    "models.mistral-small.overflow": {"backend": "cloud", "model": "mistral-small-2506"},
}
"""What else the environment says: a way out of each kind, and figures for members."""

WALLED = (SYSTEM, GATEWAY, SERVING, f"{MEMBER}*")
"""Namespaces that the platform denies by default."""

INNER = f"{PROXIES}/inner"
EDGE = f"{PROXIES}/edge"
CHATS = f"{PROXIES}/chats"
HTTPS = "TCP 443, TCP 10443"
ANYBODY = "*"
"""Whoever lets them: another wall may still be in the way."""

WAYS: tuple[tuple[str, str, str], ...] = (
    (f"{MEMBER}*/*", "kube-system/DNS", "TCP 53, UDP 53"),
    (f"{MEMBER}*/*", EDGE, HTTPS),
    (f"{MEMBER}aarhus/*", DATABASE.name, "TCP 5432"),
    (CHATS, f"{MEMBER}*/{CHAT}", "TCP 8080"),
    # A pod that takes the chat's label is a chat: of its own municipality.
    (CHATS, f"{MEMBER}aarhus/pretender", "TCP 8080"),
    *((f"{MEMBER}{slug}/*", f"{MEMBER}{slug}/*", "all") for slug in (*SLUGS, "odense")),
    (f"{SYSTEM}/*", "kube-system/DNS", "TCP 53, UDP 53"),
    (f"{GATEWAY}/*", "kube-system/DNS", "TCP 53, UDP 53"),
    (f"{GATEWAY}/*", f"{GATEWAY}/*", "TCP 6379, TCP 8443"),
    (EDGE, f"{GATEWAY}/authorino", "TCP 50051"),
    (EDGE, f"{GATEWAY}/exit", "TCP 8443"),
    (EDGE, f"{GATEWAY}/figures", "TCP 8443"),
    (f"{PROXIES}/limiter", f"{GATEWAY}/limits-store", "TCP 6379"),
    (PROMETHEUS, f"{GATEWAY}/authorino", "TCP 8080"),
    (f"{GATEWAY}/authorino", ANYBODY, "TCP 443, TCP 6443"),
    (f"{GATEWAY}/exit", ANYBODY, "TCP 443"),
    (f"{GATEWAY}/figures", ANYBODY, "TCP 9090"),
    (f"{SERVING}/*", "kube-system/DNS", "TCP 53, UDP 53"),
    (f"{SERVING}/*", f"{SERVING}/*", "all"),
    (f"{SERVING}/*", ANYBODY, "TCP 443, TCP 6443"),
    (INNER, f"{SERVING}/*", "TCP 8000, TCP 8080, TCP 9002"),
    (PROMETHEUS, f"{SERVING}/*", "TCP 8000-8001, TCP 8080, TCP 9090"),
    (EDGE, INNER, HTTPS),
    (PROMETHEUS, INNER, "TCP 19001"),
)
"""From, to and ports of everything that passes a wall, by patterns of names."""


def town() -> tuple[Environment, list[dict[str, Any]]]:
    """The environment, and the manifests of the platform and of three municipalities."""
    environment = judged(edited(stack_document("dev"), OPENED))
    objects = manifests(platform_graph(environment))
    return environment, [*objects, *(one for slug in SLUGS for one in furniture(environment, slug))]


def furniture(environment: Environment, slug: str) -> list[dict[str, Any]]:
    """What a municipality's own stack writes."""
    given = contract(environment)
    section = judge_municipality(read(ROOT / f"municipalities/Pulumi.dev-{slug}.yaml").municipality)

    def program() -> None:
        args = MunicipalityArgs(municipality=section, contract=given, release=release(given.release))
        Municipality("municipality", args)

    return manifests(graph(program, project="andel-municipality", stack_name="test"))


def manifests(registrations: Any) -> list[dict[str, Any]]:
    """Kubernetes objects of a graph, each with its kind."""
    objects = (one for one in registrations if one.object)
    return [{"kind": one.type.split(":")[-1], **normalised(one.inputs)} for one in objects]


@cache
def standing() -> Scene:
    """Everybody on the one cluster of dev."""
    return peopled(*town())


def peopled(environment: Environment, objects: list[dict[str, Any]]) -> Scene:
    """Manifests of a platform and of municipalities, and who else is there."""
    outside = (DATABASE,) if environment.municipalities["aarhus"].egress else ()
    return scene(objects, (*bystanders(environment, objects), *strangers(), *outside))


def strangers() -> Iterator[Peer]:
    """Pods that a municipality may start by its Deployments: one of no label, and one with everybody's."""
    for slug in (*SLUGS, "odense"):
        yield Peer(role="application", namespace=f"{MEMBER}{slug}", labels={"app": "application"})
    yield Peer(role="pretender", namespace=f"{MEMBER}aarhus", labels=EVERYBODYS)


EVERYBODYS = {
    "app.kubernetes.io/name": CHAT,
    "app.kubernetes.io/managed-by": "envoy-gateway",
    "gateway.envoyproxy.io/owning-gateway-name": "inner",
    "gateway.envoyproxy.io/owning-gateway-namespace": GATEWAY,
    "andel/municipality": "odense",
    "kubernetes.io/metadata.name": PROXIES,
}
"""Labels by which policies let somebody in. A pod may carry any of them."""


@cache
def walled(name: str) -> bool:
    """Whether the platform decides who reaches a peer, and whom it reaches."""
    return any(fnmatchcase(name, f"{namespace}/*") for namespace in WALLED)


def meant(scene: Scene) -> Reach:
    """What the ways open, for every pair of which one stands behind a wall."""
    found: Reach = {}
    for one in scene.peers:
        for other in scene.peers:
            if not guarded(one.name, other.name):
                continue
            ports = {port for port in _ways(one.name, other.name) if port}
            if "all" in ports:
                found[one.name, other.name] = EVERYTHING
            elif ports:
                found[one.name, other.name] = frozenset(ports)
    return found


def let_out(name: str) -> frozenset[str]:
    """Ports on which a peer reaches whoever lets it: all of them, if no wall is its own."""
    if not walled(name):
        return EVERYTHING
    return frozenset(
        port for start, end, ports in WAYS if end == ANYBODY and fnmatchcase(name, start) for port in ports.split(", ")
    )


def guarded(one: str, other: str) -> bool:
    """Whether a wall of the platform stands between two."""
    return walled(one) or walled(other) or other == INNER


def _ways(one: str, other: str) -> Iterator[str]:
    for start, end, ports in WAYS:
        open_to = not (walled(other) or other == INNER) if end == ANYBODY else fnmatchcase(other, end)
        if open_to and fnmatchcase(one, start):
            yield from ports.split(", ")
