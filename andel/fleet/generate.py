# SPDX-License-Identifier: MPL-2.0
"""Made-up municipalities for trials: a register in an environment's file, and a stack file each.

The same count, seed and environment give the same files, byte for byte. No name is a real municipality's on purpose;
sizes are spread as Denmark's are (98 municipalities, half of them below 43,000 citizens; Statistics Denmark, FOLK1A).
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from andel.release.admission import judged
from config.contract import contract
from config.environment import Environment
from config.judge import judge_municipality
from config.municipality_rules import mistakes
from config.section import refuse_if_any
from config.stackfile import KEY, MUNICIPALITY, SWITCH, read

BEGINNINGS = [
    "Ask",
    "Birke",
    "Bøge",
    "Egs",
    "Elle",
    "Fugle",
    "Gran",
    "Grøn",
    "Hassel",
    "Havre",
    "Hvede",
    "Kirse",
    "Klint",
    "Kløver",
    "Linde",
    "Lyng",
    "Mose",
    "Nord",
    "Pile",
    "Rug",
    "Rosen",
    "Siv",
    "Skov",
    "Sol",
    "Sten",
    "Strand",
    "Syd",
    "Tang",
    "Tjørne",
    "Vester",
    "Øster",
    "Ænge",
]
ENDS = ["bjerg", "borg", "dal", "havn", "holm", "høj", "lund", "rup", "sted", "sund", "toft", "vig"]
MOST = len(BEGINNINGS) * len(ENDS)
"""Names that there are."""

MEDIAN, SPREAD, LEAST, LARGEST = 43_000, 0.8, 1_800, 660_000
"""Citizens: median and spread (natural logarithm) of a log-normal distribution, and its ends."""

CHATTING, LARGE = 25_000, 100_000
"""Citizens from which a municipality has a chat, and from which it has more of everything."""

APPLICATIONS = ("journal", "borgerservice", "oversaettelse", "arkiv")


@dataclass(frozen=True)
class Made:
    """A made-up municipality."""

    name: str
    """Name for people."""

    citizens: int
    """Its size."""

    @property
    def slug(self) -> str:
        """Its name in the register."""
        letters = {"ø": "o", "å": "aa", "æ": "ae"}
        return "".join(letters.get(letter, letter) for letter in self.name.lower())


def made(count: int, seed: int) -> list[Made]:
    """So many municipalities, the same for the same seed.

    Raises:
        ValueError: there are fewer names.
    """
    if not 1 <= count <= MOST:
        raise ValueError(f"there are names for 1 to {MOST} municipalities")
    chance = random.Random(seed)  # noqa: S311 (trials have to be repeatable)
    names = [beginning + end for beginning in BEGINNINGS for end in ENDS]
    chance.shuffle(names)
    sizes = (math.exp(chance.gauss(math.log(MEDIAN), SPREAD)) for _ in range(count))
    return [
        Made(name, min(LARGEST, max(LEAST, round(size, -2))))
        for name, size in zip(names, map(int, sizes), strict=False)
    ]


def write(source: Path, folder: Path, count: int, seed: int) -> list[Path]:
    """Write an environment with made-up members, and their stack files, into a folder.

    Args:
        source: the environment's stack file, `Pulumi.<environment>.yaml`; all but its register is taken over.
        folder: where `Pulumi.<environment>.yaml` and `municipalities/` come to lie.
        count: how many members.
        seed: of chance.

    Returns:
        What was written, the environment first.

    Raises:
        Refusal: the source is not good, or what would be written.
        ValueError: there are fewer names; or stack files of others lie there.
    """
    stack = source.name.removeprefix("Pulumi.").removesuffix(".yaml")
    written_there, ones = read(source), made(count, seed)
    tiers, document = judged(written_there.environment).tiers, written_there.document
    plans = sorted(tiers, key=lambda tier: tiers[tier].priority)
    document["config"][KEY]["municipalities"] = {
        one.slug: {"name": one.name, "tier": plans[-1 if one.citizens >= LARGE else 0], "citizens": one.citizens}
        for one in ones
    }
    environment = judged(document["config"][KEY])
    meant = [folder / "municipalities" / f"Pulumi.{stack}-{one.slug}.yaml" for one in ones]
    if others := sorted({*(folder / "municipalities").glob(f"Pulumi.{stack}-*.yaml")} - {*meant}):
        raise ValueError(f"{others[0]} lies there already, and is none of these; name an empty folder")
    (folder / "municipalities").mkdir(parents=True, exist_ok=True)
    written = [folder / source.name]
    written[0].write_text(_text(document), encoding="utf-8")
    for file, furniture in zip(meant, furnished(environment, ones, stack), strict=True):
        file.write_text(_text({"config": {SWITCH: ["*"], MUNICIPALITY: furniture}}), encoding="utf-8")
    return [*written, *meant]


def furnished(environment: Environment, ones: list[Made], stack: str) -> Iterator[dict[str, Any]]:
    """What each writes into its stack file, judged."""
    given = contract(environment)
    for one in ones:
        furniture = furniture_of(one, environment, stack)
        refuse_if_any(mistakes(judge_municipality(furniture), given))
        yield furniture


def furniture_of(one: Made, environment: Environment, stack: str) -> dict[str, Any]:
    """What a municipality of its size has: keys, and a chat and staff unless it is small."""
    domain = f"{one.slug}.example"
    clusters = environment.clusters.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    number = 1 if one.citizens < CHATTING else 2 if one.citizens < LARGE else len(APPLICATIONS)
    written: dict[str, Any] = {
        "platform": f"organization/andel/{stack}",
        "slug": one.slug,
        "clusters": clusters,
        "applications": {name: {"dataClass": "personal"} for name in APPLICATIONS[:number]},
        "contacts": {"technical": f"it@{domain}", "dataProtection": f"dpo@{domain}"},
    }
    if one.citizens >= CHATTING and environment.chats is not None and environment.gateway is not None:
        written["chat"] = {
            "title": f"{one.name} Chat",
            "signOn": {"issuer": f"https://login.{domain}/realms/staff", "clientId": "chat", "domains": [domain]},
            "database": {"name": "chat-database", "key": "uri"},
            "sessionKey": {"name": "chat-session", "key": "key"},
        }
        written["staff"] = {"operators": [f"oidc:{one.slug}-it"]}
        if one.citizens >= LARGE:
            written["staff"]["viewers"] = [f"oidc:{one.slug}-support"]
    return written


def _text(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
