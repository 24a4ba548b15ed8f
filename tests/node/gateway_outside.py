# SPDX-License-Identifier: MPL-2.0
"""What stands outside the platform, as pods of the lab's node: a cloud with OpenAI's API, and issuers of tokens.

A collector of records has its name and its certificate here; it is a test that listens (`collector.py`). All have
certificates of the platform's own authority: to its members nobody else's is known on a lab.
"""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from config.names import GATEWAY

from .node_objects import RESTRICTED

NAMESPACE = "outside"
CLOUD = f"cloud.{NAMESPACE}.svc.cluster.local"
CLOUD_KEY = "key-of-the-cloud"
LOGIN = f"login.{NAMESPACE}.svc.cluster.local"
OTHER_LOGIN = f"other-login.{NAMESPACE}.svc.cluster.local"
MODEL_IMAGE = "docker.io/vllm/vllm-openai:v0.33.0"
PROXY_IMAGE = "docker.io/envoyproxy/envoy:distroless-v1.38.3"
CERTIFICATE = {"name": "certificate", "mountPath": "/certificate", "readOnly": True}
COLLECTOR = f"collector.{NAMESPACE}.svc.cluster.local"
TLS = 8443

Objects = Iterator[tuple[str, dict[str, Any]]]
SIGNING = "signing"
"""Secret with the issuers' private keys, as PEM by host: a lab may outlast the run of tests that made it."""


def fresh_keys() -> dict[str, str]:
    """A private key for each issuer, as PEM by its host."""
    made = {host: rsa.generate_private_key(public_exponent=65537, key_size=2048) for host in (LOGIN, OTHER_LOGIN)}
    return {
        host: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        for host, key in made.items()
    }


def token(keys: Mapping[str, str], issuer: str, signed_by: str, algorithm: str, **claims: Any) -> str:
    """A token that is good for an hour.

    Args:
        keys: the issuers' private keys.
        issuer: host of who says it.
        signed_by: host of who really signs it; its key's name is the issuer's all the same.
        algorithm: `none` leaves it unsigned.
        claims: more of them, or others; None leaves one out.
    """
    now = int(time.time())
    said = {"iss": f"https://{issuer}", "aud": "andel", "sub": "someone", "iat": now, "exp": now + 3600, **claims}
    said = {name: value for name, value in said.items() if value is not None}
    key: Any = None if algorithm == "none" else keys[signed_by]
    return jwt.encode(said, key, algorithm=algorithm, headers={"kid": issuer})


def outside(authority: str, keys: Mapping[str, str]) -> Objects:
    """All of it, as objects by address.

    Args:
        authority: certificate of the platform's authority, as PEM.
        keys: the issuers' private keys, as PEM by host.
    """
    yield f"/api/v1/namespaces/{NAMESPACE}", _object("v1", "Namespace", NAMESPACE)
    signing = {**_object("v1", "Secret", SIGNING), "stringData": dict(keys)}
    yield f"/api/v1/namespaces/{NAMESPACE}/secrets/{SIGNING}", signing
    yield from _cloud(authority)
    yield from _collector(authority)
    for host in (LOGIN, OTHER_LOGIN):
        yield from _issuer(host, keys[host])


def _cloud(authority: str) -> Objects:
    """A simulator that calls itself by a cloud's model, and what the platform's operations bring to reach it."""
    arguments = [f"--port={TLS}", "--served-model-name=gpt-4o-mini", "--ssl-certfile=/certificate/tls.crt"]
    container = {
        "image": MODEL_IMAGE,
        "command": ["vllm", "serve", "gpt"],
        "args": [*arguments, "--ssl-keyfile=/certificate/tls.key"],
        "readinessProbe": {"httpGet": {"path": "/health", "port": TLS, "scheme": "HTTPS"}, "periodSeconds": 1},
    }
    yield from _served(CLOUD, container)
    named = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cloud-ca"}, "data": {"ca.crt": authority}}
    yield f"/api/v1/namespaces/{GATEWAY}/configmaps/cloud-ca", named
    secret = {**_object("v1", "Secret", "cloud-key"), "stringData": {"apiKey": CLOUD_KEY}}
    yield f"/api/v1/namespaces/{GATEWAY}/secrets/cloud-key", secret


def _collector(authority: str) -> Objects:
    """The name of a collector, its certificate, and the authority that the gateways know it by."""
    known = {**_object("v1", "Secret", "collector-ca"), "stringData": {"ca.crt": authority}}
    yield f"/api/v1/namespaces/{GATEWAY}/secrets/collector-ca", known
    yield certificate(COLLECTOR)
    service = {**_object("v1", "Service", "collector"), "spec": {"ports": [{"name": "otlp", "port": 4317}]}}
    yield f"/api/v1/namespaces/{NAMESPACE}/services/collector", service


