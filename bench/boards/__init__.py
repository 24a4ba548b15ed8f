# SPDX-License-Identifier: MPL-2.0
"""Pictures of the boards, out of a real Prometheus."""
