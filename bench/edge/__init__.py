# SPDX-License-Identifier: MPL-2.0
"""What the edge costs: time that identity, limits, records and routing add to a request."""
