# SPDX-License-Identifier: MPL-2.0
"""Names that the platform and the municipalities' stacks share."""

SYSTEM = "andel-system"
"""Namespace of the platform's own settings."""

GATEWAY = "andel-gateway"
"""Namespace of the gateways and of the routes to every model."""

SERVING = "andel-serving"
"""Namespace of all models."""

LABEL = "andel"
"""Prefix of the platform's labels and annotations, as in `andel/model`."""
