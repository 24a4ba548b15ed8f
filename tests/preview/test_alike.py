# SPDX-License-Identifier: MPL-2.0
"""What is shown once for several stacks holds for each of them."""

import json
from dataclasses import replace
from typing import Any

from andel.preview.changes import changes
from andel.preview.markdown import markdown
from andel.preview.masking import plain
from andel.preview.report import Report, StackReport

from .graphs import graph, kubernetes

NOTHING = Report(base="main", head="change", files=1, stacks=(), untouched=0, effects={}, notes=())


def stack(name: str, before: Any, after: Any, *, slug: str = "", title: str = "") -> StackReport:
    """A stack of one object, in a namespace of its own where it is a municipality's."""
    home = {"metadata": {"namespace": f"andel-m-{slug}"}} if slug else {}
    sides = [kubernetes("v1", "Service", "chat", {"spec": plain({"of": value})}, **home) for value in (before, after)]
    found = tuple(changes(graph(sides[0]), graph(sides[1])))
    return StackReport(name=name, file=f"{name}.yaml", state="changed", slug=slug, titles=(title, title), changes=found)


def groups(*stacks: StackReport) -> list[list[str]]:
    return [[one.name for one in group] for group in replace(NOTHING, stacks=stacks).alike]


def test_platforms_that_change_to_different_values_are_shown_apart() -> None:
    stacks = (stack("dev", 1, 2), stack("prod", 8, 0))
    assert groups(*stacks) == [["dev"], ["prod"]]
    text = markdown(replace(NOTHING, stacks=stacks))
    assert "spec.of: 1 -> 2" in text
    assert "spec.of: 8 -> 0" in text
    assert groups(stack("dev", 1, 2), stack("prod", 1, 2)) == [["dev", "prod"]]
    assert groups(stack("dev", "1", "2"), stack("prod", 1, 2)) == [["dev"], ["prod"]]


def test_of_municipalities_only_what_each_goes_by_may_differ() -> None:
    def member(slug: str, title: str, text: str, **others: str) -> StackReport:
        said = {"host": f"{slug}.andel.example", "board": json.dumps({"of": title}), "folder": title, **others}
        return stack(f"dev-{slug}", said, {**said, "limit": text}, slug=slug, title=title)

    towns = (("aarhus", "Aarhus"), ("ringkobing-skjern", "Ringkøbing-Skjern"), ("samso", "Samsø"))
    same = [member(slug, title, f"{slug}: {json.dumps(title)} and {title}") for slug, title in towns]
    assert groups(*same) == [[one.name for one in same]]
    assert groups(same[0], member("samso", "Samsø", "other")) == [["dev-aarhus"], ["dev-samso"]]
    # Another's name is no name of its own, and a word that holds its own is another word.
    assert groups(*(member(slug, title, "aarhus") for slug, title in towns[::2])) == [["dev-aarhus"], ["dev-samso"]]
    for word in ("{}gade", "ny{}"):
        streets = [member(slug, title, word.format(slug)) for slug, title in towns[::2]]
        assert groups(*streets) == [["dev-aarhus"], ["dev-samso"]]
    swapped = [member("aarhus", "Aarhus", "Aarhus"), member("samso", "Samsø", "samso")]
    assert groups(*swapped) == [["dev-aarhus"], ["dev-samso"]]


def test_98_municipalities_that_change_alike_are_shown_once() -> None:
    slugs = [f"town-{number}" for number in range(98)]
    stacks = [stack(f"dev-{slug}", f"{slug}.old", f"{slug}.new", slug=slug, title=slug.title()) for slug in slugs]
    assert [len(group) for group in groups(*stacks)] == [98]
    assert len(markdown(replace(NOTHING, stacks=tuple(stacks)))) < 2000


def test_secrets_are_shown_alike_and_what_becomes_of_them_is_told_apart() -> None:
    secrets = [stack(f"s{one}", {"password": f"old-secret-{one}"}, {"password": f"new-secret-{one}"}) for one in "ab"]
    assert groups(*secrets) == [["sa", "sb"]]
    protected = replace(secrets[0].changes[0], protected=True)
    assert groups(replace(secrets[0], changes=(protected,)), secrets[1]) == [["sa"], ["sb"]]
