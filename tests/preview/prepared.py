# SPDX-License-Identifier: MPL-2.0
"""Changes as pull requests bring them, whose previews stand in `docs/previews`."""

from dataclasses import dataclass

from .checkouts import Edits

DEV, PROD = "Pulumi.dev.yaml", "Pulumi.prod.yaml"

LARGE = "labels: {nvidia.com/gpu.product: GRID-A100D-80C}"

WHISPER = """\
      whisper:
        displayName: Whisper Large v3
        task: transcription
        source: hf://openai/whisper-large-v3
        size:
          parameters: 1.55
          dtype: float16
          kvCache: {layers: 32, heads: 20, headSize: 64, dtype: float16, sequences: 32}
        contextTokens: 448
        pool: small
        resources: {cpu: 4, memory: 16Gi}
        serving: {kind: kserve}
"""

VIBORG = """\
config:
  pulumi:disable-default-providers: ["*"]
  andel:municipality:
    platform: organization/andel/dev
    slug: viborg
    clusters:
      gpu: {context: andel-dev}
    applications:
      journal: {dataClass: personal}
    contacts:
      technical: it@viborg.example
      dataProtection: dpo@viborg.example
"""


@dataclass(frozen=True)
class Prepared:
    """A change."""

    name: str
    """Of its branch, and of the file in `docs/previews`."""

    told: str
    """What it is."""

    edits: Edits
    """What it writes."""

    status: int = 0
    """Status with which the command ends."""


PREPARED = (
    Prepared(
        "model-added",
        "A model for speech, for who has the larger plan.",
        {
            DEV: {
                "    rollout: {waitForModels": f"{WHISPER}    rollout: {{waitForModels",
                "outputTokens: 8192\n        models: [mistral-small, e5-large]": (
                    "outputTokens: 8192\n        models: [mistral-small, e5-large, whisper]"
                ),
            }
        },
    ),
    Prepared(
        "tier-raised",
        "The smaller plan gets a larger month, the larger one counts half as much again in the price, and Odense "
        "moves up to it.",
        {
            DEV: {
                "month: {tokens: 20000000}": "month: {tokens: 30000000}",
                "month: {tokens: 200000000}": "month: {tokens: 200000000}\n        priceWeight: 1.5",
                "odense: {name: Odense, tier: basis,": "odense: {name: Odense, tier: plus,",
            }
        },
    ),
    Prepared(
        "municipality-added",
        "Viborg joins, with one application.",
        {
            DEV: {
                "      samso: {name: Samsø,": (
                    "      viborg: {name: Viborg, tier: basis, citizens: 97000}\n      samso: {name: Samsø,"
                )
            },
            "municipalities/Pulumi.dev-viborg.yaml": {"": VIBORG},
        },
    ),
    Prepared(
        "pool-shrunk-below-need",
        "The pool of the large models loses two of its three nodes.",
        {PROD: {f"{LARGE}, count: 3": f"{LARGE}, count: 1"}},
        status=1,
    ),
    Prepared(
        "municipality-gone",
        "Odense is taken out of the register, and a third GPU node pays for itself.",
        {
            DEV: {
                "      odense: {name: Odense, tier: basis, citizens: 211000}\n": "",
                "labels: {nvidia.com/gpu.product: GRID-A100D-20C}, count: 1": (
                    "labels: {nvidia.com/gpu.product: GRID-A100D-20C}, count: 2"
                ),
                "amount: 400000": "amount: 450000",
            }
        },
    ),
)
