# SPDX-License-Identifier: MPL-2.0
"""The figures as plain data: the platform's output `prices`, and `andel price --json`. Amounts are texts: exact."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from config.environment import Environment

from .comparison import Compared, compare
from .statements import Year, settle

VERSION = 2
"""Of this form. Since 2 a break-even says whether it is reached."""


def prices(environment: Environment) -> dict[str, Any] | None:
    """Statements and comparison of an environment; None where it has no economy."""
    year = settle(environment)
    if year is None:
        return None
    compared = compare(environment)
    return {**of_year(year), **({} if compared is None else {"comparison": of_comparison(compared)})}


def of_year(year: Year) -> dict[str, Any]:
    """A year's statements."""
    return {
        "version": VERSION,
        "year": year.year,
        "currency": year.currency,
        "key": year.key.kind,
        "cost": str(year.cost),
        "paid": str(year.paid),
        "left": str(year.left),
        "lines": {line.key: {"name": line.name, "amount": str(line.amount), "gpus": line.gpus} for line in year.lines},
        "statements": {
            one.slug: {
                "name": one.name,
                "citizens": one.citizens,
                "tier": one.tier,
                "class": one.size_class,
                "weight": decimal(one.weight),
                "days": one.days,
                "amount": str(one.amount),
            }
            for one in year.statements
        },
    }


def of_comparison(compared: Compared) -> dict[str, Any]:
    """The ways side by side."""
    return {
        "tokens": compared.tokens,
        "options": {
            one.way: {
                "platform": str(one.platform),
                "gpus": str(one.gpus),
                "tokens": str(one.tokens),
                "total": str(one.total),
                "carried": one.carried,
            }
            for one in compared.options
        },
        "most": None if compared.most is None else decimal(compared.most),
        "breaksEven": {
            name: {
                "times": decimal(one.times),
                "most": None if one.most is None else decimal(one.most),
                "reached": one.reached,
                "told": str(one),
            }
            for name, one in compared.breaks_even.items()
        },
    }


def decimal(value: Fraction) -> str:
    """A fraction with six decimals: for reading, nothing is counted on with it."""
    return str((Decimal(value.numerator) / value.denominator).quantize(Decimal("0.000001")).normalize().__format__("f"))
