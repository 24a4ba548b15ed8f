# SPDX-License-Identifier: MPL-2.0
"""What the platform costs each municipality: pure functions over the config, rounded once."""
