# SPDX-License-Identifier: MPL-2.0
"""A municipality's program: `pulumi up -s <environment>-<slug>` furnishes what the platform has walled."""

import pulumi

from andel.release import release
from components.municipality import Municipality, MunicipalityArgs
from config.judge import judge_municipality
from config.load import load_contract, load_municipality
from config.municipality_rules import admitted
from config.section import Refusal

try:
    section = judge_municipality(load_municipality())
    contract = load_contract(section.platform)
    admitted(section, contract, stack=pulumi.get_stack())
except Refusal as refusal:
    raise pulumi.RunError(f"the municipality is refused\n{refusal}") from None

furnished = Municipality(
    "municipality", MunicipalityArgs(municipality=section, contract=contract, release=release(contract.release))
)
pulumi.export("url", furnished.url)
