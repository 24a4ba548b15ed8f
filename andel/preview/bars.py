# SPDX-License-Identifier: MPL-2.0
"""Bars of plain characters: every forge, mail and terminal shows them."""

from decimal import Decimal

BAR = 24
"""Characters of the longest bar."""

EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def bar(part: Decimal | float, whole: Decimal | float, width: int = BAR) -> str:
    """A bar as long as a part of a whole, to an eighth of a character; what is not nothing is seen."""
    if not whole or part <= 0:
        return ""
    eighths = max(round(float(part) / float(whole) * width * 8), 1)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8]


def fill(used: int, of: int, widest: int, width: int = BAR) -> str:
    """A pool: a block for each share that is used, a dot for each that is free; in proportion where they are many.

    Args:
        used: shares that are used.
        of: shares that there are.
        widest: shares of the largest pool beside it.
        width: characters of the largest pool at most.
    """
    scale = min(1.0, width / widest) if widest else 1.0
    there = max(round(of * scale), 1) if of else 0
    full = there if used >= of else min(max(round(used * scale), 1 if used else 0), max(there - 1, 0))
    return "█" * full + "·" * (there - full)
