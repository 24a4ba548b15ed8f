# SPDX-License-Identifier: MPL-2.0
"""The comment: one on each pull request, no longer than may be, and nothing in it is more than text."""

import base64
import gzip
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from andel.preview.bars import bar, fill
from andel.preview.changes import Change, changes
from andel.preview.effects import Effect, Municipality, Pool, Side
from andel.preview.fitting import CUT, LONGEST, SHORTENED, Section, fitted
from andel.preview.forge import code, fence, table
from andel.preview.markdown import MARKER, markdown
from andel.preview.report import Report, StackReport
from tests.conftest import ROOT

from .graphs import graph, kubernetes

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/preview.yml").read_text(encoding="utf-8"))


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


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in WORKFLOW["jobs"].items():
        for step in job["steps"]:
            yield name, step


def test_the_job_that_runs_a_pull_requests_code_may_write_nothing() -> None:
    jobs = WORKFLOW["jobs"]
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW[True] == "pull_request"  # `on`, as YAML 1.1 reads it; never pull_request_target
    assert jobs["preview"]["permissions"] == {"contents": "read"}
    assert jobs["comment"]["permissions"] == {"pull-requests": "write"}
    assert [name for name, step in steps() if "uses" in step] == ["preview"]
    assert all(len(step["uses"].partition("@")[2]) == 40 for _, step in steps() if "uses" in step)
    assert not [step for _, step in steps() if "${{" in step.get("run", "")]  # nothing is written into a shell's words
    (checkout,) = [step["with"] for _, step in steps() if "uses" in step]
    assert checkout["persist-credentials"] is False


GH = """#!/usr/bin/env python3
import json, os, pathlib, re, sys
arguments, state = sys.argv[1:], pathlib.Path(os.environ["STATE"])
comments = json.loads(state.read_text())
if "--jq" in arguments:
    assert "--paginate" in arguments
    ours = [c for c in comments if c["login"] == "github-actions[bot]"]
    print("\\n".join(str(c["id"]) for c in ours if c["body"].startswith("<!-- andel preview -->")))
    sys.exit()
body = pathlib.Path([a for a in arguments if a.startswith("body=@")][0][6:]).read_text()
if "PATCH" in arguments:
    number = int(re.search(r"issues/comments/(\\d+)$", arguments[arguments.index("PATCH") + 1])[1])
    [c for c in comments if c["id"] == number][0]["body"] = body
else:
    assert arguments[arguments.index("POST") + 1] == "repos/os2/andel/issues/7/comments"
    comments.append({"id": len(comments) + 1, "login": "github-actions[bot]", "body": body})
state.write_text(json.dumps(comments))
"""


SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
RUN = "https://forge.example/os2/andel/actions/runs/42"


class Forge:
    """A forge that keeps comments in a file, and the workflow's own words on it."""

    def __init__(self, folder: Path, comments: list[dict[str, Any]]) -> None:
        self.folder, self.state = folder, folder / "comments.json"
        gh = folder / "gh"
        gh.write_text(GH)
        gh.chmod(0o755)
        self.state.write_text(json.dumps(comments))

    def says(self, comment: str) -> list[dict[str, Any]]:
        """Every comment, after the workflow got what the job before it put out."""
        (step,) = [step for name, step in steps() if name == "comment"]
        settings = {
            "COMMENT": comment,
            "COMMENTS": "repos/os2/andel/issues/7/comments",
            "COMMENT_OF": "repos/os2/andel/issues/comments",
            "GH_TOKEN": "none",
            "RUN": RUN,
            "RUNNER_TEMP": str(self.folder),
            "STATE": str(self.state),
            "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
        }
        assert set(step["env"]) <= settings.keys()
        subprocess.run([*SHELL, step["run"]], env=settings, check=True, cwd=self.folder)
        kept: list[dict[str, Any]] = json.loads(self.state.read_text())
        return kept


OTHERS = [
    {"id": 1, "login": "github-actions[bot]", "body": "another workflow's"},
    {"id": 2, "login": "somebody", "body": f"{MARKER}\nnot ours"},
]


def put_out(text: str) -> str:
    """As a job puts a text out."""
    return base64.b64encode(gzip.compress(text.encode())).decode()


def ours(text: str) -> list[dict[str, Any]]:
    """All comments, with ours."""
    return [*OTHERS, {"id": 3, "login": "github-actions[bot]", "body": text}]


def test_the_comment_is_written_once_and_then_changed(tmp_path: Path) -> None:
    """The workflow's own words, with a forge that keeps comments in a file."""
    forge = Forge(tmp_path, OTHERS)
    for text in ("first: æøå `$(touch x)` ${{ github.token }}", "second", "x" * LONGEST):
        assert forge.says(put_out(f"{MARKER}\n{text}")) == ours(f"{MARKER}\n{text}")
    assert not (tmp_path / "x").exists()


def test_a_preview_that_never_ran_leaves_no_old_comment_as_though_current(tmp_path: Path) -> None:
    """The job ended before the step did, so it put out nothing; the other job still runs."""
    forge = Forge(tmp_path, ours(f"{MARKER}\nof an earlier commit"))
    assert forge.says("") == ours(f"{MARKER}\nThe preview failed, and could say nothing: {RUN}\n")
    condition = WORKFLOW["jobs"]["comment"]["if"]
    assert "!cancelled()" in condition
    assert "outputs" not in condition


ANDEL = """#!/usr/bin/env bash
[ -z "$SAYS" ] || printf %s "$SAYS" > "${@: -1}"
exit "$STATUS"
"""


@pytest.mark.parametrize(
    ("says", "status", "told", "ended"),
    [
        (f"{MARKER}\nall good", 0, f"{MARKER}\nall good", 0),
        (f"{MARKER}\nrefused", 1, f"{MARKER}\nrefused", 1),
        ("", 137, f"{MARKER}\nThe preview failed with status 137: {RUN}\n", 137),
        ("", 0, f"{MARKER}\nThe preview failed with status 1: {RUN}\n", 1),
    ],
)
def test_a_preview_that_dies_before_it_writes_is_said_and_fails(
    says: str, status: int, told: str, ended: int, tmp_path: Path
) -> None:
    (step,) = [step for name, step in steps() if name == "preview" and step.get("id") == "preview"]
    andel, git = tmp_path / ".venv/bin/andel", tmp_path / "git"
    andel.parent.mkdir(parents=True)
    for file, text in ((andel, ANDEL), (git, "#!/usr/bin/env bash\necho 0123456789")):
        file.write_text(text)
        file.chmod(0o755)
    settings = {
        "RUN": RUN,
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "SAYS": says,
        "STATUS": str(status),
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
    }
    assert set(step["env"]) <= settings.keys()
    done = subprocess.run([*SHELL, step["run"]], env=settings, check=False, cwd=tmp_path)
    assert done.returncode == ended
    assert (tmp_path / "summary").read_text() == told
    name, _, comment = (tmp_path / "output").read_text().strip().partition("=")
    assert name == "comment"
    assert WORKFLOW["jobs"]["preview"]["outputs"] == {"comment": "${{ steps.preview.outputs.comment }}"}
    folder = tmp_path / "forge"
    folder.mkdir()
    assert Forge(folder, ours(f"{MARKER}\nof an earlier commit")).says(comment) == ours(told)
