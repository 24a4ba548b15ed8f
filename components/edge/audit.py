# SPDX-License-Identifier: MPL-2.0
"""The record of every request: an access log of Envoy as JSON, to standard output and to a collector (OTLP).

It says who, when, which model, how many tokens, how long, what came of it and where it went. Prompts and answers are in
none of it. Where an environment decides that they are written down, the AI Gateway's processor sends them as spans
(OpenInference) to a collector of their own.
"""

from collections.abc import Mapping
from typing import Any

from config.audit import Audit, Collector, Content

from .headers import APPLICATION, BAND, MODEL, MUNICIPALITY, PERIOD, TIER

COUNTED = "io.envoy.ai_gateway"
"""Metadata in which the AI Gateway says what a request cost."""

COSTS = {
    "llm_input_token": "InputToken",
    "llm_output_token": "OutputToken",
    "llm_total_token": "TotalToken",
    "llm_cached_input_token": "CachedInputToken",
}
"""What of it is asked for, for every route: key in the metadata, and kind."""

RECORD = {
    "kind": "andel.request",
    "time": "%START_TIME%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "municipality": f"%REQ({MUNICIPALITY})%",
    "application": f"%REQ({APPLICATION})%",
    "tier": f"%REQ({TIER})%",
    "band": f"%REQ({BAND})%",
    "period": f"%REQ({PERIOD})%",
    "data_class": "%REQ(X-ANDEL-DATA-CLASS)%",
    "model": f"%REQ({MODEL})%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "status": "%RESPONSE_CODE%",
    "verdict": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "milliseconds": "%DURATION%",
    "milliseconds_to_first_byte": "%RESPONSE_DURATION%",
    "bytes_in": "%BYTES_RECEIVED%",
    "bytes_out": "%BYTES_SENT%",
    "tokens_in": f"%DYNAMIC_METADATA({COUNTED}:llm_input_token)%",
    "tokens_out": f"%DYNAMIC_METADATA({COUNTED}:llm_output_token)%",
    "tokens": f"%DYNAMIC_METADATA({COUNTED}:llm_total_token)%",
    "tokens_cached": f"%DYNAMIC_METADATA({COUNTED}:llm_cached_input_token)%",
    "route": "%ROUTE_NAME%",
    "went_to": "%UPSTREAM_CLUSTER%",
    "host": "%UPSTREAM_HOST%",
    "answered_by": "%UPSTREAM_HOST_NAME%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "caller": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
}
"""A record. The query of a path is left out of nothing: OpenAI's routes have none."""

HIDDEN = (
    *("INPUTS", "INPUT_MESSAGES", "INPUT_TEXT", "INPUT_IMAGES", "PROMPTS"),
    *("OUTPUTS", "OUTPUT_MESSAGES", "OUTPUT_TEXT", "CHOICES", "EMBEDDINGS_TEXT", "EMBEDDINGS_VECTORS"),
)
"""What OpenInference can be told to hide (source: AI Gateway v1.0.0, internal/tracing/openinference)."""

BACKEND = "audit-collector"
"""Name of the Backend in front of the collector of records."""


def access_log(audit: Audit) -> dict[str, Any]:
    """The access log of the edge's proxies."""
    sinks: list[dict[str, Any]] = [{"type": "File", "file": {"path": "/dev/stdout"}}]
    if audit.collector is not None:
        reference = {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": BACKEND, "port": audit.collector.port}
        resource = {"service.name": "andel-edge"}
        sinks.append(
            {"type": "OpenTelemetry", "openTelemetry": {"backendRefs": [reference], "resourceAttributes": resource}}
        )
    return {"settings": [{"type": "Route", "format": {"type": "JSON", "json": RECORD}, "sinks": sinks}]}


def backend(collector: Collector) -> dict[str, Any]:
    """The collector as Envoy reaches it: over TLS, by its name."""
    believed = (
        {"caCertificateRefs": [{"group": "", "kind": "Secret", "name": collector.ca}]}
        if collector.ca
        else {"wellKnownCACertificates": "System"}
    )
    return {
        "endpoints": [{"fqdn": {"hostname": collector.host, "port": collector.port}}],
        "tls": {**believed, "sni": collector.host},
    }


def gateway_config(audit: Audit) -> dict[str, Any]:
    """GatewayConfig (aigateway.envoyproxy.io/v1beta1): what every route counts, and what the processor may tell."""
    return {
        "globalLLMRequestCosts": [{"metadataKey": key, "type": kind} for key, kind in COSTS.items()],
        "extProc": {
            "kubernetes": {
                "env": [{"name": name, "value": value} for name, value in sorted(told(audit.content).items())]
            }
        },
    }


def told(content: Content | None) -> Mapping[str, str]:
    """Variables of the processor. Without an opt-in nothing is traced, and if somebody traced, all would be hidden."""
    if content is None:
        return {**{f"OPENINFERENCE_HIDE_{part}": "true" for part in HIDDEN}, "OTEL_TRACES_EXPORTER": "none"}
    return {
        **{f"OPENINFERENCE_HIDE_{part}": "false" for part in HIDDEN},
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"https://{content.collector.host}:{content.collector.port}",
        "OTEL_SERVICE_NAME": "andel-content",
        "OTEL_RESOURCE_ATTRIBUTES": f"andel.retention_days={content.retention_days}",
    }
