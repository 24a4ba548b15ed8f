# SPDX-License-Identifier: MPL-2.0
"""What is measured: rules, alerts and dashboards, made of the environment by pure functions."""
