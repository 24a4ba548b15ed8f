# SPDX-License-Identifier: MPL-2.0
"""Scalars with a meaning. A setting is never a bare `str`: its type says what it may hold."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

WORDS: dict[str, str] = {}
"""What every pattern asks for, in words: a person who reads a refusal is not shown the pattern."""


def form(pattern: str, words: str, longest: int) -> StringConstraints:
    """A text of a form. Patterns are Rust's (crate `regex`): linear in time, and `$` is the very end."""
    WORDS[pattern] = words
    return StringConstraints(pattern=pattern, max_length=longest)


_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?")
_FACTOR = {
    "m": Decimal("0.001"),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("", "k", "M", "G", "T", "P"))},
    **{suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi"), start=1)},
}


def amount(quantity: str) -> Decimal:
    """The number that a Kubernetes quantity stands for: bytes of `80Gi`, cores of `500m`.

    Raises:
        ValueError: not a quantity (source: apimachinery, resource.Quantity; exponents are left out).
    """
    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        raise ValueError("not a quantity; write a number with a suffix of Kubernetes, as 80Gi or 500m")
    return Decimal(match[1]) * _FACTOR[match[2] or ""]


def gibibytes(quantity: str) -> Decimal:
    """A quantity of bytes in GiB (2**30 bytes)."""
    return amount(quantity) / _FACTOR["Gi"]


def _cores(value: str) -> str:
    if value[-1:] not in "0123456789m" or amount(value) <= 0:
        raise ValueError("not a number of cores; write 8, 0.5 or 500m")
    return value


def _memory(value: str) -> str:
    if value[-1:] not in "MGTPi" or amount(value) <= 0:
        raise ValueError("not an amount of memory; write a number and its unit, as 80Gi")
    return value


DnsLabel = Annotated[
    str,
    form(r"^[a-z]([-a-z0-9]*[a-z0-9])?$", "write lower-case letters, digits and hyphens, a letter first", 63),
]
"""A name that may stand in a host name: lower-case letters, digits and hyphens (RFC 1035)."""

ModelName = Annotated[
    str,
    form(r"^[a-z]([-a-z0-9]*[a-z0-9])?$", "write lower-case letters, digits and hyphens, a letter first", 38),
]
"""A model's public name. KServe appends up to 25 characters to it in names that end at 63."""

ObjectName = Annotated[
    str,
    form(
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "write lower-case letters, digits, hyphens and single dots",
        253,
    ),
]
"""Name of a node, a Secret and most other objects, as `gpu-1.hpc.example.dk` (RFC 1123 subdomain)."""

ContextName = Annotated[
    str,
    form(
        r"^[A-Za-z0-9][-A-Za-z0-9._@]*$",
        "write letters, digits and -._@ (`kubectl config rename-context` mends other names)",
        253,
    ),
]
"""A context of a kubeconfig, as `admin@cluster`. No slash or colon: it may name a file."""

Hostname = Annotated[
    str,
    form(
        r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]([-a-z0-9]*[a-z0-9])?$",
        "write a full host name in lower case, as api.example.dk",
        253,
    ),
]
"""A fully qualified host name, lower case, without a dot at its end."""

LabelKey = Annotated[
    str,
    form(
        r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
        "write a label's key, as example.dk/name",
        316,
    ),
]
"""Key of a Kubernetes label or taint, with or without a prefix."""

