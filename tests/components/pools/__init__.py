# SPDX-License-Identifier: MPL-2.0
"""GPU pools, function by function."""
