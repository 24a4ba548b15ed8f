# SPDX-License-Identifier: MPL-2.0
"""A model that keeps what it was told: a server of this machine behind a pod of the node.

The pod is an Envoy that passes bytes on and reads none of them, so headers arrive as whoever sent them wrote them:
order, case, twice or once.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.waiting import until

from .gateway_outside import PROXY_IMAGE
from .node import NodeLab, is_ready
from .node_objects import RESTRICTED

NAME = "recorder"
METRICS = """\
vllm:num_requests_running{model_name="text"} 0
vllm:num_requests_waiting{model_name="text"} 0
vllm:kv_cache_usage_perc{model_name="text"} 0
vllm:cache_config_info{block_size="16",num_gpu_blocks="1000"} 1
"""
"""What a picker asks of a pod."""

ANSWER = {
    "id": "recorded",
    "object": "chat.completion",
    "created": 1,
    "model": "text",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Seen."}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    path: str
    headers: tuple[tuple[str, str], ...]
    """In their order, as they were written."""
    body: bytes

    def values(self, name: str) -> list[str]:
        """Every value of a header, whatever its case."""
        return [value for one, value in self.headers if one.lower() == name.lower()]

    @property
    def id(self) -> str:
        """Its one id (`x-request-id`)."""
        (found,) = self.values("x-request-id")
        return found


@dataclass
class Recorder:
    """What has arrived."""

    requests: list[Seen] = field(default_factory=list)

    def about(self, text: str) -> Seen | None:
        """The request whose body holds a text, if it came here."""
        return next((one for one in self.requests if text.encode() in one.body), None)


@contextmanager
def recorder(
    lab: NodeLab, namespace: str, labels: dict[str, str], port: int, tls: str | None = None
) -> Iterator[Recorder]:
    """A recorder behind a pod, which is ready; both are gone afterwards.

    Args:
        lab: whose node has the pod.
        namespace: of the pod.
        labels: by which Services and pools find it.
        port: on which it answers.
        tls: Secret of its certificate; without one it speaks plainly.
    """
    kept = Recorder()
    server = ThreadingHTTPServer((lab.network.machine, 0), _handler(kept))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for path, manifest in _objects(namespace, labels, port, (lab.network.machine, server.server_port), tls):
            lab.api.apply(path, manifest)
        until(lambda: is_ready(lab.api.get(f"/api/v1/namespaces/{namespace}/pods/{NAME}") or {"status": {}}), 120)
        yield kept
    finally:
        lab.kubectl("-n", namespace, "delete", "pod", NAME, "--grace-period=0", "--force", "--wait=true")
        lab.api.delete(f"/api/v1/namespaces/{namespace}/configmaps/{NAME}")
        server.shutdown()
        server.server_close()


def _handler(kept: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer("text/plain", METRICS)

        def do_POST(self) -> None:
            kept.requests.append(Seen(self.path, tuple(self.headers.items()), self._body()))
            self._answer("application/json", json.dumps(ANSWER))

        def _body(self) -> bytes:
            if self.headers["transfer-encoding"] != "chunked":
                return self.rfile.read(int(self.headers["content-length"] or 0))
            found = b""
            while size := int(self.rfile.readline(), 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found

        def log_message(self, *words: Any) -> None:
            """Nothing: what arrived is kept."""

        def _answer(self, kind: str, text: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

    return Handler


def _objects(
    namespace: str, labels: dict[str, str], port: int, target: tuple[str, int], tls: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The pod and its settings, by address."""
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME},
        "data": {"envoy.json": json.dumps(_bytes_on(port, target, with_tls=tls is not None))},
    }
    yield f"/api/v1/namespaces/{namespace}/configmaps/{NAME}", settings
    container = {
        "name": "main",
        "image": PROXY_IMAGE,
        "command": ["envoy"],
        "args": ["-c", "/settings/envoy.json", "--concurrency", "1"],
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1},
        "resources": {"limits": {"cpu": "100m", "memory": "200Mi"}, "requests": {"cpu": "10m", "memory": "200Mi"}},
        "securityContext": {**RESTRICTED, "runAsUser": 65532},
        "volumeMounts": [
            {"name": "settings", "mountPath": "/settings"},
            *([{"name": "certificate", "mountPath": "/certificate"}] if tls else []),
        ],
    }
    volumes = [
        {"name": "settings", "configMap": {"name": NAME}},
        *([{"name": "certificate", "secret": {"secretName": tls}}] if tls else []),
    ]
    spec = {
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": volumes,
        "securityContext": {"fsGroup": 65532},
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": NAME, "labels": labels}, "spec": spec}
    yield f"/api/v1/namespaces/{namespace}/pods/{NAME}", pod


def _bytes_on(port: int, target: tuple[str, int], *, with_tls: bool) -> dict[str, Any]:
    """Settings of Envoy (v3) that pass bytes on."""
    api = "type.googleapis.com/envoy.extensions"
    files = {
        "certificate_chain": {"filename": "/certificate/tls.crt"},
        "private_key": {"filename": "/certificate/tls.key"},
    }
    context = {
        "@type": f"{api}.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {"tls_certificates": [files]},
    }
    proxy = {"@type": f"{api}.filters.network.tcp_proxy.v3.TcpProxy", "stat_prefix": "bytes", "cluster": "machine"}
    chain = {
        "filters": [{"name": "tcp", "typed_config": proxy}],
        **({"transport_socket": {"name": "tls", "typed_config": context}} if with_tls else {}),
    }
    address = {"socket_address": {"address": "::", "ipv4_compat": True, "port_value": port}}
    end = {"endpoint": {"address": {"socket_address": {"address": target[0], "port_value": target[1]}}}}
    cluster = {
        "name": "machine",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "machine", "endpoints": [{"lb_endpoints": [end]}]},
    }
    return {"static_resources": {"listeners": [{"address": address, "filter_chains": [chain]}], "clusters": [cluster]}}
