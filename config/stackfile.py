# SPDX-License-Identifier: MPL-2.0
"""Reading a stack file (`Pulumi.<stack>.yaml`) without trusting it, and finding the line of a path in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path as File
from typing import Any, NoReturn

import yaml

from .section import Mistake, Path, Refusal, refuse_if_any

LARGEST = 512 * 1024
"""Bytes of the largest stack file: ten times the environment of all 98 municipalities."""

MOST = 10_000
"""Names and values of the longest stack file: prod has 300, the register of all municipalities adds 2,000."""

DEEPEST = 40
"""Levels of the deepest stack file; an environment has nine."""

KEY = "andel:environment"
"""Config key that holds the environment."""

MUNICIPALITY = "andel:municipality"
"""Config key that holds a municipality."""

SWITCH = "pulumi:disable-default-providers"
"""Config key that keeps resources without a provider from reaching whatever cluster a kubeconfig names."""

SETTINGS = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment")
"""Top-level keys of a stack file (source: pulumi, sdk/go/common/workspace, ProjectStack)."""

OURS = (KEY, MUNICIPALITY)
"""Config keys of this package."""


@dataclass(frozen=True)
class StackFile:
    """A stack file as it was read."""

    document: dict[str, Any] = field(default_factory=dict)
    """All of it, not judged."""

    lines: dict[Path, int] = field(default_factory=dict)
    """Line of each path in the file."""

    @property
    def environment(self) -> Any:
        """What stands under `andel:environment`, not judged.

        Raises:
            Refusal: it is no stack file with an environment.
        """
        return self._under(KEY)

    @property
    def municipality(self) -> Any:
        """What stands under `andel:municipality`, not judged.

        Raises:
            Refusal: it is no stack file with a municipality.
        """
        return self._under(MUNICIPALITY)

    def _under(self, key: str) -> Any:
        refuse_if_any(_stack_rules(self.document, key))
        return self.document["config"][key]

    @property
    def key(self) -> str:
        """Which of the two it holds; the environment's, where it holds neither or both."""
        config = self.document.get("config")
        return MUNICIPALITY if isinstance(config, dict) and MUNICIPALITY in config and KEY not in config else KEY

    def line(self, path: Path) -> int:
        """Line of a path of the file or of the environment, or of the nearest one above it that the file has."""
        if not (path and path[0] in self.document):
            path = ("config", self.key, *path)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(file: File) -> StackFile:
    """Read a stack file.

    Raises:
        Refusal: it is not YAML that says one thing.
    """
    node = _compose(_text(file))
    lines: dict[Path, int] = {}
    return StackFile(_mapping(node, (), lines), lines)


_PREFIXES: tuple[Path, ...] = tuple(("config", key) for key in OURS)


def _refuse(wrong: str, mend: str, mark: Any = None, path: Path = ()) -> NoReturn:
    raise Refusal([Mistake(_seen(path), wrong, mend, mark.line + 1 if mark else None)])


def _seen(path: Path) -> Path:
    """A path of the file as people name it: what lies in the environment, from there."""
    return path[2:] if path[:2] in _PREFIXES else path


def _text(file: File) -> str:
    if not file.is_file():
        _refuse("there is no such file", "name a stack file, as Pulumi.dev.yaml")
    if (size := file.stat().st_size) > LARGEST:
        _refuse(f"the file has {size} bytes, more than {LARGEST}", "take out what is no setting")
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(f"byte {error.start} is not UTF-8", "save the file as UTF-8")
    except OSError as error:
        _refuse(f"the file can't be read ({error.strerror})", "mend its permissions")


def _compose(text: str) -> yaml.MappingNode:
    """The one document of a text, as nodes: aliases and doubled keys are still to be seen there."""
    _refuse_excess(text)
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in column {mark.column + 1}" if mark else ""
        _refuse(f"not YAML{place}: {getattr(error, 'problem', None) or 'unreadable'}", "mend the syntax", mark)
    if not isinstance(node, yaml.MappingNode):
        _refuse("not a mapping of settings", "begin with `config:`")
    return node


def _refuse_excess(text: str) -> None:
    """Go through event by event before anything is built: composing recurses, and would run out of stack."""
    depth = 0
    try:
        for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                _refuse(f"more than {DEEPEST} levels deep", "unfold it", event.start_mark)
            if count > MOST:
                _refuse(f"more than {MOST} names and values by here", "take out what is no setting", event.start_mark)
            if isinstance(event, yaml.AliasEvent):
                _refuse("an anchor is repeated", "write the setting out: each stands once", event.start_mark)
    except yaml.YAMLError:
        return  # composing says it with its place


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
        mark = key_node.start_mark
        if key is None:
            _refuse("a collection as a key", "write a name before the colon", mark, path)
        if key in plain:
            first = lines[(*path, key)]
            _refuse(f"stands here twice, in lines {first} and {mark.line + 1}", "take one away", mark, (*path, key))
        plain[key] = _plain(item, (*path, key), lines)
        lines[(*path, key)] = mark.line + 1  # a block begins below its key
    return plain


def _scalar(node: yaml.Node, path: Path) -> Any:
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError):
        _refuse("a value that YAML can't read as what it looks like", "put it in quotes", node.start_mark, path)


def _stack_rules(document: dict[str, Any], wanted: str) -> list[Mistake]:
    found = [
        Mistake((key,), "unknown setting of a stack", _nearest(key, SETTINGS))
        for key in document
        if key not in SETTINGS
    ]
    if wanted == MUNICIPALITY and "environment" in document:
        wrong = "environments of Pulumi's service bring variables and credentials into the run"
        found.append(Mistake(("environment",), wrong, "take it away: what it needs stands in its settings"))
    config = document.get("config")
    if not isinstance(config, dict):
        return [*found, Mistake(("config",), "there are no settings", f"write `config:` with {wanted} below it")]
    found += [
        Mistake(("config", key), "unknown setting of andel", _nearest(key, OURS))
        for key in config
        if key.startswith("andel:") and key not in OURS
    ]
    if wanted not in config:
        found.append(Mistake(("config",), f"{wanted} is missing", "write it, or start from `andel template`"))
    found += [
        Mistake(("config", key), "is the other kind of stack's", "take it away: a file is one stack")
        for key in OURS
        if key != wanted and key in config and wanted in config
    ]
    found += [
        Mistake(_seen(path), "is encrypted", "write it in the open: it holds names of secrets alone")
        for path in _encrypted(config.get(wanted), ("config", wanted))
    ]
    switch = config.get(SWITCH)
    if not (isinstance(switch, list) and {"*", "kubernetes"} & set(map(str, switch))):
        found.append(Mistake(("config", SWITCH), "default providers are not switched off", f'write `{SWITCH}: ["*"]`'))
    return found


def _encrypted(value: object, path: Path) -> Iterator[Path]:
    """Paths of what Pulumi encrypted (`secure: v1:…`)."""
    if isinstance(value, dict):
        if value.keys() == {"secure"}:
            yield path
        else:
            for key, item in value.items():
                yield from _encrypted(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _encrypted(item, (*path, index))


def _nearest(word: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"write {near[0]}, or take it away" if near else "take it away"
