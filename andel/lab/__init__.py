# SPDX-License-Identifier: MPL-2.0
"""The lab: a real Kubernetes control plane with made-up GPU nodes, and a real Pulumi engine, in a folder.

It needs no container runtime, no C compiler and no GPU. Nothing in `components/` knows that it exists.
"""
