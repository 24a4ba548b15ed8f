# SPDX-License-Identifier: MPL-2.0
"""Reading a stack file (`Pulumi.<stack>.yaml`) without trusting it, and finding the line of a path in it."""

from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path as File
from typing import Any, NoReturn

import yaml

from .section import Mistake, Path, Refusal, refuse_if_any

LARGEST = 512 * 1024
"""Bytes of the largest stack file: ten times the environment of all 98 municipalities."""

DEEPEST = 40
"""Levels of the deepest stack file; an environment has nine."""

KEY = "andel:environment"
"""Config key that holds the environment."""

SWITCH = "pulumi:disable-default-providers"
"""Config key that keeps resources without a provider from reaching whatever cluster a kubeconfig names."""

SETTINGS = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment")
"""Top-level keys of a stack file (source: pulumi, sdk/go/common/workspace, ProjectStack)."""

OURS = ("andel:environment", "andel:municipality")
"""Config keys of this package."""


@dataclass(frozen=True)
class StackFile:
    """A stack file as it was read."""

    environment: Any
    """What stands under `andel:environment`, not judged."""

    lines: dict[Path, int] = field(default_factory=dict)
    """Line of each path below the environment."""

    def line(self, path: Path) -> int:
        """Line of a path, or of the nearest one above it that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(file: File) -> StackFile:
    """Read a stack file.

    Raises:
        Refusal: it is not YAML that says one thing, or not a stack file with an environment.
    """
    node = _compose(_text(file))
    lines: dict[Path, int] = {}
    document = _plain(node, (), lines)
    refuse_if_any(_stack_rules(document))
    below = len(_PREFIX)
    return StackFile(
        environment=document["config"][KEY],
        lines={path[below:]: line for path, line in lines.items() if path[:below] == _PREFIX},
    )


_PREFIX: Path = ("config", KEY)


def _refuse(wrong: str, mend: str, path: Path = ()) -> NoReturn:
    raise Refusal([Mistake(path, wrong, mend)])


def _text(file: File) -> str:
    if not file.is_file():
        _refuse("there is no such file", "name a stack file, as Pulumi.dev.yaml")
    if (size := file.stat().st_size) > LARGEST:
        _refuse(f"the file has {size} bytes, more than {LARGEST}", "take out what is no setting")
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"byte {error.start} is not UTF-8", "save the file as UTF-8")


def _compose(text: str) -> yaml.Node:
    """The one document of a text, as nodes: aliases and doubled keys are still to be seen there."""
    _refuse_depth(text)
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        _refuse(f"not YAML: {place}{getattr(error, 'problem', None) or 'unreadable'}", "mend the syntax there")
    if not isinstance(node, yaml.MappingNode):
        _refuse("not a mapping of settings", "begin with `config:`")
    return node


def _refuse_depth(text: str) -> None:
    """Count open collections event by event: composing recurses, and would run out of stack."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                _refuse(f"{_line(event)} lies more than {DEEPEST} levels deep", "unfold it")
            if isinstance(event, yaml.AliasEvent):
                _refuse(f"{_line(event)} repeats an anchor", "write the setting out: each stands once")
    except yaml.YAMLError:
        return  # composing says it with its place


def _line(event: yaml.Event) -> str:
    return f"line {event.start_mark.line + 1}" if event.start_mark else "a line"


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    """The value of a node; the line of each path is noted on the way."""
    lines[path] = node.start_mark.line + 1
    match node:
        case yaml.MappingNode():
            return _mapping(node, path, lines)
        case yaml.SequenceNode():
            return [_plain(item, (*path, index), lines) for index, item in enumerate(node.value)]
        case _:
            return _scalar(node, path)


def _mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key_node, item in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        line = key_node.start_mark.line + 1
        if key is None:
            _refuse(f"line {line} has a collection as a key", "write a name before the colon", path)
        elif key in plain:
            first = lines[(*path, key)]
            _refuse(f"{key} stands here twice, in lines {first} and {line}", "take one away", path)
        else:
            lines[(*path, key)] = line
            plain[key] = _plain(item, (*path, key), lines)
            lines[(*path, key)] = line
    return plain


def _scalar(node: yaml.Node, path: Path) -> Any:
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError):
        _refuse("a value that YAML can't read as what it looks like", "put it in quotes", path)


def _stack_rules(document: dict[str, Any]) -> list[Mistake]:
    found = [
        Mistake((key,), "unknown setting of a stack", _nearest(key, SETTINGS))
        for key in document
        if key not in SETTINGS
    ]
    config = document.get("config")
    if not isinstance(config, dict):
        return [*found, Mistake(("config",), "there are no settings", f"write `config:` with {KEY} below it")]
    found += [
        Mistake(("config", key), "unknown setting of andel", _nearest(key, OURS))
        for key in config
        if key.startswith("andel:") and key not in OURS
    ]
    if KEY not in config:
        found.append(Mistake(("config",), f"{KEY} is missing", "write it, or start from `andel template`"))
    elif isinstance(config[KEY], dict) and set(config[KEY]) == {"secure"}:
        found.append(
            Mistake(("config", KEY), "is encrypted", "write it in the open: it holds names of secrets, no secrets")
        )
    switch = config.get(SWITCH)
    if not (isinstance(switch, list) and {"*", "kubernetes"} & set(map(str, switch))):
        found.append(Mistake(("config", SWITCH), "default providers are not switched off", f'write `{SWITCH}: ["*"]`'))
    return found


def _nearest(word: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"write {near[0]}, or take it away" if near else "take it away"
