# SPDX-License-Identifier: MPL-2.0
"""A statement on one page: HTML with its chart inside, nothing fetched and nothing run.

It is built as a tree and written by the standard library, which escapes every name: no municipality's name is HTML.
"""

from xml.etree.ElementTree import Element, SubElement, tostring

from andel.economy.statements import Statement, Year
from andel.economy.usage import Usage

from .chart import chart
from .words import LANGUAGES, Words, decimal, money, number, percent

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for it: nothing."""

STYLE = """
@page { size: A4; margin: 18mm }
body { font: 11pt/1.45 sans-serif; color: #1b1b1b; max-width: 174mm; margin: 2em auto }
h1 { font-size: 20pt; margin: 0 } h2 { font-size: 12.5pt; margin: 1.4em 0 .4em }
p { margin: .3em 0 } .pay { font-size: 17pt; font-weight: bold; margin: .9em 0 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25em 0; font-weight: normal }
td:last-child, th.amount { text-align: right; font-variant-numeric: tabular-nums }
tr + tr > *, tfoot > tr > * { border-top: 1px solid #cfcfcf } tfoot td, tfoot th { font-weight: bold }
svg { width: 100%; height: auto } footer { color: #555; font-size: 9pt; margin-top: 1.5em }
"""


def page(year: Year, slug: str, language: str, usage: Usage | None = None) -> str:
    """The statement of one member, as a whole HTML document; with `usage`, what it used is told beneath.

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
    if usage is not None:
        _used(body, usage, slug, words, language)
    _text(SubElement(body, "footer"), "p", words.foot)
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _how(body: Element, year: Year, one: Statement, words: Words, language: str) -> None:
    """What the amount follows from."""
    _text(body, "h2", words.how)
    _text(body, "p", words.keys[year.key.kind])
    rows = {
        words.citizens: number(one.citizens, language) if one.citizens else None,
        words.size: one.size_class,
        words.plan: one.tier,
        words.days: words.days_of.format(days=one.days),
        words.share: percent(one.amount / year.paid, language) if year.paid else None,
    }
    _table(body, {name: value for name, value in rows.items() if value})


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


def _used(body: Element, usage: Usage, slug: str, words: Words, language: str) -> None:
    """What the member used, for information."""
    used = usage.of(slug)
    _text(body, "h2", words.used.format(months=usage.name))
    counts = {
        words.requests: used.requests,
        words.input_tokens: used.input_tokens,
        words.output_tokens: used.output_tokens,
    }
    rows = {name: words.unknown if count is None else number(count, language) for name, count in counts.items()}
    energy = used.kilowatt_hours
    rows[words.energy] = words.unknown if energy is None else decimal(energy, language)
    _table(body, rows)
    _text(body, "p", words.for_information if usage.complete else f"{words.partly} {words.for_information}")


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
