# SPDX-License-Identifier: MPL-2.0
"""Where a model is reached: all that the gateway and the monitors need to know of how it is served."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """The back end of a model's route."""

    kind: Literal["InferencePool", "Service"]
    """An InferencePool chooses a pod by its picker, a Service spreads evenly."""

    name: str
    """Name of the pool or Service."""

    namespace: str
    """Its namespace."""

    port: int
    """Port of the pool's pods or of the Service."""

    model: str
    """The model's name on the wire."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    """Further public names (of adapters), each with its name on the wire."""

    metrics_port: int
    """Port on which the model's pods answer `/metrics`."""
