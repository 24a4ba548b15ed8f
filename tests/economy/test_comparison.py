# SPDX-License-Identifier: MPL-2.0
"""Own GPUs beside a cloud, worked out on paper: like with like, and what is out of reach is said to be."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from andel.__main__ import main
from andel.economy.comparison import Compared, compare
from andel.economy.figures import of_comparison
from andel.price.command import LANGUAGES
from tests.config.edits import edited
from tests.conftest import stack_document

from .registers import of_citizens, priced

COSTS = {
    "gpus": {"kind": "yearly", "name": "G", "amount": 120_000, "gpus": True},
    "people": {"kind": "yearly", "name": "P", "amount": 50_000},
}
COMPARISON = {
    "models": {
        "mistral-small": {
            "inputTokens": 90_000_000_000,
            "outputTokens": 10_000_000_000,
            "cloudModel": "m",
            "inputPrice": 2,
            "outputPrice": 6,
        }
    },
    "ownCapacityTokens": 150_000_000_000,
    "hybrid": {"gpuPercent": 60, "cloudPercent": 25},
}


def compared(costs: Any = COSTS, comparison: dict[str, Any] | None = None, **changes: Any) -> Compared:
    """The comparison of a year."""
    more = {"costs": costs, "comparison": {**COMPARISON, **(comparison or {})}, **changes}
    found = compare(priced(of_citizens(a=1), {"kind": "citizens"}, **more))
    assert found is not None
    return found


def multiples(of: Compared) -> dict[str, float]:
    """Where two ways cost the same."""
    return {name: float(one.times) for name, one in of.breaks_even.items()}


def test_own_gpus_beside_a_cloud() -> None:
    """The cloud takes 90,000 * 2 + 10,000 * 6 = 240,000; a quarter is 60,000. Own GPUs cost 120,000; 60 % are 72,000.

    They cost the same at half the load; the mixture and the cloud at 72,000 / 180,000; own GPUs and the mixture at
    48,000 / 60,000. 60 % of the GPUs carry 90 milliards of tokens, and three quarters of the load are 75.
    """
    found = compared()
    assert found.tokens == 100_000_000_000
    assert found.most == Fraction(3, 2)
    assert {one.way: (one.total, one.carried) for one in found.options} == {
        "own": (Decimal(170_000), True),
        "cloud": (Decimal(290_000), None),
        "hybrid": (Decimal(182_000), True),
    }
    assert multiples(found) == {"own-cloud": 0.5, "hybrid-cloud": 0.4, "own-hybrid": 0.8}


def test_a_year_of_tokens_is_compared_with_a_year_of_gpus_whenever_the_platform_opens() -> None:
    """From 1 July a platform costs 184 / 365 of the lines: set against a year's tokens, GPUs would seem half as dear,
    and break even at 0.252 of the load instead of the half of it that it is."""
    assert compared(opens="2026-07-01") == compared()


@pytest.mark.parametrize("hybrid", [None, COMPARISON["hybrid"]])
def test_a_break_even_above_what_the_gpus_carry_is_out_of_reach(hybrid: Any) -> None:
    """Own GPUs of 480,000 break even at twice the load, and carry 1.5 of it: short by half of the load. The mixture
    would at 288,000 / 180,000 = 1.6, and carries 90 / 75 = 1.2; it and own GPUs at 192,000 / 60,000 = 3.2, and both
    carry 1.2."""
    dear = edited(COSTS, {"gpus.amount": 480_000})
    found = compared(dear, {"hybrid": hybrid})
    assert {name: (one.times, one.most, one.reached) for name, one in found.breaks_even.items()} == {
        "own-cloud": (2, Fraction(3, 2), False),
        **({"hybrid-cloud": (Fraction(8, 5), Fraction(6, 5), False)} if hybrid else {}),
        **({"own-hybrid": (Fraction(16, 5), Fraction(6, 5), False)} if hybrid else {}),
    }
    assert str(found.breaks_even["own-cloud"]) == (
        "own and cloud would cost the same at 2.00 times this load: out of reach, since own GPUs carry 1.50 times at"
        " most; up to there cloud is cheaper"
    )


def test_what_the_gpus_carry_to_the_token_is_within_reach() -> None:
    """The near miss of the one above: 200 milliards of tokens are twice the load."""
    dear = edited(COSTS, {"gpus.amount": 480_000})
    for capacity, reached in ((200_000_000_000, True), (199_999_999_999, False)):
        one = compared(dear, {"ownCapacityTokens": capacity}).breaks_even["own-cloud"]
        assert one.reached is reached
        assert ("out of reach" in str(one)) is not reached


def test_where_nobody_measured_it_is_neither() -> None:
    one = compared(comparison={"ownCapacityTokens": None}).breaks_even["own-cloud"]
    assert one.reached is None
    assert str(one) == "own and cloud cost the same at 0.50 times this load, if own GPUs carry that"


def test_gpus_that_are_too_few_are_said_to_be() -> None:
    found = compared(edited(COSTS, {"gpus.amount": 1}), {"ownCapacityTokens": 99_999_999_999})
    assert [one.carried for one in found.options] == [False, None, False]


def test_a_mixture_without_a_cloud_and_a_cloud_for_everything_break_even_where_they_can() -> None:
    assert set(compared(comparison={"hybrid": {"gpuPercent": 60, "cloudPercent": 0}}).breaks_even) == {
        "own-cloud",
        "hybrid-cloud",
    }
    all_out = compared(comparison={"hybrid": {"gpuPercent": 60, "cloudPercent": 100}}).breaks_even
    assert set(all_out) == {"own-cloud", "own-hybrid"}
    assert all_out["own-hybrid"].most == Fraction(3, 2)  # nothing is left for the mixture's own GPUs to carry


SAID = {
    False: {"da": "uden for rækkevidde", "de": "außer Reichweite", "en": "out of reach"},
    True: {"da": "koster det samme ved 1,64", "de": "beim 1,64-Fachen", "en": "cost the same at 1.64"},
    None: {"da": "er ikke målt", "de": "nicht gemessen", "en": "Nobody has measured"},
}


CLOUD = "economy.comparison.models.mistral-small"
CASES: list[tuple[dict[str, Any], str, bool | None]] = [
    ({}, "16.376575", False),
    ({f"{CLOUD}.inputPrice": 7, f"{CLOUD}.outputPrice": 21}, "1.637657", True),
    ({"economy.comparison.ownCapacityTokens": None}, "16.376575", None),
]
"""What is changed of prod, where own GPUs and a cloud cost the same, and whether that is reached."""


@pytest.mark.parametrize(("edits", "times", "reached"), CASES)
def test_table_script_and_statement_say_whether_it_is_reached(
    edits: dict[str, Any], times: str, reached: bool | None, tmp_path: Path
) -> None:
    document = edited(stack_document("prod"), edits)
    file = tmp_path / "Pulumi.compared.yaml"
    config = {"pulumi:disable-default-providers": ["*"], "andel:environment": document}
    file.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")

    def told(*words: str) -> str:
        result = CliRunner().invoke(main, ["price", str(file), *words])
        assert result.exit_code == 0, result.output
        return result.output

    break_even = json.loads(told("--json"))["comparison"]["breaksEven"]["own-cloud"]
    assert (break_even["times"], break_even["reached"]) == (times, reached)
    assert break_even["told"] in told().splitlines()
    assert ("out of reach" in break_even["told"]) is (reached is False)
    for language in LANGUAGES:
        page = told("--statement", "samso", "--language", language)
        assert {state for state, said in SAID.items() if said[language] in page} >= {reached}
        assert (SAID[False][language] in page) is (reached is False)


def test_figures_of_a_comparison_are_texts() -> None:
    assert of_comparison(compared())["breaksEven"]["hybrid-cloud"] == {
        "times": "0.4",
        "most": "1.2",
        "reached": True,
        "told": "hybrid and cloud cost the same at 0.40 times this load",
    }
