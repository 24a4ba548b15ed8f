# SPDX-License-Identifier: MPL-2.0
"""The part of the tier `live` that judges walls: Cyclonus (0.5.6), behind a program of ours that hands it every
connection. It needs no cluster, only policies and pods.
"""

from .parts import Part

NETWORK_JUDGE = Part(
    name="network-judge",
    seconds=60,
    module="network-policies",
    package=".",
    program="network-judge",
    flags=("-ldflags=-s -w",),
)
