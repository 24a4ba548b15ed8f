# SPDX-License-Identifier: MPL-2.0
"""Many municipalities' stacks at once."""
