# SPDX-License-Identifier: MPL-2.0
"""How the lab says that it can't go on."""

from pathlib import Path

import click


class LabError(click.ClickException):
    """One clear error: what is wrong, and what to do."""


def tail(log: Path, lines: int = 12) -> str:
    """The end of a log, for an error that names it."""
    if not log.exists():
        return f"({log} is not there)"
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    return "\n".join(f"  {line[:400]}" for line in text) + f"\n  (the whole log: {log})"
