# SPDX-License-Identifier: MPL-2.0
"""Rounding: fractions become amounts to the hundredth, once, and in a way that adds up."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

HUNDREDTH = Decimal("0.01")


def amount(hundredths: int) -> Decimal:
    """An amount of whole hundredths, with two decimals."""
    return Decimal(hundredths).scaleb(-2)


def rounded(exact: Fraction) -> Decimal:
    """An amount to the nearest hundredth, halves upwards. For amounts that need not add up to anything."""
    return amount((2 * exact * 100 + 1).__floor__() // 2)


def rounded_up(exact: Fraction) -> Decimal:
    """The least amount of whole hundredths that is no less."""
    return amount((exact * 100).__ceil__())


def rounded_together(exact: Mapping[str, Fraction], order: Mapping[str, int]) -> dict[str, Decimal]:
    """Amounts that sum to what the exact ones sum to, each within a hundredth of its own (largest remainder).

    Hundredths that are left over go to the largest remainders. Between equal ones the larger `order` goes first, then
    the smaller name by its code points: no locale, no order of the mapping decides. So a larger share is never rounded
    to less than a smaller one.

    Args:
        exact: the shares, whose sum is an amount of whole hundredths.
        order: size of each, for ties.

    Raises:
        ValueError: the sum is no amount of whole hundredths, so no rounding could add up to it.
    """
    total = sum(exact.values(), Fraction(0)) * 100
    if total.denominator != 1:
        raise ValueError(f"{float(total) / 100} is no amount of whole hundredths")
    floors = {name: (share * 100).__floor__() for name, share in exact.items()}
    left = total.numerator - sum(floors.values())
    ranked = sorted(exact, key=lambda name: (floors[name] - exact[name] * 100, -order[name], name))
    lucky = set(ranked[:left])
    return {name: amount(floors[name] + (name in lucky)) for name in exact}
