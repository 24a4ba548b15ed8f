# SPDX-License-Identifier: MPL-2.0
"""Tests of what models become, function by function."""
