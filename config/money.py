# SPDX-License-Identifier: MPL-2.0
"""Amounts, prices and weights: decimals, read as they are written."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, WithJsonSchema

Money = Annotated[
    Decimal,
    Field(ge=0, le=10**11, decimal_places=2),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 10**11, "multipleOf": 0.01}),
]
"""An amount of the economy's currency, to the hundredth (øre, cent)."""

UnitPrice = Annotated[
    Decimal,
    Field(gt=0, le=10**6, decimal_places=6),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 10**6}),
]
"""The price of one unit: a kilowatt hour, a million tokens."""

Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4), WithJsonSchema({"type": "number", "minimum": 0})]
"""Hundredths of a whole."""

Weight = Annotated[
    Decimal, Field(gt=0, le=10**6, decimal_places=6), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
]
"""How much one counts beside others: 2 pays twice what 1 pays."""