LabelValue = Annotated[
    str,
    form(r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", "write letters, digits, hyphens, dots and underscores", 63),
]
"""Value of a Kubernetes label or taint."""

ModelUri = Annotated[
    str,
    form(
        r"^(hf|s3|pvc|oci|ollama)://[A-Za-z0-9][A-Za-z0-9_.:@/-]*$",
        "write hf://, s3://, pvc://, oci:// or ollama:// and a path",
        1000,
    ),
]
"""Where a model's weights come from: `hf://owner/name`, `s3://bucket/path`, `pvc://claim/path`, `oci://image`, and for
KubeAI's Ollama `ollama://name:tag`."""

AdapterUri = Annotated[
    str,
    form(
        r"^(hf|s3|pvc)://[A-Za-z0-9][A-Za-z0-9_.:@/-]*$",
        "write hf://, s3:// or pvc:// and a path",
        1000,
    ),
]
"""Where an adapter's weights come from. KServe takes no adapter out of an image (source: KServe, workload_lora.go)."""

ImageRef = Annotated[
    str,
    form(
        r"^[a-z0-9][-a-z0-9.]*(:[0-9]+)?(/[a-z0-9]([-a-z0-9._]*[a-z0-9])?)+(:[A-Za-z0-9_][-A-Za-z0-9_.]*)?@sha256:[0-9a-f]{64}$",
        "write registry, path and digest, as registry.example.dk/vllm@sha256:…",
        400,
    ),
]
"""A container image by digest. A tag alone may be another image tomorrow."""

ApiGroup = Annotated[
    str,
    form(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$", "write an API group with dots", 253),
]
"""Group of an API, without its version, as `karpenter.k8s.aws`."""

KindName = Annotated[str, form(r"^[A-Z][A-Za-z0-9]*$", "write a kind, as EC2NodeClass", 63)]
"""Kind of an object."""

InstanceType = Annotated[
    str, form(r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", "write a machine's name, as p4d.24xlarge", 63)
]
"""A machine as a cloud names it; it is a label's value."""

KubernetesVersion = Annotated[str, form(r"^v1\.[0-9]{1,2}\.[0-9]{1,3}$", "write a version, as v1.34.2", 12)]
"""A version of Kubernetes."""

HostPath = Annotated[
    str, form(r"^(/[A-Za-z0-9_][-A-Za-z0-9_.]*)+$", "write an absolute path, as /var/lib/andel/models", 200)
]
"""A folder on a node."""

PORTS = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
"""Numbers from 1 to 65535."""

Url = Annotated[
    str,
    form(rf"^https?://[a-z0-9][-a-z0-9.]*(:({PORTS}))?(/[-A-Za-z0-9_./]*)?$", "write a URL, as https://a.dk:8443", 300),
]
"""An address inside the cluster, as `http://prometheus.monitoring.svc:9090`."""

VariableName = Annotated[
    str, form(r"^[A-Z_][A-Z0-9_]*$", "write capital letters, digits and underscores, as HF_HOME", 100)
]
"""Name of an environment variable."""

SecretKeyName = Annotated[str, form(r"^[-._a-zA-Z0-9]+$", "write letters, digits, hyphens, dots, underscores", 253)]
"""A key of a Secret."""

ArgumentName = Annotated[
    str, form(r"^[a-z][a-z0-9]*([-.][a-z0-9]+)*$", "write it without dashes in front, as max-num-seqs", 80)
]
"""An argument of `vllm serve`, without the dashes in front of it."""

PluginName = Annotated[
    str, form(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "write lower-case letters, digits and hyphens, a letter first", 63)
]
"""Type or name of a picker's plugin, or name of a profile."""

MigProfile = Annotated[str, form(r"^[1-7]g\.[1-9][0-9]{0,2}gb$", "write slices and memory, as 1g.10gb", 8)]
"""A Multi-Instance GPU profile: compute slices of seven, and memory in GB, as `1g.10gb` (source: NVIDIA MIG guide)."""

Cores = Annotated[
    str,
    Field(coerce_numbers_to_str=True),
    AfterValidator(_cores),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^[0-9]+(\.[0-9]+)?m?$", "exclusiveMinimum": 0}),
]
"""Processor cores as a quantity of Kubernetes, as `8` or `500m`."""

Memory = Annotated[
    str,
    Field(coerce_numbers_to_str=True),
    AfterValidator(_memory),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?[MGTP]i?$"}),
]
"""Bytes as a quantity of Kubernetes, as `80Gi`. A unit must be there: `80` would be eighty bytes."""

Count = Annotated[int, Field(ge=1, le=10**12, strict=True)]
"""A whole number, one or more; the largest is far above any use and still exact in JSON."""
