# SPDX-License-Identifier: MPL-2.0
"""Numbers, amounts and months as each language writes them (Babel, from CLDR), whatever the machine's locale."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

LOCALES = {"da": "da_DK", "de": "de_DE", "en": "en_GB"}
"""Locale of each language."""

SPACED = {"da": "\N{NO-BREAK SPACE}%", "de": "\N{NO-BREAK SPACE}%", "en": "%"}
"""How each language ends a percentage."""


def money(currency: str, language: str) -> Callable[[Decimal], str]:
    """How amounts of a currency are written."""
    return lambda amount: str(format_currency(amount, currency, locale=LOCALES[language]))


def number(value: int, language: str) -> str:
    """A whole number with its thousands set apart."""
    return str(format_decimal(value, locale=LOCALES[language]))


def decimal(value: Decimal, language: str) -> str:
    """A number with up to three decimals."""
    return str(format_decimal(value, format="#,##0.###", locale=LOCALES[language]))


def times(value: Decimal, language: str) -> str:
    """A multiple with two decimals."""
    return str(format_decimal(value, format="#,##0.00", locale=LOCALES[language]))


def percent(value: Decimal, language: str, digits: str = "00") -> str:
    """A part of a whole, in hundredths with two decimals.

    Args:
        value: the part; 1 is the whole.
        language: of the reader.
        digits: the decimals, as in patterns of CLDR: `##` writes them where there are some.
    """
    pattern = f"#,##0.{digits}{SPACED[language]}" if digits else f"#,##0{SPACED[language]}"
    return str(format_percent(value, format=pattern, locale=LOCALES[language]))


def month(value: str, language: str) -> str:
    """`2026-11` as people write it."""
    first = date.fromisoformat(f"{value}-01")
    return str(format_date(first, "MMMM y", locale=LOCALES[language]))
