# SPDX-License-Identifier: MPL-2.0
"""The comment: one on each pull request, no longer than may be, and nothing in it is more than text."""

from dataclasses import replace
from decimal import Decimal

import pytest

from andel.preview.bars import bar, fill
from andel.preview.changes import Change, changes
from andel.preview.effects import Effect, Municipality, Pool, Side
from andel.preview.fitting import CUT, LONGEST, SHORTENED, Section, fitted
from andel.preview.forge import code, fence, table
from andel.preview.markdown import MARKER, markdown
from andel.preview.report import Report, StackReport

from .graphs import graph, kubernetes


def changed(stack: int, objects: int) -> tuple[Change, ...]:
    """Changes of a stack that no other stack has."""
    sides = [
        graph(
            *(kubernetes("v1", "ConfigMap", f"s{stack}-{one}", {"data": {"a": value * 60}}) for one in range(objects))
        )
        for value in "bc"
    ]
    return tuple(changes(*sides))


def report(stacks: int, objects: int, members: int) -> Report:
    """A change of many stacks."""
    municipalities = tuple(
        Municipality(
            slug=f"member-{one:02}",
            before=Side(tier="small", price=Decimal(1000), quota={"tokens a minute": "1"}),
            after=Side(tier="small", price=Decimal(1000 + one), quota={"tokens a minute": "2"}),
        )
        for one in range(members)
    )
    effect = Effect(
        currency="DKK",
        cost=(Decimal(1000 * members), Decimal(1001 * members)),
        municipalities=municipalities,
        pools=(Pool(name="large", before=(3, 8), after=(8, 8), fits=("certain", "packed")),),
        queues={},
    )
    return Report(
        base="main",
        head="change",
        files=1,
        stacks=tuple(
            StackReport(name=f"s{one}", file=f"Pulumi.s{one}.yaml", state="changed", changes=changed(one, objects))
            for one in range(stacks)
        ),
        untouched=0,
        effects={"s0": effect},
        notes=(),
    )


def test_a_small_change_is_told_in_full() -> None:
    text = markdown(report(1, 3, 3))
    assert text.splitlines()[0] == MARKER
    assert "member-02" in text
    assert "-> ccc" in text
    assert SHORTENED not in text


def test_a_change_of_98_municipalities_is_shortened_to_what_a_forge_accepts() -> None:
    text = markdown(report(99, 8, 98))
    assert LONGEST / 2 < len(text) <= LONGEST
    assert SHORTENED in text
    # Every resource is still there, without its properties.
    assert all(f"! ConfigMap home/s{stack}-7\n" in text for stack in range(99))


def test_stacks_that_change_in_the_same_way_are_shown_once() -> None:
    """A change of a component is one change, and not 98."""
    stacks = []
    for slug in ("aarhus", "odense", "samso"):
        home = {"namespace": f"andel-m-{slug}"}
        sides = [kubernetes("v1", "Service", "chat", {"spec": {"a": value}}, metadata=home) for value in (slug, "new")]
        found = tuple(changes(graph(sides[0]), graph(sides[1])))
        file = f"municipalities/Pulumi.dev-{slug}.yaml"
        stacks.append(StackReport(name=f"dev-{slug}", file=file, state="changed", slug=slug, changes=found))
    other = changed(1, 1)
    stacks.append(StackReport(name="dev", file="Pulumi.dev.yaml", state="changed", changes=other))
    whole = report(0, 0, 0)
    text = markdown(replace(whole, stacks=tuple(stacks), effects={}))
    assert "<code>dev-aarhus</code>, and alike dev-odense, dev-samso: 1 update" in text
    assert "dev-aarhus, dev-odense, dev-samso` | " in text
    assert text.count("Service andel-m-") == 1


def test_what_a_config_says_opens_and_closes_nothing_of_a_cut_comment() -> None:
    block = "<details><summary>s</summary>\n\n```diff\n" + "  a: </details>\n" * 100 + "```\n\n</details>"
    lines = fitted([Section("# head"), Section(block)], 900).splitlines()
    assert lines.count("</details>") == 1


def test_a_change_that_is_longer_still_is_cut_and_says_so() -> None:
    text = markdown(report(99, 60, 98))
    assert len(text) <= LONGEST
    assert text.rstrip().endswith(CUT)
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") % 2 == 0


@pytest.mark.parametrize("longest", range(300, 1200, 7))
def test_wherever_it_is_cut_what_is_open_is_closed(longest: int) -> None:
    block = "<details><summary>s</summary>\n\n````diff\n" + "+ line\n" * 100 + "````\n\n</details>"
    text = fitted([Section("# head"), Section(block), Section("last")], longest)
    assert len(text) <= longest
    assert text.count("<details>") == text.count("</details>")
    assert text.count("````") % 2 == 0


@pytest.mark.parametrize(
    "hostile", ["@everyone", "a|b", "`x`", "``x", "</details>", "<!-- andel preview -->", "a\nb", "[x](y)"]
)
def test_what_a_config_says_stays_text(hostile: str) -> None:
    """In code, with as many backticks as it takes, on one line, and a table's bars escaped."""
    written = code(hostile)
    ticks = len(written) - len(written.lstrip("`"))
    assert written.endswith("`" * ticks)
    assert "`" * ticks not in written[ticks:-ticks]
    assert "\n" not in written
    assert table(["a", "b"], [[hostile, hostile]]).splitlines()[-1].replace("\\|", "").count("|") == 3
    block = fence([f"``{hostile}``", "````"]).splitlines()
    assert block[0] == "`````text"
    assert block[-1] == "`````"


def test_bars_are_in_proportion_and_what_is_little_is_still_seen() -> None:
    assert bar(Decimal(50), Decimal(100), 10) == "█" * 5
    assert bar(Decimal("0.01"), Decimal(100), 10) == "▏"
    assert bar(Decimal(0), Decimal(100), 10) == ""
    assert fill(3, 8, 8) == "███·····"
    assert fill(127, 128, 128, 16).count("·") == 1  # a share is free, so a place is
    assert fill(1, 128, 128, 16).count("█") == 1
    assert fill(0, 0, 8) == ""
