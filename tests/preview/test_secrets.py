# SPDX-License-Identifier: MPL-2.0
"""A secret that a revision holds is in nothing that the command says, whatever it is asked for."""

import base64
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from andel.__main__ import main
from andel.preview import building
from andel.preview.building import build
from andel.preview.masking import Masks, mask, plain, secrets, shown
from andel.preview.revisions import Revision
from andel.preview.stacks import stacks

from .checkouts import change, commit, git
from .graphs import kubernetes, secret

PLANTED = {
    "of a Secret": "correct-horse-battery-staple",
    "marked by the program": "marked-1f0c22d9",
    "of an environment": "surrounded-77aa01",
    "by its form": "hf_" + "abcdefghijklmnopqrstuvwx",
    "by its key": "named-4b1d9e55",
}

PROGRAM = f"""
import base64, pulumi
class Made(pulumi.CustomResource):
    def __init__(self, kind, name, props):
        super().__init__("kubernetes:core/v1:" + kind, name, dict(apiVersion="v1", kind=kind, metadata=dict(name=name), **props))
planted = {PLANTED!r}
print(planted)
Made("Secret", "s", dict(stringData=dict(value=planted["of a Secret"], short="abc"), data=dict(x="{base64.b64encode(b"x").decode()}")))
Made("ConfigMap", "copy", dict(data=dict(a="before " + planted["of a Secret"], c=pulumi.Output.secret(planted["marked by the program"]))))
encoded = [base64.b64encode(planted[one].encode()).decode() for one in ("of a Secret", "by its form")]
Made("ConfigMap", "encoded", dict(data=dict(a="before " + planted["of a Secret"], b=encoded)))
Made("ConfigMap", "again", dict(data={{"a": planted["marked by the program"], planted["of a Secret"]: "as a key"}}))
Made("Pod", "p", dict(spec=dict(containers=[dict(name="c", env=[dict(name="DB_PASSWORD", value=planted["of an environment"])], args=["--password=" + planted["of an environment"]])])))
Made("ConfigMap", "form", dict(data=dict(a="uses " + planted["by its form"]), settings=dict(clientSecret=planted["by its key"])))
if pulumi.get_stack() == "broken":
    raise ValueError("fails with " + planted["marked by the program"] + " and " + planted["by its form"])
"""  # noqa: E501 (a program, as short as it can be)

COMMAND = """
import json, sys
def main(args):
    refused = dict(file="Pulumi.refused.yaml", line=1, path="x", wrong="holds correct-horse-battery-staple", mend="go")
    print(json.dumps([refused] if "Pulumi.refused.yaml" in args else []))
    sys.exit(0)
"""

FILE = 'config: {"other:password": {secure: "v1:c2VjdXJlLXZhbHVl:of-the-config"}, "andel:environment": {}}\n'


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small program whose head holds secrets, one of them another one than its base's."""
    folder = tmp_path_factory.mktemp("secrets") / "checkout"
    (folder / "config").mkdir(parents=True)
    written = {"config/__init__.py": "", "andel/__init__.py": "", "andel/__main__.py": COMMAND}
    stacks = {f"Pulumi.{name}.yaml": FILE for name in ("dev", "broken", "refused")}
    base = PROGRAM.replace("correct-horse", "former-horse")
    for old, new in {"named-4b": "former-4b", "uses ": "used ", "surrounded": "former", "hf_a": "hf_b"}.items():
        base = base.replace(old, new)
    change(folder, {name: {"": text} for name, text in {**written, **stacks, "__main__.py": base}.items()})
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "base")
    change(folder, {"__main__.py": {"": PROGRAM}})
    return folder


FORMATS = {"terminal": (), "json": ("--json",), "markdown": ("--markdown", "comment.md")}


@pytest.mark.parametrize("arguments", FORMATS.values(), ids=FORMATS)
def test_a_planted_secret_is_in_no_output(
    arguments: tuple[str, ...], checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)
    result = CliRunner().invoke(main, ["preview", "--base", "main", *arguments])
    assert result.exit_code == 1, result.output
    said = result.output + (checkout / "comment.md").read_text() if "comment.md" in arguments else result.output
    assert "Secret s" in said or '"kind": "Secret"' in said, said
    assert "[secret]" in said
    assert "fails with [secret]" in said
    assert "holds [secret]" in said
    for told, value in PLANTED.items():
        former = value.replace("correct", "former").replace("named", "former").replace("surrounded", "former")
        for form in (value, base64.b64encode(value.encode()).decode(), former):
            assert form not in said, told
    assert "v1:c2Vj" not in said


