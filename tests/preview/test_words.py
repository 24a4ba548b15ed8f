# SPDX-License-Identifier: MPL-2.0
"""What is read of a change is all that it does: no line of it looks like another thing, or like nothing."""

from dataclasses import replace
from typing import Any

import pytest

from andel.preview.changes import Change, changes
from andel.preview.markdown import markdown
from andel.preview.masking import mask
from andel.preview.properties import Property
from andel.preview.report import Report, StackReport
from andel.preview.words import details, heading, lost

from .graphs import graph, kubernetes

NOTHING = Report(base="main", head="change", files=1, stacks=(), untouched=0, effects={}, notes=())


def stack(*found: Change) -> StackReport:
    return StackReport(name="dev", file="Pulumi.dev.yaml", state="changed", changes=found)


def gone(**settings: Any) -> StackReport:
    """A stack that a Service has left."""
    return stack(*changes(graph(kubernetes("v1", "Service", "a", **settings)), graph()))


def detailed(before: Any, after: Any) -> list[str]:
    one = Change(action="update", urn="", kind="A", name="a", properties=(Property("at", before, after),))
    return [line.strip() for line in details(one)]


def test_what_is_protected_and_leaves_is_called_out_though_nothing_is_lost() -> None:
    assert list(lost(gone())) == []
    assert list(lost(gone(protected=True))) == ["deleted: Service home/a: it is protected, so `up` refuses"]
    assert list(lost(gone(protected=True, kept=True))) == ["let go: Service home/a: it is protected, so `up` refuses"]
    namespace = changes(graph(kubernetes("v1", "Namespace", "a", protected=True)), graph())
    (line,) = lost(stack(*namespace))
    assert line.endswith("disks and Secrets too; it is protected, so `up` refuses")


def test_what_is_let_go_is_counted_by_itself_and_reads_unlike_what_is_deleted() -> None:
    text = markdown(replace(NOTHING, stacks=(gone(kept=True),)))
    assert "| create | update | replace | delete | let go |" in text
    assert "| `dev` |  |  |  |  | 1 |" in text
    assert "# Service home/a (let go: it stays on the cluster, and no stack knows it any more)" in text.splitlines()
    deleted = markdown(replace(NOTHING, stacks=(gone(),)))
    assert "| `dev` |  |  |  | 1 |  |" in deleted
    assert "- Service home/a" in deleted.splitlines()


def test_lines_of_a_text_are_shown_whatever_they_begin_with() -> None:
    """A list of YAML: its items begin with the sign of what is taken away."""
    found = detailed("rules:\n- one\n- two\n", "rules:\n- two\n+ three\n")
    assert found == ["at:", "-- one", "++ three"]


def test_texts_that_differ_where_nobody_sees_it_say_so() -> None:
    told = "a secret in it, or how its lines end"
    assert detailed(f"a\nb {mask('one')}\n", f"a\nb {mask('two')}\n")[1] == told
    assert detailed("a\nb", "a\nb\n")[1] == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [("3", 3, 'at: "3" -> 3'), (3, 4, "at: 3 -> 4"), ("", "x", 'at: "" -> x'), (None, "x", "at: (none) -> x")],
)
def test_values_that_differ_look_different(before: Any, after: Any, told: str) -> None:
    assert detailed(before, after) == [told]


def test_a_heading_says_that_up_refuses() -> None:
    (change,) = gone(protected=True).changes
    assert heading(change) == "- Service home/a (it is protected, so `up` refuses)"
