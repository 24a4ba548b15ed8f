# SPDX-License-Identifier: MPL-2.0
"""Rules, alerts and dashboards."""
