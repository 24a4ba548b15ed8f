# SPDX-License-Identifier: MPL-2.0
"""What it costs to start, wake and swap models behind ModelMesh."""
