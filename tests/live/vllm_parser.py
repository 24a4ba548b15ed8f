# SPDX-License-Identifier: MPL-2.0
"""Parses command lines with vLLM's own parser. Run in vLLM's environment, as a file: it imports nothing of andel.

Reads a JSON list of command lines (lists of words after `vllm serve MODEL`) from standard input, and writes for each
what vLLM reads, or its refusal.
"""

import contextlib
import dataclasses
import importlib
import io
import json
import logging
import os
import sys
from typing import Any

MODULES = (
    "vllm.entrypoints.common.cli_args",
    "vllm.entrypoints.launchers.cli_args",
    "vllm.entrypoints.openai.cli_args",
)
PARSERS = ("vllm.utils.argparse_utils", "vllm.utils")


def first(modules: tuple[str, ...], name: str) -> Any:
    """The thing of that name in the first module that there is."""
    for module in modules:
        with contextlib.suppress(ImportError, AttributeError):
            return getattr(importlib.import_module(module), name)
    raise SystemExit(f"no {name} in {modules}")


def plain(value: Any) -> Any:
    """What was read, as JSON can hold it: a config object as the fields that were given."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {"fields": {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(item) for item in value]
    return value if isinstance(value, bool | int | float | str | None) else repr(value)


def main() -> None:
    """Read, parse, write."""
    logging.disable(logging.CRITICAL)
    output, sys.stdout = sys.stdout, sys.stderr
    parser = first(MODULES, "make_arg_parser")(first(PARSERS, "FlexibleArgumentParser")())
    validate = first(MODULES, "validate_parsed_serve_args")
    answers: list[dict[str, Any]] = []
    for words in json.load(sys.stdin):
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                read = parser.parse_args(words)
                validate(read)
            answers.append({"read": {key.replace("_", "-"): plain(value) for key, value in vars(read).items()}})
        except (SystemExit, TypeError, ValueError, KeyError) as error:
            answers.append({"refused": said.getvalue()[-300:] or str(error)})
    output.write(json.dumps(answers))
    output.flush()
    os._exit(0)  # vLLM leaves threads behind on import


if __name__ == "__main__":
    main()
