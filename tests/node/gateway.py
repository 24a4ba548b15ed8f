# SPDX-License-Identifier: MPL-2.0
"""The whole gateway as pods of a lab's real node: brought up by `pulumi up` alone, called as applications call it."""

import base64
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import yaml

from andel.lab import engine, lifecycle
from andel.lab.folders import LabFolder
from components.application_keys import FIELD
from components.edge.rules import month_rule
from config.names import GATEWAY
from tests.conftest import ROOT
from tests.support.waiting import until

from .gateway_outside import LOGIN, NAMESPACE, SIGNING, fresh_keys, outside, token
from .node import NodeLab, node_lab

STACK = ROOT / "tests/environments/Pulumi.live.yaml"
PROXIES = "envoy-gateway-system"
EDGE = "gateway.envoyproxy.io/owning-gateway-name=edge"
READY_SECONDS = 300
"""Patience with pods of a busy machine."""

KEYS = """
import json
import pulumi, pulumi_kubernetes as kubernetes
from components.application_keys import ApplicationKeys, ApplicationKeysArgs
from config.keys import ApplicationKey

cluster = kubernetes.Provider("cluster", kubeconfig="", context="live")
there = pulumi.ResourceOptions(providers=[cluster])
for slug, applications in json.loads(pulumi.Config().require("municipalities")).items():
    namespace = f"andel-m-{slug}"
    home = kubernetes.core.v1.Namespace(namespace, metadata={"name": namespace}, opts=there)
    keys = {name: ApplicationKey.model_validate(one) for name, one in applications.items()}
    after = pulumi.ResourceOptions.merge(there, pulumi.ResourceOptions(depends_on=[home]))
    ApplicationKeys(slug, ApplicationKeysArgs(namespace=namespace, applications=keys), after)
"""
"""Program of the municipalities' keys."""

APPLICATIONS: dict[str, dict[str, Any]] = {
    "journal": {"overflow": True},
    "archive": {"overflow": True, "dataClass": "personal"},
    "quiet": {},
    "narrow": {"models": ["vectors"]},
}
"""Applications that every municipality has: two that may leave the platform, and two that say nothing of it."""


@dataclass(frozen=True)
class GatewayLab(NodeLab):
    """A lab on which the gateway answers."""

    @property
    def host(self) -> str:
        """Host name of the API."""
        gateway = self.environment.gateway
        assert gateway
        return gateway.host

    @property
    def edge(self) -> str:
        """Address of the edge's Service."""
        (found,) = self.api.items(f"/api/v1/namespaces/{PROXIES}/services?labelSelector={EDGE}")
        return str(found["spec"]["clusterIP"])

    @cached_property
    def authority(self) -> str:
        """The authority that signed the edge's certificate, as PEM."""
        return self.secret(GATEWAY, "api-tls")["ca.crt"]

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        """Entries of a Secret."""
        found = self.api.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
        assert found, f"there is no Secret {namespace}/{name}"
        return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}

    def key(self, municipality: str, application: str = "journal", generation: int = 1) -> str:
        """Key of an application, as its owner reads it."""
        return self.secret(f"andel-m-{municipality}", f"key-{application}-{generation}")[FIELD]

    def token(
        self, issuer: str = LOGIN, *, signed_by: str | None = None, algorithm: str = "RS256", **claims: Any
    ) -> str:
        """A token of an issuer, good for an hour unless claims say otherwise (`gateway_outside.token`)."""
        return token(self.secret(NAMESPACE, SIGNING), issuer, signed_by or issuer, algorithm, **claims)

    def http(self, key: str | None = None, *, address: str | None = None, **headers: str) -> httpx.Client:
        """A client of the API: every request goes to the edge, whose certificate has to be good.

        Args:
            key: what it shows as `Authorization: Bearer …`.
            address: one proxy's, in place of the Service's.
            headers: more of them, with `_` for `-`.
        """
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        shown = {"Authorization": f"Bearer {key}"} if key is not None else {}
        return httpx.Client(
            base_url=f"https://{self.host}/v1",
            headers={**shown, **told},
            transport=Edge(address or self.edge, self.host, self.authority),
            timeout=60,
        )

    def proxies(self) -> list[str]:
        """Addresses of the edge's proxies, each with its port."""
        return [f"{pod['status']['podIP']}:10443" for pod in self.pods(PROXIES, EDGE) if pod["status"].get("podIP")]

    def records(self) -> list[dict[str, Any]]:
        """Records of requests that the edge's proxies have written, the oldest first."""
        found = []
        for pod in self.pods(PROXIES, EDGE):
            lines = self.logs(PROXIES, pod["metadata"]["name"], "envoy").splitlines()
            found += [json.loads(line) for line in lines if line.startswith("{") and "andel.request" in line]
        return sorted(found, key=lambda record: str(record["time"]))

    def record(self, request: str, seconds: float = 15) -> dict[str, Any]:
        """The record of one request, by its id (`x-request-id`); proxies write records with a delay."""
        until(lambda: any(one["request_id"] == request for one in self.records()), seconds)
        return next(one for one in self.records() if one["request_id"] == request)

    @property
    def keys(self) -> Path:
        """Folder of the municipalities' project, for `furnish`."""
        return self.lab.root.parent / "keys"

    def store(self, *words: str) -> str:
        """What the store of counts answers to a command."""
        tls = ("--tls", "--cert", "/certificate/tls.crt", "--key", "/certificate/tls.key")
        ended = self.exec(
            *(GATEWAY, "limits-store-0", "valkey-cli", "-p", "6379"), *tls, "--cacert", "/certificate/ca.crt", *words
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout.strip()

    def forget_counts(self) -> None:
        """Count anew, for everybody: empty the store."""
        assert self.store("flushall") == "OK"

    def spend(self, municipality: str, of: str, amount: int) -> None:
        """Write more into the newest counter of a municipality, which a request of it has made.

        Args:
            municipality: whose limit.
            of: `requests` or `tokens` of this minute, or tokens of the `month`.
            amount: what is added.
        """
        tiers = self.environment.tiers
        place = month_rule(tiers, self.environment.municipalities[municipality].tier) - 2
        rule = place + ("requests", "tokens", "month").index(of)
        pattern = f"*_rule-{rule}-match-1_{municipality}_*"
        found = self.store("--scan", "--pattern", pattern).split()
        assert found, f"nothing is counted by {pattern}"
        self.store("incrby", max(found), str(amount))

    def end(self, namespace: str, selector: str) -> list[str]:
        """Kill pods at once, as a node that fails would; their names."""
        names = [pod["metadata"]["name"] for pod in self.pods(namespace, selector)]
        ended = self.kubectl("-n", namespace, "delete", "pod", "--grace-period=0", "--force", "--wait=false", *names)
        assert ended.returncode == 0, ended.stderr
        return names

    def furnish(self, folder: Path, municipalities: Mapping[str, Mapping[str, Any]]) -> None:
        """Make the municipalities' keys as their own stacks do, by the engine.

        Args:
            folder: of the project; the same one again changes what it made.
            municipalities: applications (`ApplicationKey`) by slug.
        """
        fresh = not folder.exists()
        folder.mkdir(exist_ok=True)
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "keys", "runtime": "python"}))
        (folder / "__main__.py").write_text(KEYS)
        words = ("up", "--yes", "--skip-preview", "-s", "keys", "-c", f"municipalities={json.dumps(municipalities)}")
        for run in ([("stack", "init", "keys")] if fresh else []) + [words]:
            ended = self.elsewhere(folder, *run)
            assert ended.returncode == 0, ended.stdout + ended.stderr


