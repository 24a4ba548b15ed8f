# SPDX-License-Identifier: MPL-2.0
"""The workflow: its own words, run in a shell, with a forge that keeps comments in a file."""

import base64
import gzip
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from andel.preview.fitting import LONGEST
from andel.preview.markdown import MARKER
from tests.conftest import ROOT

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/preview.yml").read_text(encoding="utf-8"))


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
