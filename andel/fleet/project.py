# SPDX-License-Identifier: MPL-2.0
"""The project folder of a fleet: copies of stack files, since the engine writes a salt into them, and its notes."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import yaml
from pulumi.automation.errors import CommandError

from config.contract import PlatformContract
from config.load import FILE, contract_of
from config.section import Refusal

from .engine import PROJECT, Engine
from .notes import Note
from .stacks import FleetStack
from .worker import Job

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAM = CHECKOUT / "municipalities" / "__main__.py"
"""What every stack runs."""

KEPT = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""Settings of a stack file that the engine writes."""


def state_folder() -> Path:
    """What fleets keep between runs: `${XDG_STATE_HOME}/andel/fleet`."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    return state / "andel" / "fleet"


@dataclass(frozen=True)
class Project:
    """A fleet's folder: one for each environment on each back end."""

    folder: Path
    """Where it lies."""

    @classmethod
    def of(cls, environment: str) -> "Project":
        """The folder of an environment on the back end that is logged in to."""
        back_end = os.environ.get("PULUMI_BACKEND_URL") or os.environ.get("PULUMI_HOME") or "home"
        name = f"{environment}-{hashlib.sha256(back_end.encode()).hexdigest()[:8]}"
        return cls(state_folder() / name)

    @property
    def lock(self) -> Path:
        """Held by the one fleet that may be at it."""
        return self.folder / "lock"

    @contextmanager
    def accounts(self) -> Iterator[Path]:
        """A folder for kubeconfigs of accounts, which goes with the run; with the next one, if this one is killed."""
        folder = self.folder / "accounts"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def note(self, stack: str) -> Note:
        """The note about a stack."""
        return Note(self.folder / "notes" / f"{stack}.json")

    def write(self, stacks: Sequence[FleetStack]) -> None:
        """Bring the copies up to date."""
        (self.folder / "notes").mkdir(parents=True, exist_ok=True, mode=0o700)
        project = yaml.safe_load((PROGRAM.parent / "Pulumi.yaml").read_text(encoding="utf-8"))
        _write(self.folder / "Pulumi.yaml", yaml.safe_dump({**project, "main": str(PROGRAM.parent)}))
        for stack in stacks:
            copy = self.folder / f"Pulumi.{stack.name}.yaml"
            text = stack.file.read_text(encoding="utf-8")
            if not engine_settings(text) and copy.exists():
                text = "\n".join([text.rstrip("\n"), *engine_settings(copy.read_text(encoding="utf-8")), ""])
            _write(copy, text)

    def existing(self, engine: Engine) -> set[str]:
        """Stacks that the back end knows.

        Raises:
            click.ClickException: the back end can't be asked.
        """
        try:
            listed = engine.run(["stack", "ls", "--project", PROJECT, "--json"], str(self.folder), {})
        except CommandError as error:
            raise click.ClickException(f"the back end can't be asked for its stacks:\n{error}") from None
        return {one["name"].rpartition("/")[2] for one in json.loads(listed.stdout)}

    def contract(self, engine: Engine, platform: str, file: Path | None) -> PlatformContract:
        """The platform's contract, read once for all; the file in which it lies is named to the programs.

        Args:
            engine: to read it with.
            platform: the platform's stack by its full name.
            file: that holds it already, if somebody handed it over.

        Raises:
            click.ClickException: there is none.
        """
        held = file or self.folder / "contract.json"
        if file is None:
            command = ["stack", "output", "contract", "--json", "--stack", platform]
            try:
                _write(held, engine.run(command, str(self.folder), {}).stdout)
            except CommandError as error:
                wrong = f"{platform} can't be read; hand its output over (--contract, docs/municipalities.md):\n{error}"
                raise click.ClickException(wrong) from None
        os.environ[FILE] = str(held.resolve())
        try:
            return contract_of(json.loads(held.read_text(encoding="utf-8")), str(held))
        except (OSError, ValueError, Refusal) as error:
            raise click.ClickException(f"{held}: {error}") from None

    def job(self, verb: str, stack: FleetStack, wave: int, *, exists: bool, as_whom: Path) -> Job:
        """A stack's turn."""
        settings = yaml.safe_load((self.folder / f"Pulumi.{stack.name}.yaml").read_text(encoding="utf-8"))
        return Job(
            verb=verb,
            slug=stack.slug,
            stack=stack.name,
            wave=wave,
            exists=exists,
            kubeconfig=as_whom,
            folder=self.folder,
            note=self.note(stack.name),
            secrets_provider=settings.get("secretsprovider"),
        )


def engine_settings(text: str) -> list[str]:
    """Lines of a stack file that the engine wrote."""
    return [line for line in text.splitlines() if line.partition(":")[0] in KEPT]


def _write(file: Path, text: str) -> None:
    """Write a file as a whole, unless it is the same."""
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