def test_that_a_secret_is_another_one_is_seen() -> None:
    values = [
        plain(kubernetes("v1", "Secret", "s", {"stringData": {"a": value}})["inputs"]) for value in ("b", "c", "b")
    ]
    assert values[0] == values[2] != values[1]
    assert {shown(str(one["stringData"])) for one in values} == {"{'a': '[secret]'}"}


def test_only_what_is_a_secret_is_masked() -> None:
    names = {"name": "TOKEN_FILE", "value": "/run/token"}
    inputs = {"kind": "ConfigMap", "data": {"a": "andel-gateway"}, "env": [names], "secretName": "andel-gateway-tls"}
    assert plain(inputs) == inputs
    assert list(secrets(inputs)) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\nabcd\n-----END RSA PRIVATE KEY-----\nafter", "[secret]\nafter"),
        ("-----BEGIN PRIVATE KEY-----\nMIIB and no end", "[secret]"),
        ("a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0x.c2lnbmF0dXJl b", "a [secret] b"),
        ("postgres://user:word@host/db", "postgres[secret]host/db"),
        ("https://host:8080/path?a=b@c", "https://host:8080/path?a=b@c"),
        ("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"),
    ],
)
def test_all_of_a_secret_goes_and_not_its_beginning_alone(text: str, left: str) -> None:
    assert shown(text) == left


def test_a_secret_within_a_longer_one_leaves_nothing_of_it() -> None:
    known = [secret("12345678"), secret("12345678-and-more")]
    masks = Masks(one for value in known for one in secrets(value))
    assert masks.text("12345678-and-more") == mask("12345678-and-more")
    assert json.loads(masks.text(json.dumps({"a": "12345678"}))) == {"a": mask("12345678")}


def test_what_is_named_like_a_secret_or_stands_in_a_list_of_them_is_one_everywhere() -> None:
    inputs = [{"clientSecret": "named-4b1d9e55"}, {"of": secret(["listed-77aa01", {"deep": "within-1f0c22"}])}]
    masks = Masks(secrets(inputs))
    for text in ("named-4b1d9e55", "listed-77aa01", "within-1f0c22"):
        assert text not in masks.text(f"says {text} elsewhere")


ALONE = """
import pulumi
class Made(pulumi.CustomResource):
    def __init__(self, name, props):
        super().__init__("kubernetes:core/v1:ConfigMap", name, props)
Made("c", dict(kind="ConfigMap", data=dict(a=pulumi.Output.secret("only-here-8812"))))
raise ValueError("fails with only-here-8812" + " and more" * 600 + " only-here-8812")
"""


def test_a_program_that_fails_tells_no_secret_that_it_alone_knew(tmp_path: Path) -> None:
    written = {"config/__init__.py": "", "andel/__init__.py": "", "andel/__main__.py": COMMAND, "__main__.py": ALONE}
    change(tmp_path, {name: {"": text} for name, text in {**written, "Pulumi.dev.yaml": FILE}.items()})
    ((found,),) = ([*side.values()] for side in build([(Revision("head", tmp_path), stacks(tmp_path))], lambda _: None))
    assert "[secret]" in found.error
    assert "only-here" not in found.error


def test_an_error_that_is_cut_leaves_no_half_of_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Masked first, and then cut: wherever the cut is."""
    monkeypatch.setattr(building, "MOST", 40)
    written = {"config/__init__.py": "", "andel/__init__.py": "", "andel/__main__.py": COMMAND}
    ending = "import os, sys; sys.stderr.write('hf_' + 'a' * 30); sys.stderr.flush(); os._exit(3)"
    files = {**written, "__main__.py": ending, "Pulumi.dev.yaml": FILE}
    change(tmp_path, {name: {"": text} for name, text in files.items()})
    ((found,),) = ([*side.values()] for side in build([(Revision("head", tmp_path), stacks(tmp_path))], lambda _: None))
    assert found.error
    assert "aaaa" not in found.error
