# SPDX-License-Identifier: MPL-2.0
"""Arguments of vLLM, typed against vLLM: tables of each supported version, what it refuses, how they are written."""

from .judge import going, mistakes, render
from .owned import OWNED, variable_mistakes
from .table import VERSIONS, Argument, ArgumentTable, table
from .values import Value

__all__ = [
    "OWNED",
    "VERSIONS",
    "Argument",
    "ArgumentTable",
    "Value",
    "going",
    "mistakes",
    "render",
    "table",
    "variable_mistakes",
]
