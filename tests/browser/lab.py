# SPDX-License-Identifier: MPL-2.0
"""The gateway's lab with chats on it: a domain for them, a Keycloak, and the municipalities' own stacks.

It is the lab of the tier `node` (`tests/environments/Pulumi.live.yaml`) and what is said here on top.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.engine.municipal import MunicipalStack
from tests.node.gateway import PROXIES, GatewayLab
from tests.node.gateway_outside import NAMESPACE, certificate
from tests.support.waiting import until

from .keycloak import Served
from .postgres import Postgres

KEYCLOAK = f"keycloak.{NAMESPACE}.svc.cluster.local"
DOMAIN = "chat.live.example"
MODELS = {"aarhus": ("text", "letters"), "skive": ("text",)}
"""What people of each municipality choose from: the chat models of its plan, and an adapter is one."""

BANNER = "Skriv ingen CPR-numre (heller ikke dine egne)!"


def with_chats(text: str) -> str:
    """Settings of the gateway's lab, with chats, realms, and an adapter that only the larger plan has."""
    whole = yaml.safe_load(text)
    environment: dict[str, Any] = whole["config"]["andel:environment"]
    environment["chats"] = {"domain": DOMAIN, "tls": {"kind": "issuer", "name": "andel-internal"}}
    environment["keycloak"] = {"host": KEYCLOAK, "namespace": NAMESPACE}
    # What nobody chats with makes room on the node for the chats' own proxy.
    for name in ("ranking", "hearing"):
        del environment["models"][name]
        environment["tiers"]["large"]["models"].remove(name)
    environment["models"]["text"]["lora"] = {"adapters": {"letters": {"source": "hf://example/letters"}}}
    environment["tiers"]["large"]["models"].append("letters")
    for slug in MODELS:
        environment["municipalities"][slug]["realm"] = True
        issuer = {"url": issuer_of(slug), "audiences": ["andel"], "municipalities": [slug]}
        environment["gateway"]["identity"]["issuers"].append(issuer)
    return yaml.safe_dump(whole, allow_unicode=True, sort_keys=False)


def issuer_of(slug: str) -> str:
    """The issuer that a municipality's realm is."""
    return f"https://{KEYCLOAK}/realms/{slug}"


def keycloak_objects(address: str, port: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Keycloak's certificate, its Service, and the server of this machine behind it; by their addresses."""
    base = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"
    yield certificate(KEYCLOAK)
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "keycloak"}}
    yield (
        f"/api/v1/namespaces/{NAMESPACE}/services/keycloak",
        {**service, "spec": {"ports": [{"name": "https", "port": 443, "targetPort": port}]}},
    )
    yield (
        f"{base}/keycloak",
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "keycloak", "labels": {"kubernetes.io/service-name": "keycloak"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
        },
    )


def served(lab: GatewayLab, port: int) -> Served:
    """Let Keycloak's name lead to a port of this machine, and have a certificate."""
    address = lab.network.machine
    for path, manifest in keycloak_objects(address, port):
        lab.api.apply(path, manifest)
    until(lambda: lab.api.get(f"/api/v1/namespaces/{NAMESPACE}/secrets/keycloak-tls"), 60)
    return Served(KEYCLOAK, f"{address}:{port}", lab.secret(NAMESPACE, "keycloak-tls"))


def realms(lab: GatewayLab) -> dict[str, dict[str, Any]]:
    """The realms that the platform's stack wrote, as the API server has them."""
    found = lab.api.items(f"/apis/k8s.keycloak.org/v2beta1/namespaces/{NAMESPACE}/keycloakrealmimports")
    # The operator would put values of Secrets in the place of placeholders: there must be none that nobody puts in.
    assert all("placeholders" not in one["spec"] and "${" not in yaml.safe_dump(one["spec"]) for one in found)
    return {one["spec"]["realm"]["realm"]: one["spec"]["realm"] for one in found}


def furnish(lab: GatewayLab, slug: str, folder: Path, database: Postgres) -> None:
    """What a municipality does: put its Secrets into its namespace, and bring its stack up as its own account."""
    database.make(slug)
    for name, content in (
        ("chat-database", {"uri": database.url(slug)}),
        ("chat-session", {"key": secrets.token_hex(32)}),
    ):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": content}
        lab.api.apply(f"/api/v1/namespaces/andel-m-{slug}/secrets/{name}", secret)
    stack = MunicipalStack(lab, folder, slug)
    stack.write(yaml.safe_dump({"config": {**OWN_PROVIDERS, "andel:municipality": section(slug)}}))
    stack.deploy()


OWN_PROVIDERS = {"pulumi:disable-default-providers": ["*"]}


def section(slug: str) -> dict[str, Any]:
    """A municipality's object. Skive names nobody who may change settings."""
    roles = {"userRoles": ["chat-user"], **({"adminRoles": ["chat-admin"]} if slug == "aarhus" else {})}
    sign_on = {"issuer": issuer_of(slug), "clientId": "chat", "domains": [f"{slug}.example"], **roles}
    return {
        "platform": "organization/andel/live",
        "slug": slug,
        "clusters": {"gpu": {"context": "live"}},
        "chat": {
            "title": f"{slug.capitalize()}Chat",
            "words": {"banners": [{"text": BANNER, "link": "https://intra.example/ai"}]},
            "retention": {"chats": 30},
            "signOn": {**sign_on, "name": f"{slug.capitalize()} Kommune"},
            "database": {"name": "chat-database", "key": "uri"},
            "sessionKey": {"name": "chat-session", "key": "key"},
        },
        "contacts": {"technical": f"it@{slug}.example", "dataProtection": f"dpo@{slug}.example"},
    }


def chats_address(lab: GatewayLab) -> str:
    """Address of the gateway that leads to the chats."""
    selector = "gateway.envoyproxy.io/owning-gateway-name=chats"
    (found,) = lab.api.items(f"/api/v1/namespaces/{PROXIES}/services?labelSelector={selector}")
    return str(found["spec"]["clusterIP"])
