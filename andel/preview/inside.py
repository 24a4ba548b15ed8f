# SPDX-License-Identifier: MPL-2.0
"""What runs inside a revision: its own programs and its own commands, with nothing of this one but the recorder.

It is started by its path, with the revision's folder as its only argument. It reads a job from standard input and
answers with one line of JSON a stack. No cluster, no engine and no network is asked.
"""

import contextlib
import importlib
import importlib.util
import io
import json
import os
import runpy
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
import yaml

SECURE = "[secret]"
"""In place of a value of the config that Pulumi has encrypted. Nobody here has the passphrase."""


def recorder() -> ModuleType:
    """The module beside this one that records. It is no part of the revision, so it is no part of its packages."""
    spec = importlib.util.spec_from_file_location("andel_preview_recorder", Path(__file__).with_name("graph.py"))
    if spec is None or spec.loader is None:
        raise FileNotFoundError("graph.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def command(*args: str) -> Any:
    """What the revision's `andel` answers in JSON; None if it can't."""
    told, said = io.StringIO(), io.StringIO()
    # It may fail in whatever way: the programs are built all the same, and say what is wrong.
    may = contextlib.suppress(Exception, SystemExit)
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(said), may:
        importlib.import_module("andel.__main__").main(args)
    try:
        return json.loads(told.getvalue())
    except ValueError:
        return None


def capacity(file: str) -> Any:
    """What the pools of a platform have and its models ask for; where it is refused, as far as that can be counted."""
    told = command("capacity", "--json", file)
    return command("capacity", "--json", "--refused", file) if told is None else told


def settings(file: Path) -> dict[str, str]:
    """The config of a stack file as the engine hands it to a program."""
    config = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)["config"]
    return {key: value if isinstance(value, str) else json.dumps(_open(value)) for key, value in config.items()}


def _open(value: Any) -> Any:
    match value:
        case {"secure": str()}:
            return SECURE
        case dict():
            return {key: _open(item) for key, item in value.items()}
        case list():
            return [_open(item) for item in value]
        case _:
            return value


def built(
    graphs: ModuleType,
    folder: Path,
    project: str,
    stack: str,
    file: Path,
    stacks: Mapping[str, Any],
    recorded: list[Any] | None = None,
) -> dict[str, Any]:
    """A stack's resources, and what it puts out.

    Args:
        graphs: the recorder.
        folder: of its program.
        project: its project.
        stack: its name.
        file: its stack file.
        stacks: what other stacks put out, by name.
        recorded: where registrations are put, whether or not the program fails.

    Raises:
        whatever the program raises.
    """
    outputs: dict[str, Any] = {}

    def program() -> None:
        runpy.run_path(str(folder / "__main__.py"), run_name="andel_program")
        root: Any = pulumi.runtime.get_root_resource()
        for name in ("contract", "prices"):
            if name in root.outputs:
                _keep(outputs, name, root.outputs[name])

    pulumi.runtime.set_all_config(settings(file))
    os.chdir(folder)
    how = {"project": project, "stack_name": stack, "preview": True, "whole_urns": True}
    found = graphs.graph(program, stacks=stacks, recorded=recorded, **how)
    return {"resources": [_plain(one) for one in found], "outputs": outputs}


def promised(file: Path) -> dict[str, Any] | None:
    """What a platform tells municipalities, without building it; None where the revision has no such function.

    A platform of 98 members takes 20 seconds to build, and its contract a fraction of one.
    """
    try:
        admission, contracts, files = map(
            importlib.import_module, ("andel.release.admission", "config.contract", "config.stackfile")
        )
        contract = contracts.contract(admission.judged(files.read(file).environment))
        return {"resources": [], "outputs": {"contract": contract.model_dump(mode="json", by_alias=True)}}
    except (ImportError, AttributeError, TypeError):
        return None


def _keep(outputs: dict[str, Any], name: str, value: Any) -> None:
    def kept(known: Any) -> None:
        outputs[name] = known

    pulumi.Output.from_input(value).apply(kept)


def _plain(registration: Any) -> dict[str, Any]:
    return {key: sorted(v) if isinstance(v, frozenset) else v for key, v in vars(registration).items()}


def answers(folder: Path, job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """An answer for each stack of a job: the platforms' first, since municipalities read what they put out."""
    graphs = recorder()
    contracts: dict[str, Any] = {}
    broken: set[str] = set()
    found: dict[str, list[Any]] = {}
    for stack in job["stacks"]:
        file = folder / stack["file"]
        platform = stack["platform"]
        answer: dict[str, Any] = {"stack": stack["file"]}
        if platform in broken:
            yield answer | {"error": f"{platform}, which it stands on, is refused"}
            continue
        if stack["file"] not in found:
            found |= mistakes(platform, [one["file"] for one in job["stacks"] if one["platform"] == platform])
        answer["mistakes"] = found[stack["file"]]
        if not answer["mistakes"]:
            recorded: list[Any] = []
            try:
                known = promised(file) if stack["only_read"] else None
                answer |= known or built(
                    graphs, folder / stack["folder"], stack["project"], stack["name"], file, contracts, recorded
                )
            except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever it does, other stacks are still shown)
                # Its words may hold secrets that only what it made shows to be secrets.
                answer |= {"error": _told(error), "recorded": [_plain(one) for one in recorded]}
            os.chdir(folder)
        if not platform:
            if "outputs" in answer:
                contracts[stack["name"]] = answer["outputs"]
            if not stack["only_read"]:
                answer["capacity"] = capacity(stack["file"])
            if answer["mistakes"] or "error" in answer:
                broken.add(stack["file"])
        yield answer


def mistakes(platform: str | None, files: list[str]) -> dict[str, list[Any]]:
    """What the revision's `andel check` has against each of its files; all at once, since platforms are judged again.

    Where the command fails, nothing: the programs judge their config themselves.
    """
    judged = ("--platform", platform) if platform else ()
    told = command("check", "--json", *judged, *files) or []
    return {file: [one for one in told if one["file"] == file] for file in files}


def _told(error: BaseException) -> str:
    if isinstance(error, pulumi.RunError):
        return str(error)
    return "".join(traceback.format_exception(error)[-3:])


def main() -> None:
    """Do the job of standard input."""
    folder = Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(folder))
    # Programs may print: what they say goes where errors go.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    os.chdir(folder)
    at = Path(str(importlib.import_module("config").__file__))
    if folder not in at.parents:
        raise SystemExit(f"the revision's own code is not what runs: config is {at}")
    for answer in answers(folder, json.load(sys.stdin)):
        out.write(json.dumps(answer) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
