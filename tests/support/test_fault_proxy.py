# SPDX-License-Identifier: MPL-2.0
"""The proxy between engine and API server, against a server on loopback that counts what reaches it."""

import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from andel.lab import certificates
from andel.lab.control_plane import ControlPlane

from .fault_proxy import STATUS, Fault, fault_proxy, is_write


class Upstream(ThreadingHTTPServer):
    """Stands for an API server: remembers requests, answers them with what it got."""

    seen: list[tuple[str, str, bytes]]
    go_on: threading.Event


class Handler(BaseHTTPRequestHandler):
    """Answers; a path with `watch` in two chunks, the second when it is told to."""

    server: Upstream
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, body))
        self.send_response_only(200)
        if "watch" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nfirst\r\n")
            self.server.go_on.wait(10)
            self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")
            return
        answer = json.dumps({"method": self.command, "body": body.decode()}).encode()
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PATCH = do_GET  # noqa: N815 (names of the base class)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (name of the base class)
        """Say nothing."""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a control plane with certificates."""
    folder = tmp_path_factory.mktemp("plane")
    certificates.make(folder / "certificates")
    return folder


@pytest.fixture
def upstream(keys: Path) -> Iterator[Upstream]:
    """The server behind the proxy."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(keys / "certificates/server.crt", keys / "certificates/server.key")
    context.load_verify_locations(keys / "certificates/ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    server = Upstream(("127.0.0.1", 0), Handler)
    server.seen, server.go_on = [], threading.Event()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def plane(keys: Path, upstream: Upstream) -> ControlPlane:
    """The control plane that the proxy is asked to stand before."""
    (keys / "ports.json").write_text(json.dumps({"api": upstream.server_port}))
    return ControlPlane(folder=keys, programs=keys)


def connect(plane: ControlPlane, server: str) -> closing[http.client.HTTPSConnection]:
    """A client of the proxy."""
    context = ssl.create_default_context(cafile=str(plane.certificates / "ca.crt"))
    context.load_cert_chain(plane.client("operator").certificate, plane.client("operator").key)
    where = urlsplit(server)
    return closing(http.client.HTTPSConnection(str(where.hostname), where.port, context=context, timeout=10))


def ask(connection: http.client.HTTPSConnection, method: str, path: str, body: str = "") -> tuple[int, Any]:
    """A request and its answer."""
    connection.request(method, path, body or None)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def test_requests_go_through_on_one_connection(plane: ControlPlane, upstream: Upstream) -> None:
    """Clients of Kubernetes keep connections open."""
    with fault_proxy(plane) as proxy, connect(plane, proxy.server) as client:
        assert ask(client, "GET", "/api") == (200, {"method": "GET", "body": ""})
        assert ask(client, "PATCH", "/api/v1/nodes/a?force=true", "x") == (200, {"method": "PATCH", "body": "x"})
    assert upstream.seen == [("GET", "/api", b""), ("PATCH", "/api/v1/nodes/a?force=true", b"x")]
    assert [(write.method, write.path, write.outcome) for write in proxy.writes] == [("PATCH", "/api/v1/nodes/a", 200)]


def test_a_watch_arrives_piece_by_piece(plane: ControlPlane, upstream: Upstream) -> None:
    """The engine waits on watches: a proxy that waits for their end would hang it."""
    with fault_proxy(plane) as proxy, connect(plane, proxy.server) as client:
        client.request("GET", "/api/v1/pods?watch=true")
        answer = client.getresponse()
        assert answer.read1() == b"first"
        upstream.go_on.set()
        assert answer.read() == b"second"


def test_an_open_watch_does_not_keep_the_proxy_from_closing(plane: ControlPlane, upstream: Upstream) -> None:
    """An engine that was killed leaves watches behind."""
    began = time.monotonic()
    with fault_proxy(plane) as proxy, connect(plane, proxy.server) as client:
        client.request("GET", "/api/v1/pods?watch=true")
        client.getresponse().read1()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("fault", STATUS)
def test_the_nth_write_is_refused_and_no_other(plane: ControlPlane, upstream: Upstream, fault: Fault) -> None:
    """The API server doesn't see it."""
    with fault_proxy(plane, nth=2, faults=[fault]) as proxy, connect(plane, proxy.server) as client:
        ask(client, "GET", "/api")
        statuses = [ask(client, "POST", f"/api/{index}")[0] for index in (1, 2, 3)]
    assert statuses == [200, STATUS[fault], 200]
    assert [path for _, path, _ in upstream.seen] == ["/api", "/api/1", "/api/3"]
    assert [write.outcome for write in proxy.writes] == [200, fault, 200]


@pytest.mark.parametrize(("fault", "reaches"), [(Fault.RESET, []), (Fault.ANSWER_LOST, ["/api/1"])])
def test_a_reset_comes_before_or_after_the_write(
    plane: ControlPlane, upstream: Upstream, fault: Fault, reaches: list[str]
) -> None:
    """A lost answer is the worse one: the object is there, and the client doesn't know."""
    with fault_proxy(plane, nth=1, faults=[fault]) as proxy, connect(plane, proxy.server) as client:
        with pytest.raises(ConnectionResetError):
            ask(client, "POST", "/api/1")
        assert [path for _, path, _ in upstream.seen] == reaches
        client.close()
        assert ask(client, "POST", "/api/2")[0] == 200


def test_the_engine_can_be_killed_around_a_write(plane: ControlPlane, upstream: Upstream) -> None:
    """Before it is passed on, and when it is done and nobody was told."""
    seen: list[int] = []

    def note() -> None:
        seen.append(len(upstream.seen))

    with fault_proxy(plane, nth=2, before=note, after=note) as proxy, connect(plane, proxy.server) as client:
        for index in (1, 2, 3):
            ask(client, "POST", f"/api/{index}")
    assert seen == [1, 2]


@pytest.mark.parametrize("user", [None, "a stranger's"])
def test_nobody_without_a_certificate_of_the_lab_gets_in(
    plane: ControlPlane, upstream: Upstream, user: str | None, tmp_path: Path
) -> None:
    """What comes through acts as an administrator."""
    certificates.make(tmp_path)
    context = ssl.create_default_context(cafile=str(plane.certificates / "ca.crt"))
    if user:
        context.load_cert_chain(tmp_path / "operator.crt", tmp_path / "operator.key")
    with fault_proxy(plane) as proxy:
        port = urlsplit(proxy.server).port
        with (
            closing(http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)) as client,
            pytest.raises(OSError, match=r"alert|reset|EOF|closed"),
        ):
            ask(client, "GET", "/api")
    assert upstream.seen == []


@pytest.mark.parametrize(
    ("method", "path", "writes"),
    [
        ("GET", "/api/v1/pods", False),
        ("POST", "/api/v1/namespaces/a/pods", True),
        ("PATCH", "/api/v1/nodes/a?fieldManager=x&force=true", True),
        ("PATCH", "/api/v1/nodes/a?dryRun=All&force=true", False),
        ("DELETE", "/api/v1/nodes/a", True),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", False),
        ("PUT", "/apis/apps/v1/namespaces/a/deployments/dryRun", True),
    ],
)
def test_a_write_is_what_leaves_something_behind(method: str, path: str, writes: bool) -> None:
    """Dry runs are how the provider computes a preview (API server, `dryRun=All`)."""
    assert is_write(method, path) is writes


def test_its_kubeconfig_differs_in_the_address_alone(plane: ControlPlane) -> None:
    """The engine keeps its user: the audit log reads as without a proxy."""
    with fault_proxy(plane) as proxy:
        document = proxy.kubeconfig("andel-dev")
    assert document["current-context"] == "andel-dev"
    assert document["clusters"][0]["cluster"]["server"] == proxy.server != plane.server
    assert document["users"][0]["user"]["client-certificate"] == str(plane.client("operator").certificate)
