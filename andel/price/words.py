# SPDX-License-Identifier: MPL-2.0
"""A statement's words in Danish, German and English, and numbers as each writes them (Babel, from CLDR)."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, format_decimal, format_percent

LOCALES = {"da": "da_DK", "de": "de_DE", "en": "en_GB"}
"""Locale of each language."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a statement says in one language."""

    title: str
    subtitle: str
    to_pay: str
    how: str
    citizens: str
    size: str
    plan: str
    days: str
    days_of: str
    share: str
    costs: str
    line: str
    amount: str
    total: str
    all_members: str
    chart: str
    lowest: str
    highest: str
    reserve: str
    missing: str
    keys: dict[str, str]
    used: str
    requests: str
    input_tokens: str
    output_tokens: str
    energy: str
    unknown: str
    partly: str
    for_information: str
    foot: str


LANGUAGES: dict[str, Words] = {
    "da": Words(
        title="Opgørelse {year}",
        subtitle="{name}: andel af den fælles sprogmodelplatform",
        to_pay="Til betaling for {year}",
        how="Sådan er beløbet beregnet",
        citizens="Borgere",
        size="Størrelse",
        plan="Abonnement",
        days="Medlemskab",
        days_of="{days} af årets dage",
        share="Andel af det samlede beløb",
        costs="Hvad platformen koster",
        line="Post",
        amount="Beløb",
        total="I alt",
        all_members="Alle medlemmer betaler tilsammen",
        chart="Hvad hvert medlem betaler. {name} er fremhævet.",
        lowest="mindste: {amount}",
        highest="største: {amount}",
        reserve="Overskud, som lægges til reserven",
        missing="Underskud, som reserven dækker",
        keys={
            "size-classes": "Udgiften fordeles efter størrelsesklasser: Alle i samme klasse vejer lige meget.",
            "citizens": "Udgiften fordeles efter antal borgere.",
            "price-per-citizen": "Der betales en fast pris pr. borger, som er aftalt på forhånd.",
            "weights": "Udgiften fordeles efter vægte, som styregruppen har fastsat.",
        },
        used="Forbrug {months}",
        requests="Forespørgsler",
        input_tokens="Tokens i spørgsmål",
        output_tokens="Tokens i svar",
        energy="Strøm til GPU'er (kWh)",
        unknown="ukendt",
        partly="Perioden var ikke slut, da tallene blev læst.",
        for_information="Til orientering: Beløbet afhænger ikke af forbruget.",
        foot="Beløbet er en fast årspris. Det afhænger ikke af, hvor meget der bruges. Opgørelserne for alle medlemmer "
        "summer til det samlede beløb på øre.",
    ),
    "de": Words(
        title="Abrechnung {year}",
        subtitle="Anteil an der gemeinsamen Plattform für Sprachmodelle: {name}",
        to_pay="Zu zahlen für {year}",
        how="So ergibt sich der Betrag",
        citizens="Einwohner",
        size="Größenklasse",
        plan="Tarif",
        days="Mitgliedschaft",
        days_of="{days} Tage des Jahres",
        share="Anteil am Gesamtbetrag",
        costs="Was die Plattform kostet",
        line="Posten",
        amount="Betrag",
        total="Summe",
        all_members="Alle Mitglieder zahlen zusammen",
        chart="Was jedes Mitglied zahlt. Hervorgehoben: {name}.",
        lowest="kleinster: {amount}",
        highest="größter: {amount}",
        reserve="Überschuss, der in die Rücklage geht",
        missing="Fehlbetrag, den die Rücklage deckt",
        keys={
            "size-classes": "Die Kosten werden nach Größenklassen geteilt: Alle einer Klasse zählen gleich.",
            "citizens": "Die Kosten werden nach Einwohnern geteilt.",
            "price-per-citizen": "Gezahlt wird ein fester, vorab vereinbarter Preis je Einwohner.",
            "weights": "Die Kosten werden nach Gewichten geteilt, die der Lenkungskreis festgelegt hat.",
        },
        used="Nutzung {months}",
        requests="Anfragen",
        input_tokens="Token der Fragen",
        output_tokens="Token der Antworten",
        energy="Strom der GPUs (kWh)",
        unknown="unbekannt",
        partly="Der Zeitraum war noch nicht zu Ende, als die Zahlen gelesen wurden.",
        for_information="Zur Kenntnis: Der Betrag hängt nicht von der Nutzung ab.",
        foot="Der Betrag ist ein fester Jahrespreis. Er hängt nicht von der Nutzung ab. Die Abrechnungen aller "
        "Mitglieder ergeben zusammen auf den Cent den Gesamtbetrag.",
    ),
    "en": Words(
        title="Statement {year}",
        subtitle="{name}: share of the common language model platform",
        to_pay="To pay for {year}",
        how="How the amount comes about",
        citizens="Citizens",
        size="Size class",
        plan="Plan",
        days="Membership",
        days_of="{days} days of the year",
        share="Share of the total",
        costs="What the platform costs",
        line="Item",
        amount="Amount",
        total="Total",
        all_members="All members pay together",
        chart="What each member pays. {name} is highlighted.",
        lowest="lowest: {amount}",
        highest="highest: {amount}",
        reserve="Surplus, kept in reserve",
        missing="Shortfall, met from the reserve",
        keys={
            "size-classes": "The cost is shared by size classes: all members of a class count alike.",
            "citizens": "The cost is shared by number of citizens.",
            "price-per-citizen": "A fixed price per citizen is paid, agreed in advance.",
            "weights": "The cost is shared by weights that the steering group has set.",
        },
        used="Use {months}",
        requests="Requests",
        input_tokens="Tokens of prompts",
        output_tokens="Tokens of answers",
        energy="Power of GPUs (kWh)",
        unknown="unknown",
        partly="The time had not ended when the figures were read.",
        for_information="For information: the amount does not depend on use.",
        foot="The amount is a flat price for the year. It does not depend on use. The statements of all members add up "
        "to the total exactly.",
    ),
}
"""Words by language."""


def money(currency: str, language: str) -> Callable[[Decimal], str]:
    """How amounts of a currency are written."""
    return lambda amount: str(format_currency(amount, currency, locale=LOCALES[language]))


def number(value: int, language: str) -> str:
    """A whole number with its thousands set apart."""
    return str(format_decimal(value, locale=LOCALES[language]))


def decimal(value: Decimal, language: str) -> str:
    """A number with up to three decimals."""
    return str(format_decimal(value, format="#,##0.###", locale=LOCALES[language]))


def percent(value: Decimal, language: str) -> str:
    """A part of a whole, in hundredths with two decimals."""
    return str(format_percent(value, format="#,##0.00 %", locale=LOCALES[language]))
