# SPDX-License-Identifier: MPL-2.0
"""A municipality's program: `pulumi up -s <environment>-<slug>` furnishes what the platform has walled."""

import pulumi

from andel.release.admission import admit_municipality
from components.municipality import Municipality, MunicipalityArgs
from config.judge import judge_municipality
from config.load import load_contract, load_municipality
from config.municipality_rules import admitted
from config.section import Refusal

try:
    section = judge_municipality(load_municipality())
    contract = load_contract(section.platform)
    admitted(section, contract, stack=pulumi.get_stack())
    pinned = admit_municipality(section, contract, applying=not pulumi.runtime.is_dry_run())
except Refusal as refusal:
    raise pulumi.RunError(f"the municipality is refused\n{refusal}") from None

args = MunicipalityArgs(municipality=section, contract=contract, release=pinned)
furnished = Municipality("municipality", args)
pulumi.export("url", furnished.url)