def _issuer(host: str, key: str) -> Objects:
    """An Envoy that says who an issuer is and what its key is (OpenID Connect discovery 1.0), and nothing else."""
    name = host.split(".")[0]
    private = load_pem_private_key(key.encode(), password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    public = jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    pages = {
        "/.well-known/openid-configuration": {"issuer": f"https://{host}", "jwks_uri": f"https://{host}/keys"},
        "/keys": {"keys": [{**public, "kid": host, "use": "sig", "alg": "RS256"}]},
    }
    data = {"envoy.json": json.dumps(_proxy(pages))}
    settings = {**_object("v1", "ConfigMap", name), "data": data}
    yield f"/api/v1/namespaces/{NAMESPACE}/configmaps/{name}", settings
    container = {
        "image": PROXY_IMAGE,
        "command": ["envoy"],
        "args": ["-c", "/settings/envoy.json", "--concurrency", "1"],
        "readinessProbe": {"tcpSocket": {"port": TLS}, "periodSeconds": 1},
        "volumeMounts": [{"name": "settings", "mountPath": "/settings"}],
    }
    yield from _served(host, container, {"name": "settings", "configMap": {"name": name}})


def _proxy(pages: dict[str, Any]) -> dict[str, Any]:
    """Settings of Envoy (v3) that answer paths with JSON over TLS."""
    api = "type.googleapis.com/envoy.extensions"
    routes = [
        {
            "match": {"path": path},
            "direct_response": {"status": 200, "body": {"inline_string": json.dumps(page)}},
            "response_headers_to_add": [{"header": {"key": "content-type", "value": "application/json"}}],
        }
        for path, page in pages.items()
    ]
    router = {"name": "router", "typed_config": {"@type": f"{api}.filters.http.router.v3.Router"}}
    manager = {
        "@type": f"{api}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "pages",
        "http_filters": [router],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
    }
    files = {
        "certificate_chain": {"filename": "/certificate/tls.crt"},
        "private_key": {"filename": "/certificate/tls.key"},
    }
    tls = {
        "@type": f"{api}.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {"tls_certificates": [files]},
    }
    listener = {
        "address": {"socket_address": {"address": "::", "ipv4_compat": True, "port_value": TLS}},
        "filter_chains": [
            {
                "filters": [{"name": "http", "typed_config": manager}],
                "transport_socket": {"name": "tls", "typed_config": tls},
            }
        ],
    }
    return {"static_resources": {"listeners": [listener]}}


def _served(host: str, container: dict[str, Any], *volumes: dict[str, Any]) -> Objects:
    """A Deployment behind a Service with a host's certificate."""
    name, labels = host.split(".")[0], {"app": host.split(".")[0]}
    main = {
        "name": "main",
        **container,
        "volumeMounts": [CERTIFICATE, *container.get("volumeMounts", [])],
        "resources": {"limits": {"memory": "200Mi"}, "requests": {"cpu": "10m"}},
        "securityContext": {**RESTRICTED, "runAsUser": 65532},
    }
    held = [{"name": "certificate", "secret": {"secretName": f"{name}-tls"}}, *volumes]
    pod = {"containers": [main], "volumes": held, "securityContext": {"fsGroup": 65532}}
    yield certificate(host)
    kinds = {
        ("apps/v1", "Deployment", "deployments"): {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
        ("v1", "Service", "services"): {"selector": labels, "ports": [{"port": 443, "targetPort": TLS}]},
    }
    for (version, kind, plural), spec in kinds.items():
        base = f"/api/{version}" if version == "v1" else f"/apis/{version}"
        yield f"{base}/namespaces/{NAMESPACE}/{plural}/{name}", {**_object(version, kind, name), "spec": spec}


def certificate(host: str) -> tuple[str, dict[str, Any]]:
    """A host's certificate by the platform's authority, in the Secret `<name>-tls`."""
    name = host.split(".")[0]
    issuer = {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "andel-internal"}
    spec = {"secretName": f"{name}-tls", "dnsNames": [host], "issuerRef": issuer}
    wanted = {**_object("cert-manager.io/v1", "Certificate", name), "spec": spec}
    return f"/apis/cert-manager.io/v1/namespaces/{NAMESPACE}/certificates/{name}", wanted


def _object(version: str, kind: str, name: str) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}}
