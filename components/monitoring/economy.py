# SPDX-License-Identifier: MPL-2.0
"""What a year costs, beside what is used of it: amounts are the statements' own, use is told for information alone.

Nothing here is paid by. A series has the whole amount of the year, as the config says it today.
"""

from collections.abc import Sequence

from andel.economy.statements import Year, settle
from config.economy import Economy
from config.economy_rules import period
from config.environment import Environment

from .panels import Board, Panel
from .recording import TOKENS, Rule, plain, record

DAY = "1d"

SERVED = f"sum_over_time(andel:municipality_requests:rate5m[{DAY}])"
"""What each municipality got in a day, in a measure of its own."""


def figures(environment: Environment) -> list[Rule]:
    """Amounts by line and by municipality, and parts of the cost and of a day's requests."""
    economy, year = environment.economy, settle(environment)
    if economy is None or year is None:
        return []
    lines = [
        record("andel:economy_cost:amount", f"vector({plain(line.amount)})", line=line.key, gpus=yes(line.gpus))
        for line in year.lines
    ]
    amounts = [
        record("andel:economy_statement:amount", f"vector({plain(one.amount)})", municipality=one.slug)
        for one in year.statements
        if told(environment)
    ]
    parts = "andel:economy_statement:amount / on () group_left () sum(andel:economy_statement:amount)"
    used = f"{SERVED} / on () group_left () (sum({SERVED}) > 0)"
    return [
        *lines,
        *amounts,
        *([record("andel:economy_statement:share", parts)] if amounts else []),
        *([record("andel:municipality_requests:share1d", used)] if environment.tiers else []),
        record("andel:economy_gpus_per_million_tokens:amount", of_tokens(hours(economy))),
    ]


def told(environment: Environment) -> bool:
    """Whether what members pay is told as series."""
    return environment.monitoring is not None and environment.monitoring.statements


def yes(condition: bool) -> str:
    """A condition as a label."""
    return "yes" if condition else "no"


def hours(economy: Economy) -> int:
    """Hours of the year in which the platform is open, and which its cost is of."""
    first, end = period(economy)
    return (end - first).days * 24


def of_tokens(hours: int) -> str:
    """What a million tokens would cost, were every hour of the year like the last five minutes."""
    hourly = f'sum(andel:economy_cost:amount{{gpus="yes"}}) / {hours}'
    return f"{hourly} / (sum(andel:model_tokens:rate5m) * 3600 > 0) * {TOKENS * TOKENS}"


def economy(environment: Environment) -> Board | None:
    """What does it cost, and who uses what is paid for?"""
    year = settle(environment)
    if year is None:
        return None
    return Board("andel-economy", "andel: economy", panels(year, environment))


def panels(year: Year, environment: Environment) -> Sequence[Panel]:
    """Panels of the board."""
    unit = f"currency{year.currency}"
    found = [
        Panel(f"What {year.year} costs", unit, {"{{line}}": "andel:economy_cost:amount"}, kind="table"),
        *(owed(year, unit) if told(environment) else []),
        Panel("GPUs of a million tokens", unit, {"now": "andel:economy_gpus_per_million_tokens:amount"}),
    ]
    if any(pool.price_per_gpu_hour is not None for pool in environment.pools.values()):
        cost = {"{{pool}}": "andel:pool_idle_cost_per_hour:dkk"}
        found.append(Panel("What waiting GPUs cost in an hour", "currencyDKK", cost))
    return found


def owed(year: Year, unit: str) -> Sequence[Panel]:
    """What members pay, and what they use."""
    parts = {
        "{{municipality}} pays": "andel:economy_statement:share",
        "{{municipality}} uses": "andel:municipality_requests:share1d",
    }
    about = "For information: the key decides what is paid, not use."
    return [
        Panel(
            f"What members pay for {year.year}", unit, {"{{municipality}}": "andel:economy_statement:amount"}, "table"
        ),
        Panel("Parts of the cost and of a day's requests", "percentunit", parts, about=about),
    ]
