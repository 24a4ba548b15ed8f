# SPDX-License-Identifier: MPL-2.0
"""ModelMesh 0.12.0 (archived upstream, frozen here), its registry, pods on which models take turns, and the front."""
