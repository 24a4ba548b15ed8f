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
from .stacks import PLATFORM, FleetStack
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
        name = f"{environment}-{hashlib.sha256(back_end().encode()).hexdigest()[:8]}"
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
            before = copy.read_text(encoding="utf-8") if copy.exists() else ""
            _write(copy, with_engine_settings(stack.file.read_text(encoding="utf-8"), before))

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

    def contract(self, engine: Engine, environment: str, file: Path | None) -> PlatformContract:
        """The platform's contract, read once for all; the file in which it lies is named to the programs.

        Args:
            engine: to read it with.
            environment: the platform's stack, in the project `andel`.
            file: that holds it already, if somebody handed it over.

        Raises:
            click.ClickException: there is none.
        """
        held = file or self.folder / "contract.json"
        if file is None:
            command = ["stack", "output", "contract", "--json", "--stack", environment]
            try:
                _write(held, engine.run(command, str(self._platform()), {}).stdout)
            except CommandError as error:
                hint = "hand its output over (--contract, docs/municipalities.md)"
                wrong = f"{PLATFORM}/{environment} can't be read; {hint}:\n{error}"
                raise click.ClickException(wrong) from None
        os.environ[FILE] = str(held.resolve())
        try:
            return contract_of(json.loads(held.read_text(encoding="utf-8")), str(held))
        except (OSError, ValueError, Refusal) as error:
            raise click.ClickException(f"{held}: {error}") from None

    def _platform(self) -> Path:
        """A project folder of the platform's, without a program: a stack's short name is looked up in its project."""
        folder = self.folder / "platform"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(folder / "Pulumi.yaml", yaml.safe_dump({"name": PLATFORM, "runtime": "python"}))
        return folder

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


def back_end() -> str:
    """The back end that is logged in to (source: pulumi, sdk/go/common/workspace/creds.go, `GetCurrentCloudURL`)."""
    if named := os.environ.get("PULUMI_BACKEND_URL"):
        return named
    home = os.environ.get("PULUMI_CREDENTIALS_PATH") or os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi"
    try:
        return str(json.loads((Path(home) / "credentials.json").read_text(encoding="utf-8"))["current"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(home)


def with_engine_settings(text: str, before: str) -> str:
    """A stack file with what the engine wrote into its copy before, unless it brings such settings itself.

    However it is laid out: what is added is added to its nodes, and everything else is said as it was.
    """
    document = yaml.compose(text, Loader=yaml.SafeLoader)
    written = _engine_settings(before)
    if not isinstance(document, yaml.MappingNode) or _engine_settings(text) or not written:
        return text
    document.value += written
    return yaml.serialize(document, allow_unicode=True)


def _engine_settings(text: str) -> list[tuple[yaml.Node, yaml.Node]]:
    """Settings of a stack file that the engine writes."""
    try:
        document = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:  # the engine was killed while it wrote
        return []
    pairs = document.value if isinstance(document, yaml.MappingNode) else []
    return [(key, value) for key, value in pairs if key.value in KEPT]


def _write(file: Path, text: str) -> None:
    """Write a file as a whole, unless it is the same."""
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
