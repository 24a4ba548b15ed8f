# SPDX-License-Identifier: MPL-2.0
"""What a change does, before it is done."""
