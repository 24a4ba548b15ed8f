# SPDX-License-Identifier: MPL-2.0
"""The command on small programs: what it says of changes that a whole platform would take long for."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from andel.__main__ import main
from andel.preview import building

from .checkouts import branch, change, commit, git

COMMAND = """
import json, os, pathlib, sys
def main(args):
    assert not {"KUBECONFIG", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PULUMI_ACCESS_TOKEN"} & os.environ.keys()
    files = [name for name in args if name.endswith(".yaml") and "refused" in pathlib.Path(name).read_text()]
    if args[0] == "capacity" and files and "--refused" not in args:
        sys.exit("refused")
    used, fit = (6, "short") if files else (2, "certain")
    cases = [dict(pool="large", case="now", fit=fit, waiting="")]
    told = {"pools": [dict(pool="large", used=used, shares=4)], "cases": cases}
    refused = [dict(file=name, line=3, path="pools.large", wrong="too small", mend="add nodes") for name in files]
    print(json.dumps(told if args[0] == "capacity" else refused))
    sys.exit(0)
"""

PROGRAM = """
import pulumi
from config.words import WORD
class Made(pulumi.CustomResource):
    def __init__(self, name, props):
        super().__init__("kubernetes:core/v1:Service", name, props)
said = pulumi.Config("andel").require_object("environment")
contract = {"tiers": {}, "municipalities": {"aarhus": {"tier": "plus"}}, "said": said}
Made("s", dict(apiVersion="v1", kind="Service", metadata=dict(name="s"), spec=dict(word=WORD, said=said)))
pulumi.export("contract", contract)
"""

MEMBER = (
    PROGRAM.partition("contract =")[0].replace("environment", "municipality")
    + """
read = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": "any/andel/dev"}).value["outputs"]
Made("s", dict(apiVersion="v1", kind="Service", metadata=dict(name="m"), spec=dict(said=read["contract"]["said"])))
"""
)

FILES = {
    "Pulumi.dev.yaml": 'config: {"andel:environment": {"a": "b"}}\n',
    "municipalities/Pulumi.dev-aarhus.yaml": 'config: {"andel:municipality": {"a": "b"}}\n',
    "__main__.py": PROGRAM,
    "municipalities/__main__.py": MEMBER,
    "config/__init__.py": "",
    "config/words.py": 'WORD = "before"\n',
    "andel/__init__.py": "",
    "andel/__main__.py": COMMAND,
    "README.md": "x",
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    change(tmp_path, {name: {"": text} for name, text in FILES.items()})
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, "base")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", "/somewhere")
    monkeypatch.setenv("GITHUB_TOKEN", "of-the-runner")
    return tmp_path


def previewed(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["preview", "--base", "main", *arguments])


def told(*arguments: str) -> dict[str, Any]:
    result = previewed("--json", *arguments)
    document: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == int(document["refused"])
    return document


def states(document: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["state"] for one in document["stacks"]}


def test_each_revision_is_built_by_its_own_code(checkout: Path) -> None:
    branch(checkout, "other", {"config/words.py": {"before": "after"}})
    document = told("--head", "other")
    assert states(document) == {"dev": "changed", "dev-aarhus": "unchanged"}
    (changed,) = document["stacks"][0]["changes"]
    assert changed["properties"] == [
        {"path": "spec.word", "before": "before", "after": "after", "replaces": False},
    ]


def test_a_municipality_sees_what_its_platform_puts_out_at_each_revision(checkout: Path) -> None:
    change(checkout, {"Pulumi.dev.yaml": {'"b"': '"c"'}})
    document = told()
    assert states(document) == {"dev": "changed", "dev-aarhus": "changed"}
    assert document["stacks"][1]["changes"][0]["properties"][0]["path"] == "spec.said.a"


def test_what_no_program_reads_changes_nothing(checkout: Path) -> None:
    change(checkout, {"README.md": {"x": "y"}})
    assert (told()["stacks"], told()["untouched"]) == ([], 2)
    result = previewed("--markdown", "comment.md")
    assert "no stack can change by this" in (checkout / "comment.md").read_text()
    assert result.exit_code == 0
    assert result.stdout == ""  # progress is said elsewhere


def test_a_refused_head_is_shown_with_its_path_and_fails(checkout: Path) -> None:
    change(checkout, {"Pulumi.dev.yaml": {'"b"': '"refused"'}})
    document = told("--markdown", "comment.md")
    assert document["refused"]
    assert states(document) == {"dev": "refused", "dev-aarhus": "refused"}
    comment = (checkout / "comment.md").read_text()
    assert "Pulumi.dev.yaml:3: pools.large: too small; add nodes" in comment
    assert "Pulumi.dev.yaml, which it stands on, is refused" in comment


def test_a_base_that_was_refused_is_said_and_a_good_head_passes(checkout: Path) -> None:
    change(checkout, {"Pulumi.dev.yaml": {'"b"': '"refused"'}})
    commit(checkout, "broken")
    change(checkout, {"Pulumi.dev.yaml": {'"refused"': '"mended"'}})
    assert states(told()) == {"dev": "unknown before", "dev-aarhus": "unknown before"}


def test_a_program_that_ends_its_process_fails_alone(checkout: Path) -> None:
    change(checkout, {"municipalities/__main__.py": {"": "import os; os._exit(3)"}})
    document = told()
    assert states(document) == {"dev": "unchanged", "dev-aarhus": "refused"}
    assert "ended with 3" in str(document["stacks"][1]["refusals"])


def test_a_program_that_stops_before_it_makes_anything_says_why(checkout: Path) -> None:
    change(checkout, {"__main__.py": {"": "raise SystemExit('no more')"}})
    assert "no more" in str(told()["stacks"][0]["refusals"])


def test_a_stack_whose_file_is_gone_still_stands(checkout: Path) -> None:
    (checkout / "municipalities/Pulumi.dev-aarhus.yaml").unlink()
    document = told("--markdown", "comment.md")
    assert states(document) == {"dev-aarhus": "gone"}
    assert document["stacks"][0]["standing"] == 1
    assert "pulumi destroy -s dev-aarhus" in (checkout / "comment.md").read_text()


def test_what_a_gone_stack_leaves_is_counted_in_objects(checkout: Path) -> None:
    """Providers and values that a provider makes up stand on no cluster."""
    more = "pulumi.CustomResource('random:index/randomUuid:RandomUuid', 'r', {})\n"
    change(checkout, {"municipalities/__main__.py": {"read = ": f"{more}read = "}})
    commit(checkout, "more")
    (checkout / "municipalities/Pulumi.dev-aarhus.yaml").unlink()
    assert told()["stacks"][0]["standing"] == 1


def test_a_stack_that_stands_on_another_platform_by_a_change_is_compared_and_not_gone(checkout: Path) -> None:
    """`dev-west` goes, and `dev-west-aarhus` is the municipality `west-aarhus` of `dev` from then on."""
    for name in ("Pulumi.dev-west.yaml", "municipalities/Pulumi.dev-west-aarhus.yaml"):
        source = name.replace("-west-aarhus", "-aarhus").replace("-west", "")
        change(checkout, {name: {"": (checkout / source).read_text()}})
    change(checkout, {"municipalities/__main__.py": {"": PROGRAM.replace("environment", "municipality")}})
    commit(checkout, "a platform more")
    (checkout / "Pulumi.dev-west.yaml").unlink()
    assert states(told()) == {"dev-west": "gone", "dev-west-aarhus": "unchanged"}


def test_a_municipality_named_as_a_platform_hides_nothing_of_it(checkout: Path) -> None:
    for name, source in (("", "Pulumi.dev.yaml"), ("municipalities/", "municipalities/Pulumi.dev-aarhus.yaml")):
        change(checkout, {f"{name}Pulumi.dev-west.yaml": {"": (checkout / source).read_text()}})
    commit(checkout, "two of a name")
    change(checkout, {name: {'"b"': '"c"'} for name in ("Pulumi.dev.yaml", "Pulumi.dev-west.yaml")})
    found = {one["file"]: [each["name"] for each in one["changes"]] for one in told()["stacks"]}
    assert found["Pulumi.dev-west.yaml"] == ["s"]
    assert found["municipalities/Pulumi.dev-west.yaml"] == ["m"]


def test_a_program_that_waits_for_ever_is_given_up(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "SECONDS", 3)
    change(checkout, {"municipalities/__main__.py": {"": "import time; time.sleep(60)"}})
    document = told()
    assert states(document) == {"dev": "unchanged", "dev-aarhus": "refused"}
    assert "given up" in str(document["stacks"][1]["refusals"])


def test_a_process_that_is_killed_as_it_writes_is_told_as_such(checkout: Path) -> None:
    half = "import os, sys; [os.write(n, b'{') for n in range(3, 20) if os.path.exists(f'/proc/self/fd/{n}') "
    half += "and os.readlink(f'/proc/self/fd/{n}').startswith('pipe')]; os.kill(os.getpid(), 9)"
    change(checkout, {"municipalities/__main__.py": {"": half}})
    assert states(told()) == {"dev": "unchanged", "dev-aarhus": "refused"}


def test_a_check_that_fails_leaves_the_judgement_to_the_programs(checkout: Path) -> None:
    change(checkout, {"andel/__main__.py": {"    files =": "    raise KeyError(args)\n    files ="}})
    assert states(told()) == {"dev": "unchanged", "dev-aarhus": "unchanged"}


def test_what_a_program_puts_out_in_another_form_is_no_crash(checkout: Path) -> None:
    text = 'pulumi.export("contract", contract)'
    change(checkout, {"__main__.py": {text: f'{text}\npulumi.export("prices", ["none"])'}})
    assert states(told())["dev"] == "unchanged"


def test_of_a_refused_head_pools_and_the_base_s_figures_are_told(checkout: Path) -> None:
    """In JSON too. The stub's capacity knows `--refused`, and refuses without it as the real one does."""
    change(checkout, {"Pulumi.dev.yaml": {'"b"': '"refused"'}})
    found = told()["effects"]["dev"]
    assert found["refused"] == [False, True]
    assert found["pools"] == [
        {"name": "large", "before": [2, 4], "after": [6, 4], "fits": ["certain to fit", "short"]},
    ]
    assert [(one["slug"], one["before"]["tier"], one["after"]) for one in found["municipalities"]] == [
        ("aarhus", "plus", None)
    ]
    shown = previewed().output
    assert "6 shares asked for, 4 there" in shown
    assert "The head is refused, and has no price or quota. What is shown is the base's." in shown


def test_a_base_that_is_ahead_is_said(checkout: Path) -> None:
    branch(checkout, "behind", {"README.md": {"x": "y"}})
    change(checkout, {"README.md": {"x": "z"}})
    commit(checkout, "ahead")
    assert "a commit that the head has not" in str(told("--head", "behind")["notes"])


@pytest.mark.parametrize("name", ["nothing-of-this-name", "--output=x", "HEAD:README.md"])
def test_a_name_that_is_no_revision_is_refused_in_plain_words(name: str, checkout: Path) -> None:
    result = CliRunner().invoke(main, ["preview", f"--base={name}"])
    assert result.exit_code == 1
    assert "Error: git rev-parse" in result.output
    assert not (checkout / "x").exists()


def test_a_file_or_a_base_and_not_both() -> None:
    for arguments in ([], ["Pulumi.dev.yaml", "--base", "main"], ["Pulumi.dev.yaml", "--head", "main"]):
        assert CliRunner().invoke(main, ["preview", *arguments]).exit_code == 2
