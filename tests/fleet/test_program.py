# SPDX-License-Identifier: MPL-2.0
"""Workers are forked from a process that has imported all that a municipality's program needs."""

import subprocess
import sys

from tests.conftest import ROOT

SCRIPT = """
import sys
from pathlib import Path
from andel.fleet.program import warmed
from andel.preview.graph import graph
from andel.release import release
from config.contract import contract
from config.judge import judge, judge_municipality
from config.stackfile import read

section = judge_municipality(read(Path("municipalities/Pulumi.dev-aarhus.yaml")).municipality)
given = contract(judge(read(Path("Pulumi.dev.yaml")).environment))
warmed(Path("municipalities/__main__.py"))
before = set(sys.modules)
from components.municipality import Municipality, MunicipalityArgs

args = MunicipalityArgs(municipality=section, contract=given, release=release(given.release))
assert len(graph(lambda: Municipality("municipality", args) and None)) > 15
print(*sorted(set(sys.modules) - before))
"""


def test_a_run_imports_nothing_that_a_worker_has_not() -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []
