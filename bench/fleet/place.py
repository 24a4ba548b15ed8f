# SPDX-License-Identifier: MPL-2.0
"""Where it is measured: a lab with the walls of all members, and what they would write as plain manifests."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pulumi.runtime import rpc

from andel.fleet.generate import made, write
from andel.fleet.stacks import FleetStack, found
from andel.lab import engine
from andel.lab.folders import CHECKOUT, LabFolder
from andel.preview.graph import graph
from andel.release import release
from components.municipality import Municipality, MunicipalityArgs
from config.contract import PlatformContract, contract
from config.stackfile import KEY
from tests.engine.laboratory import Laboratory
from tests.engine.walls import raise_walls, whole

ENVIRONMENT = "dev"


@dataclass(frozen=True)
class Place:
    """A folder with a lab, stack files in a repository, and a contract."""

    root: Path
    """The folder."""

    workload: dict[str, Any]
    """What is measured."""

    @cached_property
    def laboratory(self) -> Laboratory:
        """The lab."""
        return Laboratory(LabFolder(root=self.root / "lab", stacks=self.stacks), ENVIRONMENT)

    @property
    def stacks(self) -> Path:
        """The environment, and `municipalities/`."""
        return self.root / "stacks"

    @property
    def contract(self) -> Path:
        """What the platform would put out."""
        return self.root / "contract.json"

    @property
    def slugs(self) -> list[str]:
        """Members in the order in which they were made."""
        return [one.slug for one in made(self.workload["members"], self.workload["seed"])]

    def stand_up(self) -> None:
        """Start the lab, and raise the walls of all members."""
        if not self.stacks.exists():
            write(CHECKOUT / "Pulumi.dev.yaml", self.stacks, self.workload["members"], self.workload["seed"])
            self._git("init", "-q")
            self.commit()
        self.laboratory.up()
        raised = self.root / "walls"
        if not raised.exists():
            raise_walls(self.laboratory.api, self.laboratory.environment)
            raised.touch()
        self.tell()

    def tell(self) -> None:
        """Put out the environment's contract, as the platform's `up` does."""
        given = contract(self.laboratory.environment).model_dump(mode="json", by_alias=True)
        self.contract.write_text(json.dumps(given))

    def change(self) -> None:
        """Change the one tier."""
        file = self.stacks / "Pulumi.dev.yaml"
        document = yaml.safe_load(file.read_text())
        asked = self.workload["change"]
        document["config"][KEY]["tiers"][asked["tier"]]["models"] = asked["models"]
        file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False))
        self.tell()

    def restore(self) -> None:
        """Take the change back."""
        self._git("checkout", "-q", ".")
        self.tell()

    def commit(self) -> None:
        """Commit what lies there."""
        self._git("add", "-A")
        self._git("-c", "user.name=bench", "-c", "user.email=bench@example", "commit", "-qm", "bench")

    def _git(self, *words: str) -> None:
        subprocess.run([shutil.which("git") or "git", "-C", str(self.stacks), *words], check=True)

    def fleet(self, count: int) -> list[FleetStack]:
        """The first so many."""
        return found(self.stacks / "municipalities", ENVIRONMENT, self.slugs[:count])

    def manifests(self, stacks: Sequence[FleetStack]) -> dict[str, list[dict[str, Any]]]:
        """What each would write, by slug: the same objects as its program's."""
        given = contract(self.laboratory.environment)
        return {stack.slug: objects(stack, given) for stack in stacks}

    @property
    def variables(self) -> dict[str, str]:
        """Environment of all that is measured."""
        return {**engine.environment(self.laboratory.lab), "XDG_STATE_HOME": str(self.root / "state")}

    def andel(self, verb: str, *words: str) -> list[str]:
        """A command line of the fleet."""
        command = [sys.executable, "-m", "andel", "fleet", verb, ENVIRONMENT, *words, "--json"]
        command += ["--at-once", str(self.workload["atOnce"]), "--contract", str(self.contract)]
        return [*command, "--folder", str(self.stacks / "municipalities")]


def objects(stack: FleetStack, given: PlatformContract) -> list[dict[str, Any]]:
    """Manifests of a municipality."""

    def program() -> None:
        args = MunicipalityArgs(municipality=stack.section, contract=given, release=release(given.release))
        Municipality("municipality", args)

    found = graph(program, project="andel-municipality", stack_name=stack.name)
    return [whole(opened(one.inputs)) for one in found if one.object is not None and "apiVersion" in one.inputs]


def opened(value: Any) -> Any:
    """Secrets as what they hold: a graph has them wrapped (source: pulumi, `runtime/rpc.py`, `_special_sig_key`)."""
    match value:
        case {rpc._special_sig_key: _, "value": held}:
            return opened(held)
        case dict():
            return {key: opened(item) for key, item in value.items()}
        case list():
            return [opened(item) for item in value]
        case _:
            return value
