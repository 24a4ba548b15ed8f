# SPDX-License-Identifier: MPL-2.0
"""Security contexts that Pod Security *restricted* admits."""

POD_SECURITY = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
"""Of a pod, or of a container where somebody else writes the pod."""

CONTAINER_SECURITY = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
"""Of each container."""

FETCHER = {"name": "storage-initializer", "securityContext": CONTAINER_SECURITY}
"""KServe's container that fetches weights, which it makes without what *restricted* asks for (v0.20). """
