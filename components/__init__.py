# SPDX-License-Identifier: MPL-2.0
"""What an environment becomes on a cluster: one component resource a file. `platform.py` alone knows their order."""
