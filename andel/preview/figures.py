# SPDX-License-Identifier: MPL-2.0
"""Prices, quotas and GPUs before and after as rows and lines, for a comment and for a terminal."""

from collections import defaultdict
from decimal import Decimal

from .bars import bar, fill
from .effects import UNKNOWN, Effect, Municipality, Pool
from .words import names

MOST = 12
"""Municipalities drawn before the rest is left out."""

Row = list[str]
"""Cells of a table."""

ZERO = Decimal(0)

NONE = "-"
"""Where there is nothing."""


def price(one: Municipality, side: int) -> Decimal | None:
    """What a municipality pays before (0) or after (1)."""
    of = (one.before, one.after)[side]
    return None if of is None else of.price


def priced(effect: Effect) -> list[Municipality]:
    """Municipalities that pay something, before or after."""
    return [one for one in effect.municipalities if not price(one, 0) is price(one, 1) is None]


def dearer_or_cheaper(effect: Effect) -> list[Municipality]:
    """Those whose price changes, by how much; all of them where the currency is another one."""
    found = [one for one in priced(effect) if effect.recoined or price(one, 0) != price(one, 1)]
    return sorted(found, key=lambda one: (-abs((price(one, 1) or ZERO) - (price(one, 0) or ZERO)), one.slug))


def cost(effect: Effect) -> str:
    """What the year costs, in a sentence without its end."""
    before, after = effect.cost
    if after is None:
        return f"The year cost {money(before)} {effect.currency} before, and is not priced any more"
    text = f"The year costs {money(after)} {effect.currency}"
    if before is not None and effect.recoined:
        return f"{text}; before, it cost {money(before)} {effect.recoined}"
    if before is None or before == after:
        return text
    return f"{text}, {money(abs(after - before))} {'more' if after > before else 'less'} than before"


def prices(effect: Effect) -> list[Row]:
    """A row for each municipality that pays: before, after, difference."""
    return [[one.slug, money(price(one, 0)), money(price(one, 1)), difference(one, effect)] for one in priced(effect)]


def price_chart(effect: Effect) -> list[str]:
    """Two bars for each municipality whose price changes most."""
    most = max(
        (amount for one in priced(effect) for side in (0, 1) if (amount := price(one, side))), default=Decimal(0)
    )
    drawn = dearer_or_cheaper(effect)[:MOST]
    wide = max((len(one.slug) for one in drawn), default=0)
    lines = []
    for one in drawn:
        for side, word in enumerate(("before", "after")):
            amount = price(one, side)
            none = "(no member)" if (one.before, one.after)[side] is None else "(no price)"
            told = none if amount is None else f"{bar(amount, most)} {money(amount)}"
            lines.append(f"{'' if side else one.slug:{wide}}  {word:6} {told}")
    return lines


def tiers(effect: Effect) -> list[Row]:
    """Municipalities whose plan changes, with those that join or leave."""
    rows = []
    for one in effect.municipalities:
        was, now = (side.tier or NONE if side else NONE for side in (one.before, one.after))
        if was != now:
            rows.append([one.slug, was, now])
    return rows


def quotas(effect: Effect) -> list[Row]:
    """Limits and room that change: for whom, what, before, after."""
    return _grouped(effect, "quota")


def gpus(effect: Effect) -> list[Row]:
    """GPU shares behind the models of municipalities that change: for whom, which model, before, after."""
    return _grouped(effect, "gpus")


def _grouped(effect: Effect, of: str) -> list[Row]:
    """What changes alike is one row. Who joins has all of a plan's limits, and is told by its plan."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for one in effect.municipalities:
        if one.before is not None and one.after is not None:
            for words, (was, now) in getattr(one, of).items():
                found[words, was, now].append(one.slug)
    return [[names(who), words, was or NONE, now or NONE] for (words, was, now), who in found.items()]


def pool_chart(effect: Effect) -> list[str]:
    """A bar for each pool; two where something changes."""
    sides = [side for one in effect.pools for side in (one.before, one.after) if side]
    widest = max((shares for _, shares in sides), default=0)
    wide = max((len(one.name) for one in effect.pools), default=0)
    lines = []
    for one in effect.pools:
        before, after = (_pool(one, side, widest) for side in (0, 1))
        if before == after:
            lines.append(f"{one.name:{wide}}  {'same':6} {after}")
        else:
            lines += [f"{one.name:{wide}}  {'before':6} {before}", f"{'':{wide}}  {'after':6} {after}"]
    return lines


def _pool(one: Pool, side: int, widest: int) -> str:
    use, fits = (one.before, one.after)[side], one.fits[side]
    if use is None:
        return f"({fits})"
    used, there = use
    told = f"{used} of {there} shares used" if used <= there else f"{used} shares asked for, {there} there"
    return f"{fill(used, there, widest)} {told}, {fits}".lstrip()


def queues(effect: Effect) -> list[Row]:
    """Quotas of GPU queues that change."""
    return [[name, was or NONE, now or NONE] for name, (was, now) in effect.queues.items()]


def money(amount: Decimal | None) -> str:
    """An amount for people."""
    return NONE if amount is None else f"{amount:,.2f}"


def difference(one: Municipality, effect: Effect) -> str:
    """How much more or less a municipality pays, with its sign."""
    if one.before is None or one.after is None:
        return "joins" if one.before is None else "leaves"
    before, after = one.before.price, one.after.price
    if before is None or after is None:
        return "priced now" if before is None else "no price now"
    if effect.recoined:
        return "another currency"
    return "=" if before == after else f"{after - before:+,.2f}"


SIDES = ("before", "after")
"""Sides of a change, as headings name them."""


def missing(effect: Effect, what: str) -> str:
    """Of which side there is nothing since it is refused, in a sentence; empty where there is all.

    Args:
        effect: of a platform.
        what: there isn't, as `price`.
    """
    match effect.refused:
        case (False, False):
            return ""
        case (True, True):
            return f"Both revisions are refused: neither has a {what}."
        case (before, _):
            gone, there = ("base", "head") if before else ("head", "base")
            return f"The {gone} is refused, and has no {what}. What is shown is the {there}'s."


def standing_prices(effect: Effect, side: int) -> list[Row]:
    """What each municipality pays on one side."""
    return [[one.slug, money(price(one, side))] for one in effect.municipalities if price(one, side) is not None]


def standing_quotas(effect: Effect, side: int) -> list[Row]:
    """Plans, limits and room on one side: whose, what, and what it is."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in effect.municipalities:
        of = (one.before, one.after)[side]
        if of is not None:
            for words, value in {"plan": of.tier or NONE, **of.quota}.items():
                found[words, value].append(one.slug)
    # Plan by plan as they come, and what each of them has.
    return [[names(who), words, value] for (words, value), who in found.items()]


def counted(effect: Effect) -> str:
    """How far the pools of a refused side are known, in a sentence."""
    who = "Both revisions are" if all(effect.refused) else f"The {'base' if effect.refused[0] else 'head'} is"
    sides = [side for side in (0, 1) if effect.refused[side]]
    if any(one.fits[side] == UNKNOWN for one in effect.pools for side in sides):
        return f"{who} refused, and pools or models are wrong by themselves: nobody can count them."
    return f"{who} refused: shown is what models ask for and what pools have, as far as that can be counted."
