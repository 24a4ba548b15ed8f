# SPDX-License-Identifier: MPL-2.0
"""Does choosing the pod by what it has cached pay? Our pickers against round-robin, on the same pods in one run."""
