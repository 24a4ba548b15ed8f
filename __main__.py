# SPDX-License-Identifier: MPL-2.0
"""The platform's program: `pulumi up -s <environment>` makes what `Pulumi.<environment>.yaml` says."""

import pulumi

from andel.economy.figures import prices
from andel.release.admission import admit, judged
from components.platform import Platform, PlatformArgs
from config.contract import contract
from config.load import load_document
from config.section import Refusal

try:
    environment = judged(load_document())
    pinned = admit(environment, applying=not pulumi.runtime.is_dry_run())
except Refusal as refusal:
    raise pulumi.RunError(f"the environment is refused\n{refusal}") from None

platform = Platform("platform", PlatformArgs(environment=environment, release=pinned))

pulumi.export("contract", contract(environment).model_dump(mode="json", by_alias=True))
pulumi.export("prices", prices(environment))
pulumi.export("url", platform.url)
