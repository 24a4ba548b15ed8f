# SPDX-License-Identifier: MPL-2.0
"""Measurements: what a part of the platform gains or costs, with everything that is needed to measure it again."""
