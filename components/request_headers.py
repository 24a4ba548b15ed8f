# SPDX-License-Identifier: MPL-2.0
"""Headers of routes, beside those that identity decides (components/edge/headers.py)."""

ENTRY = "x-andel-model"
"""Entry of the catalogue that answers: a request may name an adapter of it, or reach it as a canary. Routes write it
over whatever a caller wrote."""

DATA_CLASS = "x-andel-data-class"
"""Class of the data in the request. The one header of ours that a caller may send; a key's own class overrides it."""

ANSWERED_BY = "x-andel-answered-by"
"""On answers: the host that gave it. Overflow shows here."""

ANSWERED_BY_VALUE = "%UPSTREAM_HOST_NAME%"
"""What the edge writes there (Envoy, access log operators): the inner gateway's Service, or the
exit's of a back end outside."""
