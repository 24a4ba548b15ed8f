# SPDX-License-Identifier: MPL-2.0
"""Where the lab keeps things: builds in the user's cache folder, one folder a lab in the user's state folder."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
"""The root of the checkout: where Pulumi.yaml stands."""


def cache_folder() -> Path:
    """Builds and downloads, shared by all labs: `${XDG_CACHE_HOME}/andel`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "andel"


def state_folder() -> Path:
    """What labs write while they live: `${XDG_STATE_HOME}/andel`."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "andel"


@dataclass(frozen=True, kw_only=True)
class LabFolder:
    """The folder of one lab. Two labs never share one: the name holds the stack and the checkout."""

    root: Path

    stacks: Path = CHECKOUT
    """Folder with the settings files of stacks."""

    @classmethod
    def of(cls, stack: str) -> "LabFolder":
        """The lab of a stack of this checkout; `ANDEL_LAB` names another one."""
        checkout = hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]
        return cls(root=state_folder() / "labs" / os.environ.get("ANDEL_LAB", f"{stack}-{checkout}"))

    @property
    def kubeconfig(self) -> Path:
        """One kubeconfig with a context for each cluster of the environment, named as the environment names it."""
        return self.root / "kubeconfig"

    @property
    def programs(self) -> Path:
        """Programs of the engine, first on the PATH of what runs against the lab."""
        return self.root / "bin"

    @property
    def project(self) -> Path:
        """Project folder of the platform: settings with the lab's salt, and a pointer to the checkout."""
        return self.root / "project"

    def settings(self, stack: str) -> Path:
        """The stack's settings file."""
        return self.stacks / f"Pulumi.{stack}.yaml"

    @property
    def pulumi_home(self) -> Path:
        """`PULUMI_HOME` of the engine: plugins (links into the cache) and credentials of the local back end."""
        return self.root / "pulumi"

    @property
    def backend(self) -> Path:
        """The file back end: checkpoints of the stacks that this lab runs."""
        return self.root / "backend"

    @property
    def passphrase(self) -> Path:
        """File with the random passphrase that encrypts secrets in the checkpoints (0600)."""
        return self.root / "passphrase"

    def cluster(self, name: str) -> Path:
        """Data, certificates, logs and process ids of one control plane."""
        return self.root / "clusters" / name
