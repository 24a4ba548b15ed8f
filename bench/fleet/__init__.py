# SPDX-License-Identifier: MPL-2.0
"""Fleets of municipalities against a bare server-side apply of the same objects."""
