# SPDX-License-Identifier: MPL-2.0
"""The `andel` command, and the rooms that only it needs: economy, release, fleet, preview and lab."""
