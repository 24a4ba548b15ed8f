# SPDX-License-Identifier: MPL-2.0
"""Headers inside the platform. The edge sets them from the caller's identity; what a caller writes is thrown away.

`x-andel-data-class` is none of them: callers set it, and it only ever forbids.
"""

from andel.release.pins import EppDialect

MUNICIPALITY = "x-andel-municipality"
"""Slug of the caller's municipality."""

TIER = "x-andel-tier"
"""Its plan."""

APPLICATION = "x-andel-application"
"""The key's application, or the client of a token."""

PERIOD = "x-andel-period"
"""The calendar month that a request counts for, as `2026-11`."""

BAND = "x-andel-band"
"""The plan's name, or that of what is beyond a soft month."""

MODELS = "x-andel-models"
"""Models of the plan that the caller's key may use, with commas between: a route asks for its own among them."""

ALL = "*"
"""Value of that header for who may use all of the plan."""

NONE = "-"
"""Value of that header for who may use none: no model has this name."""

OVERFLOW = "x-andel-overflow"
"""Whether the caller's municipality lets its requests leave the platform: `allowed`, or `withheld`."""

SET_BY_THE_EDGE = (MUNICIPALITY, TIER, APPLICATION, PERIOD, BAND, MODELS, OVERFLOW)
"""All that identity decides."""

DIALECTS = (
    "x-llm-d-inference-objective",
    "x-llm-d-inference-fairness-id",
    "x-gateway-inference-objective",
    "x-gateway-inference-fairness-id",
)
"""Objective and fairness in both dialects of pickers, whichever the release has."""

CREDENTIALS = ("api-key", "x-api-key", "cookie", "openai-organization", "openai-project")
"""Headers by which callers show other credentials than those that the edge reads, or choose who pays for a back end."""

SPOOFABLE = (
    *SET_BY_THE_EDGE,
    *DIALECTS,
    "x-vllm-priority",
    "x-request-priority",
    "x-tenant-id",
    "x-user-id",
    "x-real-ip",
    "true-client-ip",
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-forwarded-client-cert",
    "x-original-url",
    "x-rewrite-url",
    "x-http-method-override",
    *CREDENTIALS,
)
"""Headers that a caller might hope somebody behind the edge believes."""

SPOOFABLE_PREFIXES = ("x-ai-eg-", "x-gateway-", "x-llm-d-", "x-envoy-", "x-prefiller-", "x-data-parallel-")
"""Beginnings of headers by which parts steer each other: AI Gateway, pickers, Envoy, llm-d's sidecar."""

LEAVES_WITH_NOBODY = ("x-request-id", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-tenant-id")
"""Headers beside those with a prefix of ours that tell an outsider who asked, or from where."""

MODEL = "x-ai-eg-model"
"""Header that the AI Gateway sets from the body's `model`."""


def identity_headers(dialect: EppDialect) -> tuple[str, ...]:
    """Every header that Authorino sets."""
    return (*SET_BY_THE_EDGE, dialect.fairness_header)