class Edge(httpx.HTTPTransport):
    """Takes requests for the API's host to an address of it, over TLS that is checked by that host's name."""

    def __init__(self, address: str, host: str, authority: str) -> None:
        super().__init__(verify=ssl.create_default_context(cadata=authority), http2=False)
        self._address, self._host = httpx.URL(f"https://{address}"), host

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return super().handle_request(led(request, self._address, self._host))


class AsyncEdge(httpx.AsyncHTTPTransport):
    """The same for many requests at one time."""

    def __init__(self, address: str, host: str, authority: str) -> None:
        verify = ssl.create_default_context(cadata=authority)
        super().__init__(verify=verify, http2=False, limits=httpx.Limits(max_connections=None))
        self._address, self._host = httpx.URL(f"https://{address}"), host

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await super().handle_async_request(led(request, self._address, self._host))


def led(request: httpx.Request, address: httpx.URL, host: str) -> httpx.Request:
    """A request on its way to an address, which has to prove that it is the host."""
    request.extensions = {**request.extensions, "sni_hostname": host}
    request.url = request.url.copy_with(host=address.host, port=address.port)
    return request


@contextmanager
def gateway_lab(folder: Path, change: Callable[[str], str] = lambda text: text) -> Iterator[GatewayLab]:
    """A lab on which the gateway of `tests/environments/Pulumi.live.yaml` answers, with the keys of `APPLICATIONS`.

    Args:
        folder: where it lies.
        change: what else its settings say.
    """
    with node_lab(folder, STACK, change=change) as started:
        lab = GatewayLab(started.lab, started.stack)
        stand(lab, folder / "keys")
        yield lab


def attached(folder: Path) -> GatewayLab:
    """A lab that `stand` once brought up in a folder, and that goes on after the tests."""
    return GatewayLab(LabFolder(root=folder / "lab", stacks=folder / "settings"), "live")


def stand(lab: GatewayLab, keys: Path, prepare: Callable[[GatewayLab], None] = lambda _: None) -> None:
    """Bring everything up that isn't, and wait until it answers.

    Args:
        lab: whose settings are written.
        keys: folder of the municipalities' project.
        prepare: what is done before the stack is brought up.
    """
    lifecycle.up(lab.lab, lab.stack, lab.environment, with_node=True, with_controllers=True)
    engine.select(lab.lab, lab.stack)
    prepare(lab)
    lab.deploy()
    lab.furnish(keys, dict.fromkeys(lab.environment.municipalities, APPLICATIONS))
    lab.give_addresses()
    # A second time nothing changes: who reads settings and keys at its start would go on with the first ones.
    known = lab.api.get(f"/api/v1/namespaces/{NAMESPACE}/secrets/{SIGNING}")
    signing = lab.secret(NAMESPACE, SIGNING) if known else fresh_keys()
    for path, manifest in outside(lab.secret("cert-manager", "andel-internal")["ca.crt"], signing):
        lab.api.apply(path, manifest)
    await_answers(lab)


def await_answers(lab: GatewayLab) -> None:
    """Wait until every pod is ready and every model answers.

    Raises:
        AssertionError: one isn't in time; with what pods and events say.
    """
    at_the_gateway = 6 if lab.environment.overflow else 4  # two proxies on the way out
    for namespace, count in ((NAMESPACE, 2), (GATEWAY, at_the_gateway), ("andel-serving", 4), (PROXIES, 6)):
        lab.until_ready(namespace, count=count, seconds=READY_SECONDS)
    ask = {"model": "text", "messages": [{"role": "user", "content": "Goddag"}], "max_tokens": 1}
    deadline = time.monotonic() + READY_SECONDS
    with lab.http(lab.key("aarhus")) as client:
        while (answer := client.post("/chat/completions", json=ask)).status_code != 200:
            assert time.monotonic() < deadline, answer.text
            time.sleep(1)
