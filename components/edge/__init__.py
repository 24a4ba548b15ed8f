# SPDX-License-Identifier: MPL-2.0
"""The edge: identity, limits, budgets and the audit record of every request, in front of all models."""
