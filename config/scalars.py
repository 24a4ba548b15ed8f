# SPDX-License-Identifier: MPL-2.0
"""Scalars with a meaning. A setting is never a bare `str`: its type says what it may hold."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

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
        raise ValueError("not an amount of memory; write a number with its unit, as 80Gi")
    return value


def _model_uri(value: str) -> str:
    if not re.fullmatch(r"(hf|s3|pvc|oci)://[A-Za-z0-9][A-Za-z0-9_.:@/-]{,1000}", value):
        raise ValueError("not a source of model weights; write hf://, s3://, pvc:// or oci:// and a path")
    return value


DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
"""A name that may stand in a host name: lower-case letters, digits and hyphens (RFC 1035)."""

ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=38)]
"""A model's public name. KServe appends up to 25 characters to it in names that end at 63."""

Hostname = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=253)
]
"""A fully qualified host name, lower case, without a dot at its end."""

LabelKey = Annotated[
    str,
    StringConstraints(
        pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", max_length=316
    ),
]
"""Key of a Kubernetes label or taint, with or without a prefix."""

LabelValue = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", max_length=63)]
"""Value of a Kubernetes label or taint."""

ObjectName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", max_length=253)
]
"""Name of a node, a Secret and most other objects, as `gpu-1.hpc.example.dk` (RFC 1123 subdomain)."""

ContextName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][-A-Za-z0-9._@]*$", max_length=253)]
"""A context of a kubeconfig, as `admin@cluster`. Not all that kubectl takes: the name becomes a folder's in the lab."""

Cores = Annotated[str, Field(coerce_numbers_to_str=True), AfterValidator(_cores)]
"""Processor cores as a quantity of Kubernetes, as `8` or `500m`."""

Memory = Annotated[str, AfterValidator(_memory)]
"""Bytes as a quantity of Kubernetes, as `80Gi`. A unit must be there: `80` would be eighty bytes."""

ModelUri = Annotated[str, AfterValidator(_model_uri)]
"""Where a model's weights come from: `hf://owner/name`, `s3://bucket/path`, `pvc://claim/path`, `oci://image`."""

MigProfile = Annotated[str, StringConstraints(pattern=r"^[1-7]g\.[1-9][0-9]*gb$")]
"""A Multi-Instance GPU profile: compute slices of seven, and memory in GB, as `1g.10gb` (source: NVIDIA MIG guide)."""

Url = Annotated[str, StringConstraints(pattern=r"^(https|oci)://[^\s@]+$")]
"""An address over TLS, without a user or password in it."""

Count = Annotated[int, Field(ge=1, le=10**12, strict=True)]
"""A whole number, one or more; the largest is far above any use and still exact in JSON."""
