# SPDX-License-Identifier: MPL-2.0
"""What municipalities used in a month, read from Prometheus."""
