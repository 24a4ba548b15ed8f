# SPDX-License-Identifier: MPL-2.0
"""The year's price, for people: tables, lists for scripts, and a statement on one page."""
