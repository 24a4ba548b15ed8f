# SPDX-License-Identifier: MPL-2.0
"""A statement's words in Danish, German and English. Numbers in them are written by `numbers`."""

from collections.abc import Mapping
from dataclasses import dataclass


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
    total: str
    all_members: str
    chart: str
    lowest: str
    highest: str
    reserve: str
    missing: str
    keys: Mapping[str, str]
    cap: str
    plans: str
    compared: str
    same: str
    beyond: str
    unmeasured: str
    used: str
    requests: str
    input_tokens: str
    output_tokens: str
    energy: str
    unknown: str
    partly: str
    counted: str
    metered: str
    for_information: str
    foot: str
    adds_up: str
    price_list: str


LANGUAGES: dict[str, Words] = {
    "da": Words(
        title="Opgørelse {year}",
        subtitle="{name}: andel af den fælles sprogmodelplatform",
        to_pay="Til betaling for {year}",
        how="Sådan er beløbet beregnet",
        citizens="Antal borgere",
        size="Størrelsesklasse",
        plan="Abonnement",
        days="Medlemskab",
        days_of="{days} af årets {all} dage",
        share="Andel af alle medlemmers betaling",
        costs="Hvad platformen koster",
        total="Udgift i alt",
        all_members="Alle medlemmer betaler tilsammen",
        chart="Hvad hvert medlem betaler. {name} er fremhævet.",
        lowest="laveste beløb: {amount}",
        highest="højeste beløb: {amount}",
        reserve="Overskud, som lægges til reserven",
        missing="Underskud, som reserven dækker",
        keys={
            "size-classes": "Udgiften fordeles efter størrelsesklasser: Alle i samme klasse vejer lige meget.",
            "citizens": "Udgiften fordeles efter antal borgere.",
            "price-per-citizen": "Der betales en pris pr. borger, som er aftalt på forhånd.",
            "weights": "Udgiften fordeles efter vægte, som styregruppen har fastsat.",
        },
        cap="Borgere ud over {citizens} tæller kun {percent}.",
        plans="Resultatet ganges med abonnementets vægt.",
        compared="Egne GPU'er eller en cloudtjeneste",
        same="Egne GPU'er og en cloudtjeneste koster det samme ved {times} gange det forventede forbrug.",
        beyond="Egne GPU'er og en cloudtjeneste ville først koste det samme ved {times} gange det forventede forbrug. "
        "Det er uden for rækkevidde: Platformens GPU'er kan højst klare {most} gange det forventede forbrug.",
        unmeasured="Det er ikke målt, om platformens GPU'er kan klare så meget.",
        used="Forbrug: {months}",
        requests="Forespørgsler",
        input_tokens="Tokens i spørgsmål",
        output_tokens="Tokens i svar",
        energy="Strøm til GPU'er (kWh)",
        unknown="ukendt",
        partly="Perioden var ikke afsluttet, da tallene blev opgjort.",
        counted="Forespørgsler og tokens er kun talt i en del af tiden ({parts}); resten er ikke med i tallene.",
        metered="Strømmen er kun målt i en del af tiden ({parts}).",
        for_information="Til orientering: Beløbet afhænger ikke af forbruget.",
        foot="Beløbet er en pris for året og afhænger ikke af forbruget.",
        adds_up="Opgørelserne for alle medlemmer giver tilsammen præcis den samlede udgift.",
        price_list="Det, som medlemmerne tilsammen betaler, er ikke nødvendigvis det samme som udgiften: Et overskud "
        "lægges til reserven, og et underskud dækkes af den.",
    ),
    "de": Words(
        title="Abrechnung {year}",
        subtitle="{name}: Anteil an der gemeinsamen Plattform für Sprachmodelle",
        to_pay="Zu zahlen für {year}",
        how="So ergibt sich der Betrag",
        citizens="Einwohnerzahl",
        size="Größenklasse",
        plan="Tarif",
        days="Mitgliedschaft",
        days_of="{days} von {all} Tagen des Jahres",
        share="Anteil an den Zahlungen aller Mitglieder",
        costs="Was die Plattform kostet",
        total="Gesamtkosten",
        all_members="Alle Mitglieder zahlen zusammen",
        chart="Was jedes Mitglied zahlt. Hervorgehoben: {name}.",
        lowest="niedrigster Betrag: {amount}",
        highest="höchster Betrag: {amount}",
        reserve="Überschuss, der in die Rücklage fließt",
        missing="Fehlbetrag, den die Rücklage deckt",
        keys={
            "size-classes": "Die Kosten werden nach Größenklassen verteilt: Alle in einer Klasse zählen gleich.",
            "citizens": "Die Kosten werden nach der Einwohnerzahl verteilt.",
            "price-per-citizen": "Gezahlt wird ein vorab vereinbarter Preis je Einwohner.",
            "weights": "Die Kosten werden nach Gewichten verteilt, die der Lenkungskreis festgelegt hat.",
        },
        cap="Einwohner über {citizens} hinaus zählen nur zu {percent}.",
        plans="Das Ergebnis wird mit dem Gewicht des Tarifs multipliziert.",
        compared="Eigene GPUs oder ein Cloud-Dienst",
        same="Eigene GPUs und ein Cloud-Dienst kosten beim {times}-Fachen der erwarteten Nutzung gleich viel.",
        beyond="Eigene GPUs und ein Cloud-Dienst würden erst beim {times}-Fachen der erwarteten Nutzung gleich viel "
        "kosten. Das ist außer Reichweite: Die GPUs der Plattform bewältigen höchstens das {most}-Fache.",
        unmeasured="Ob die GPUs der Plattform so viel bewältigen, wurde nicht gemessen.",
        used="Nutzung: {months}",
        requests="Anfragen",
        input_tokens="Token der Anfragen",
        output_tokens="Token der Antworten",
        energy="Strom für GPUs (kWh)",
        unknown="unbekannt",
        partly="Der Zeitraum war noch nicht zu Ende, als die Zahlen ermittelt wurden.",
        counted="Anfragen und Token wurden nur in einem Teil der Zeit gezählt ({parts}); der Rest ist nicht enthalten.",
        metered="Der Strom wurde nur in einem Teil der Zeit gemessen ({parts}).",
        for_information="Zur Information: Der Betrag hängt nicht von der Nutzung ab.",
        foot="Der Betrag ist ein Preis für das Jahr und hängt nicht von der Nutzung ab.",
        adds_up="Die Abrechnungen aller Mitglieder ergeben zusammen genau die Gesamtkosten.",
        price_list="Die Zahlungen aller Mitglieder decken sich nicht unbedingt mit den Kosten: Ein Überschuss fließt "
        "in die Rücklage, ein Fehlbetrag wird aus ihr gedeckt.",
    ),
    "en": Words(
        title="Statement {year}",
        subtitle="{name}: share of the joint platform for language models",
        to_pay="Amount due for {year}",
        how="How the amount is worked out",
        citizens="Number of citizens",
        size="Size class",
        plan="Plan",
        days="Membership",
        days_of="{days} of the year's {all} days",
        share="Share of what all members pay",
        costs="What the platform costs",
        total="Total cost",
        all_members="Paid by all members together",
        chart="What each member pays. {name} is highlighted.",
        lowest="lowest: {amount}",
        highest="highest: {amount}",
        reserve="Surplus, added to the reserve",
        missing="Shortfall, met from the reserve",
        keys={
            "size-classes": "The cost is shared by size class: all members of a class count alike.",
            "citizens": "The cost is shared by number of citizens.",
            "price-per-citizen": "A price per citizen is paid, agreed in advance.",
            "weights": "The cost is shared by weights that the steering group has set.",
        },
        cap="Citizens above {citizens} count for {percent} only.",
        plans="The result is multiplied by the weight of the plan.",
        compared="Own GPUs or a cloud service",
        same="Own GPUs and a cloud service cost the same at {times} times the expected use.",
        beyond="Own GPUs and a cloud service would only cost the same at {times} times the expected use. That is out "
        "of reach: the platform's GPUs can carry {most} times the expected use at most.",
        unmeasured="Nobody has measured whether the platform's GPUs can carry that much.",
        used="Use: {months}",
        requests="Requests",
        input_tokens="Tokens of prompts",
        output_tokens="Tokens of answers",
        energy="Electricity for GPUs (kWh)",
        unknown="unknown",
        partly="The period had not ended when the figures were read.",
        counted="Requests and tokens were counted for part of the time only ({parts}); the rest is not included.",
        metered="Electricity was measured for part of the time only ({parts}).",
        for_information="For information: the amount does not depend on use.",
        foot="The amount is a price for the year and does not depend on use.",
        adds_up="The statements of all members add up to the total cost exactly.",
        price_list="What the members pay together need not equal the cost: a surplus is added to the reserve, and a "
        "shortfall is met from it.",
    ),
}
"""Words by language."""
