# SPDX-License-Identifier: MPL-2.0
"""A collector of OpenTelemetry: a server of this machine, behind the collector's name on the node.

It speaks OTLP over gRPC by the services' own definitions (opentelemetry-proto), with the collector's certificate.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from .gateway import GatewayLab
from .gateway_outside import NAMESPACE

SLICE = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices/collector"
Attributes = dict[str, str]


@dataclass
class Collector(logs_service_pb2_grpc.LogsServiceServicer, trace_service_pb2_grpc.TraceServiceServicer):
    """What has arrived."""

    records: list[Attributes] = field(default_factory=list)
    """Attributes of each log record, with those of what sent it."""

    spans: list[Attributes] = field(default_factory=list)
    """The same of each span."""

    def Export(  # noqa: N802 (name of the service)
        self,
        request: logs_service_pb2.ExportLogsServiceRequest | trace_service_pb2.ExportTraceServiceRequest,
        _: grpc.ServicerContext,
    ) -> logs_service_pb2.ExportLogsServiceResponse | trace_service_pb2.ExportTraceServiceResponse:
        """Keep it: records and spans come by services of the same form."""
        if isinstance(request, logs_service_pb2.ExportLogsServiceRequest):
            for of_one in request.resource_logs:
                for scope in of_one.scope_logs:
                    self.records += [
                        plain(of_one.resource.attributes) | plain(one.attributes) for one in scope.log_records
                    ]
            return logs_service_pb2.ExportLogsServiceResponse()
        for whole in request.resource_spans:
            for within in whole.scope_spans:
                self.spans += [plain(whole.resource.attributes) | plain(one.attributes) for one in within.spans]
        return trace_service_pb2.ExportTraceServiceResponse()


def plain(attributes: Iterator[KeyValue]) -> Attributes:
    """Attributes as text by name."""
    return {one.key: str(getattr(one.value, one.value.WhichOneof("value") or "string_value")) for one in attributes}


@contextmanager
def collector(lab: GatewayLab) -> Iterator[Collector]:
    """A collector that answers by its name while a block runs."""
    kept, server = Collector(), grpc.server(ThreadPoolExecutor(4))
    # Generated, without types.
    logs_service_pb2_grpc.add_LogsServiceServicer_to_server(kept, server)  # type: ignore[no-untyped-call]
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(kept, server)  # type: ignore[no-untyped-call]
    secret = lab.secret(NAMESPACE, "collector-tls")
    pair = [(secret["tls.key"].encode(), secret["tls.crt"].encode())]
    port = server.add_secure_port(f"{lab.network.machine}:0", grpc.ssl_server_credentials(pair))
    server.start()
    try:
        lab.api.apply(SLICE, endpoint_slice(lab.network.machine, port))
        yield kept
    finally:
        lab.api.delete(SLICE)
        server.stop(grace=None)


def endpoint_slice(address: str, port: int) -> dict[str, object]:
    """What stands behind the collector's Service."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "collector", "labels": {"kubernetes.io/service-name": "collector"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "otlp", "port": port, "protocol": "TCP"}],
    }
