# SPDX-License-Identifier: MPL-2.0
"""A statement on one page: HTML with its chart inside, nothing fetched and nothing run.

It is built as a tree and written by the standard library, which escapes every name: no municipality's name is HTML.
"""

from decimal import Decimal
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement, tostring

from andel.economy.comparison import Compared
from andel.economy.cost import days_of
from andel.economy.statements import Statement, Year
from andel.economy.usage import WHOLE, Usage
from config.economy_keys import Key, PriceKey, WeightsKey

from .chart import chart
from .numbers import decimal, money, month, number, percent, times
from .words import LANGUAGES, Words

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for it: nothing."""

STYLE = """
@page { size: A4; margin: 18mm }
body { font: 11pt/1.45 sans-serif; color: #1b1b1b; max-width: 174mm; margin: 2em auto; overflow-wrap: anywhere }
h1 { font-size: 20pt; margin: 0 } h2 { font-size: 12.5pt; margin: 1.4em 0 .4em }
p { margin: .3em 0 } .pay { font-size: 17pt; font-weight: bold; margin: .9em 0 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25em 0; font-weight: normal }
td { text-align: right; padding-left: 1em; white-space: nowrap; font-variant-numeric: tabular-nums }
tr + tr > *, tfoot > tr > * { border-top: 1px solid #cfcfcf } tfoot td, tfoot th { font-weight: bold }
svg { display: block; width: 100%; height: auto; margin-top: 1em }
footer { color: #555; font-size: 9pt; margin-top: 1.5em }
@media print {
  body { font: 9pt/1.3 sans-serif; margin: 0 } h1 { font-size: 16pt } h2 { font-size: 10.5pt; margin: 1em 0 .2em }
  .pay { font-size: 13pt; margin: .6em 0 } th, td { padding: .12em 0 } p { margin: .15em 0 }
  svg { width: 65%; margin: .8em auto 0; break-inside: avoid } footer { font-size: 8pt; margin-top: .8em }
}
"""


def page(year: Year, slug: str, language: str, usage: Usage | None = None, compared: Compared | None = None) -> str:
    """The statement of one member, as a whole HTML document.

    Args:
        year: everybody's statements.
        slug: whose it is.
        language: one of `LANGUAGES`.
        usage: what was used; told beneath.
        compared: own GPUs beside a cloud; a sentence says at which use they cost the same.

    Raises:
        KeyError: nobody has that slug, or nobody speaks that language.
    """
    words = LANGUAGES[language]
    one = {statement.slug: statement for statement in year.statements}[slug]
    root = Element("html", lang=language)
    head = SubElement(root, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": POLICY})
    _text(head, "title", f"{words.title.format(year=year.year)}: {one.name}")
    _text(head, "style", STYLE)
    body = SubElement(root, "body")
    _text(body, "h1", words.title.format(year=year.year))
    _text(body, "p", words.subtitle.format(name=one.name))
    paid = money(year.currency, language)(one.amount)
    _text(body, "p", f"{words.to_pay.format(year=year.year)}: {paid}", {"class": "pay"})
    _how(body, year, one, words, language)
    _costs(body, year, words, language)
    _chart(body, year, one, words, language)
    if compared is not None:
        _compared(body, compared, words, language)
    if usage is not None:
        _used(body, usage, slug, words, language)
    rest = words.price_list if isinstance(year.key, PriceKey) else words.adds_up
    _text(SubElement(body, "footer"), "p", f"{words.foot} {rest}")
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _how(body: Element, year: Year, one: Statement, words: Words, language: str) -> None:
    """What the amount follows from."""
    _text(body, "h2", words.how)
    told = [words.keys[year.key.kind], *_capped(year.key, words, language)]
    _text(body, "p", " ".join([*told, *([words.plans] if year.plans_count else [])]))
    rows = {
        words.citizens: number(one.citizens, language) if one.citizens else None,
        words.size: one.size_class,
        words.plan: one.tier,
        words.days: words.days_of.format(days=one.days, all=days_of(year.year)),
        words.share: percent(one.amount / year.paid, language) if year.paid else None,
    }
    _table(body, {name: value for name, value in rows.items() if value})


def _capped(key: Key, words: Words, language: str) -> list[str]:
    """What citizens above a number count, where that is less."""
    cap = None if isinstance(key, WeightsKey) else getattr(key, "cap", None)
    if cap is None or cap.percent == 100:
        return []
    return [
        words.cap.format(citizens=number(cap.citizens, language), percent=percent(cap.percent / 100, language, "####"))
    ]


def _costs(body: Element, year: Year, words: Words, language: str) -> None:
    """The lines of cost, their sum, and what all pay."""
    written = money(year.currency, language)
    _text(body, "h2", words.costs)
    foot = {words.total: written(year.cost), words.all_members: written(year.paid)}
    if year.left:
        foot[words.reserve if year.left > 0 else words.missing] = written(abs(year.left))
    # Two lines may carry one name, so they are no mapping.
    table = _table(body, {})
    for line in year.lines:
        _row(table, line.name, written(line.amount))
    last = SubElement(table, "tfoot")
    for name, value in foot.items():
        _row(last, name, value)


def _chart(body: Element, year: Year, one: Statement, words: Words, language: str) -> None:
    """What everybody pays, and a sentence that says what is to be seen."""
    written = money(year.currency, language)
    told = words.chart.format(name=one.name)
    amounts = [statement.amount for statement in year.statements]
    labels = (words.lowest.format(amount=written(min(amounts))), words.highest.format(amount=written(max(amounts))))
    body.append(chart(year.statements, one.slug, told, labels))
    _text(body, "p", told)


def _compared(body: Element, compared: Compared, words: Words, language: str) -> None:
    """At which use own GPUs and a cloud cost the same, and whether they carry as much."""
    one = compared.breaks_even["own-cloud"]
    sentence = words.beyond if one.reached is False else words.same
    told = {"times": _times(one.times, language), "most": "" if one.most is None else _times(one.most, language)}
    _text(body, "h2", words.compared)
    _text(body, "p", sentence.format(**told) + ("" if one.reached is not None else f" {words.unmeasured}"))


def _times(value: Fraction, language: str) -> str:
    return times(Decimal(value.numerator) / value.denominator, language)


def _used(body: Element, usage: Usage, slug: str, words: Words, language: str) -> None:
    """What the member used, for information."""
    used = usage.of(slug)
    spans = (dict.fromkeys(month(one, language) for one in span) for span in usage.spans)
    _text(body, "h2", words.used.format(months=", ".join(" – ".join(span) for span in spans)))
    counts = {
        words.requests: used.requests,
        words.input_tokens: used.input_tokens,
        words.output_tokens: used.output_tokens,
    }
    rows = {name: words.unknown if count is None else number(count, language) for name, count in counts.items()}
    energy = used.kilowatt_hours
    rows[words.energy] = words.unknown if energy is None else decimal(energy, language)
    _table(body, rows)
    told = [] if usage.complete else [words.partly]
    if used.requests is not None:
        told += _in_part({one.month: one.counted for one in usage.months}, words.counted, words, language)
    if energy is not None:
        told += _in_part({one.month: one.metered for one in usage.months}, words.metered, words, language)
    _text(body, "p", " ".join([*told, words.for_information]))


def _in_part(parts: dict[str, float | None], sentence: str, words: Words, language: str) -> list[str]:
    """A sentence on the months that were not read to the end, or of which nobody says that they were."""
    known = {
        name: words.unknown if one is None else percent(Decimal(str(one)), language, "")
        for name, one in parts.items()
        if one is None or one < WHOLE
    }
    told = ", ".join(f"{month(name, language)}: {one}" for name, one in known.items())
    return [sentence.format(parts=told)] if known else []


def _table(body: Element, rows: dict[str, str]) -> Element:
    table = SubElement(body, "table")
    for name, value in rows.items():
        _row(table, name, value)
    return table


def _row(table: Element, name: str, value: str) -> None:
    row = SubElement(table, "tr")
    _text(row, "th", name, {"scope": "row"})
    _text(row, "td", value)


def _text(parent: Element, tag: str, text: str, attributes: dict[str, str] | None = None) -> None:
    SubElement(parent, tag, attributes or {}).text = text
