# SPDX-License-Identifier: MPL-2.0
"""The same year under another locale, another order of the register and another seed of hashes: the same bytes.

A Danish locale writes a comma into numbers and sorts `aa` behind `z`. glibc's `localedef` makes one for this test
alone, where the machine has its sources (Debian's `locales`); elsewhere what Python's own `locale` says is played.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from andel.economy.usage import Month, Of, Used, written
from tests.config.edits import edited
from tests.conftest import ROOT, stack_document

SOURCES = Path("/usr/share/i18n/locales/da_DK")

PROGRAM = """
import locale, sys
from andel.__main__ import main

locale.setlocale(locale.LC_ALL, "")
file, usage, way = sys.argv[1:]
if way == "played":
    locale.localeconv = lambda: {"decimal_point": ",", "thousands_sep": ".", "grouping": [3, 0]}
    locale.strxfrm = lambda text: text[::-1]
    locale.strcoll = lambda one, other: (one[::-1] > other[::-1]) - (one[::-1] < other[::-1])
print(locale.localeconv()["decimal_point"], sorted(["aarhus", "odense"], key=locale.strxfrm)[0], file=sys.stderr)
forms = [[], ["--json"], ["--csv"], *(["--statement", "aarhus", "--language", one] for one in ("da", "de", "en"))]
for form in forms:
    main(["price", file, *form, "--usage", usage], standalone_mode=False)
"""
"""Every form of the command, after the machine's locale was taken for everything."""

SLUGS = ("aarhus", "aabenraa", "odense", "zealand", *(f"m-{index}" for index in range(36)))
MEMBERS = {slug: {"name": slug, "tier": "small", "citizens": 30_000} for slug in SLUGS}
"""All alike, so that only their names say who gets the hundredths that are left over."""


@pytest.fixture(scope="module")
def danish(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Variables of a process that is Danish."""
    program, folder = shutil.which("localedef"), tmp_path_factory.mktemp("locales")
    if program is None or not SOURCES.exists():
        return {"LC_ALL": "C.UTF-8", "WAY": "played"}
    subprocess.run([program, "--no-archive", "-f", "UTF-8", "-i", "da_DK", folder / "da_DK.UTF-8"], check=True)
    return {"LC_ALL": "da_DK.UTF-8", "LOCPATH": str(folder), "WAY": "real"}


def shown(folder: Path, members: Mapping[str, Any], seed: int, variables: Mapping[str, str]) -> tuple[bytes, str]:
    """What the command prints in all its forms, and what the process takes for a decimal point and for first."""
    document = edited(
        stack_document("prod"), {"municipalities": dict(members), "economy.costs.staff.amount": 1900000.3}
    )
    file, usage = folder / "Pulumi.many.yaml", folder / "2026-11.json"
    settings = {"pulumi:disable-default-providers": ["*"], "andel:environment": document}
    file.write_text(yaml.safe_dump({"config": settings}, sort_keys=False), encoding="utf-8")
    used = {slug: Of(total=Used(requests=1234, kilowatt_hours="1234.5")) for slug in members}
    usage.write_text(written(of_november(used)), encoding="utf-8")
    environment = {"PATH": os.defpath, "PYTHONHASHSEED": str(seed), **variables}
    words = [sys.executable, "-c", PROGRAM, str(file), str(usage), variables.get("WAY", "real")]
    run = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, timeout=120)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout, run.stderr.decode().split("\n")[0]


def of_november(used: dict[str, Of]) -> Month:
    """A month of prod."""
    return Month(
        environment="api.ai.os2.example",
        month="2026-11",
        time_zone="Europe/Copenhagen",
        until="2026-11-30T23:00:00+00:00",
        complete=True,
        watched=1.0,
        counted=0.5,
        metered=0.25,
        municipalities=used,
        models={},
    )


def test_neither_locale_nor_order_nor_hashes_change_a_byte(danish: Mapping[str, str], tmp_path: Path) -> None:
    plain, point = shown(tmp_path, MEMBERS, 0, {"LC_ALL": "C"})
    assert point == ". aarhus"
    assert plain.count(b"83610.3") > 40  # of 40 alike some get a hundredth more
    other, comma = shown(tmp_path, dict(reversed(MEMBERS.items())), 4711, danish)
    assert comma == ", odense"
    assert other == plain
