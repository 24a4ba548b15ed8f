# SPDX-License-Identifier: MPL-2.0
"""The runtime and the front of ModelMesh, with engines that are made up: no model, no network but loopback."""
