# SPDX-License-Identifier: MPL-2.0
"""Headers that a request carries inside the platform. The edge takes them off what comes in and sets them itself."""

MUNICIPALITY = "x-andel-municipality"
"""Slug of the municipality that asks."""

TIER = "x-andel-tier"
"""Its tier."""

APPLICATION = "x-andel-application"
"""Its application: the key's, or the client's of a token."""

BAND = "x-andel-band"
"""Rank of the request: its tier, or what is beyond a soft month."""

ENTRY = "x-andel-model"
"""Entry of the catalogue that answers: a request may name an adapter of it, or reach it as a canary."""

DATA_CLASS = "x-andel-data-class"
"""Class of the data in the request. The one header of ours that a client may send; a key's own class overrides it."""

MODEL = "x-ai-eg-model"
"""The body's `model`, over whatever the client sent: Envoy AI Gateway's name for it (v1.0, internalapi)."""

ANSWERED_BY = "x-andel-answered-by"
"""On answers: the host that gave it. Overflow shows here."""

ANSWERED_BY_VALUE = "%UPSTREAM_HOST_NAME%"
"""What the edge writes there (Envoy, access log operators): the inner gateway's Service, or the back end outside."""

IDENTITY = (MUNICIPALITY, TIER, APPLICATION, BAND)
"""Who asks. Nobody outside the platform is told."""
