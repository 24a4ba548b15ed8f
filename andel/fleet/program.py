# SPDX-License-Identifier: MPL-2.0
"""The program of all stacks, compiled and with everything imported: workers are forked from that."""

import importlib
from pathlib import Path
from types import CodeType

MODULES = (
    "components.municipality",
    "config.judge",
    "config.load",
    "config.municipality_rules",
    "andel.release.admission",
    "pulumi.automation",
    # The SDK imports the rest when it is first asked for it.
    "pulumi_kubernetes.apps.v1",
    "pulumi_kubernetes.apps.v1beta1",
    "pulumi_kubernetes.apps.v1beta2",
    "pulumi_kubernetes.core.v1",
    "pulumi_kubernetes.meta.v1",
    "pulumi_kubernetes.rbac.v1",
    "pulumi_kubernetes.rbac.v1alpha1",
    "pulumi_kubernetes.rbac.v1beta1",
    "pulumi_random",
)
"""What the program needs; a test holds it against what a run really imports."""


def warmed(file: Path) -> CodeType:
    """The program, ready to be run many times: with names of its own each time, so that it changes no module."""
    for module in MODULES:
        importlib.import_module(module)
    return compile(file.read_text(encoding="utf-8"), str(file), "exec", dont_inherit=True)
