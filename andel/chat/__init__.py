# SPDX-License-Identifier: MPL-2.0
"""A small streaming chat client, for trying a deployed model with a key."""
