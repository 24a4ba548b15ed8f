# SPDX-License-Identifier: MPL-2.0
"""Products that can be divided by hardware (MIG), and the profiles of each with their number.

Source: NVIDIA GPU Operator v26.7.0, assets/state-mig-manager/0400_configmap.yaml (what its MIG manager sets up),
and the MIG user guide for memory. Products are named as GPU feature discovery labels them (`nvidia.com/gpu.product`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """A GPU that can be divided."""

    pattern: str
    """Regular expression of its label."""

    memory: int
    """Memory of one GPU in GB, by its name."""

    profiles: Mapping[str, int]
    """Instances on one GPU at most, by profile."""


def _seven(one: int, half: int, full: int, quarter: int | None = None) -> dict[str, int]:
    """Profiles of a GPU with seven slices, whose memory is divided into eighths."""
    quarter = quarter or 2 * one
    return {
        f"1g.{one}gb": 7,
        f"1g.{quarter}gb": 4,
        f"2g.{quarter}gb": 3,
        f"3g.{half}gb": 2,
        f"4g.{half}gb": 1,
        f"7g.{full}gb": 1,
    }


PRODUCTS = (
    Product(r"A30\b", 24, {"1g.6gb": 4, "2g.12gb": 2, "4g.24gb": 1}),
    Product(r"A[18]00-(SXM4|PCIE|PCIe)-40GB|A[18]00-40GB", 40, _seven(5, 20, 40)),
    Product(r"A[18]00-(SXM4|PCIE|PCIe)-80GB|A[18]00-80GB", 80, _seven(10, 40, 80)),
    Product(r"H[18]00-NVL", 94, _seven(12, 47, 94)),
    Product(r"GH200-144G", 144, _seven(18, 72, 144)),
    Product(r"GH200|H20\b|H100-96GB|PG506", 96, _seven(12, 48, 96)),
    Product(r"H[18]00", 80, _seven(10, 40, 80)),
    Product(r"H200", 141, _seven(18, 71, 141, quarter=35)),
    Product(r"GB200", 189, _seven(23, 93, 186, quarter=47) | _seven(23, 95, 189, quarter=47)),
    Product(r"B200", 180, _seven(23, 90, 180, quarter=45)),
    Product(r"RTX-PRO-6000", 96, {"1g.24gb": 4, "2g.48gb": 2, "4g.96gb": 1}),
)
"""More particular names come first: the first that matches is the product."""

VIRTUAL = re.compile(r"-(\d+)[ABCQ](ME)?$")
"""End of a vGPU's name: its memory in GB, and the series (`GRID-A100D-80C`; source: NVIDIA vGPU user guide)."""


def product(label: str) -> Product | None:
    """The product of a label, if it is one that can be divided. A vGPU is none: its host has divided it."""
    if VIRTUAL.search(label):
        return None
    return next((one for one in PRODUCTS if re.search(rf"(^|-)({one.pattern})", label)), None)


def memory(label: str) -> int | None:
    """Memory of a GPU in GB by its label, where the label says it."""
    if virtual := VIRTUAL.search(label):
        return int(virtual[1])
    found = product(label)
    return found.memory if found else None
