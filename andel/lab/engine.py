# SPDX-License-Identifier: MPL-2.0
"""The Pulumi engine of a lab: an official one where the machine has it, else the one that the lab builds.

Everything that a run writes lies in the lab's folder: home, back end, passphrase, and a project folder that points to
the checkout. Pulumi writes a salt into a stack's settings file; so it is given a copy, and the checkout stays clean.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from .errors import LabError
from .files import write_private
from .folders import CHECKOUT, LabFolder, cache_folder
from .parts import ENGINE, KUBERNETES_PROVIDER, LANGUAGE_HOST, PROVIDER, RANDOM, RANDOM_PROVIDER, Part

PARTS = (LANGUAGE_HOST, RANDOM, ENGINE, PROVIDER)
"""What is built where there is no official engine."""


def official() -> Path | None:
    """An official `pulumi` on the PATH: a released version, which can fetch the plugins that it needs.

    `ANDEL_LAB_ENGINE=build` passes it over, `ANDEL_LAB_ENGINE=system` takes it untried.
    """
    choice = os.environ.get("ANDEL_LAB_ENGINE", "")
    found = shutil.which("pulumi")
    if found is None or choice == "build":
        return None
    version = subprocess.run([found, "version"], capture_output=True, text=True).stdout.strip()
    if choice == "system" or (re.fullmatch(r"v3\.\d+\.\d+", version) and _fetches_plugins(found)):
        return Path(found)
    return None


def _fetches_plugins(pulumi: str) -> bool:
    environment = {**os.environ, "PULUMI_HOME": str(_official_home()), "PULUMI_SKIP_UPDATE_CHECK": "1"}
    fetch = [pulumi, "plugin", "install", "resource", "kubernetes", KUBERNETES_PROVIDER]
    return subprocess.run(fetch, env=environment, capture_output=True, timeout=300).returncode == 0


def _official_home() -> Path:
    return cache_folder() / "pulumi"


def needed() -> Sequence[Part]:
    """Parts that the engine of this machine needs."""
    return () if official() else PARTS


def prepare(lab: LabFolder, stack: str) -> None:
    """Make what a run needs, apart from the parts: programs and plugins in their places, passphrase, project folder."""
    for folder in (lab.root, lab.pulumi_home, lab.backend, lab.programs):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not lab.passphrase.exists():
        write_private(lab.passphrase, secrets.token_urlsafe(32))
    if official():
        _link(_official_home() / "plugins", lab.pulumi_home / "plugins")
    else:
        for part in (LANGUAGE_HOST, ENGINE):
            for program in part.folder.iterdir():
                _place(program, lab.programs / program.name)
        _place(PROVIDER.folder / PROVIDER.program, _plugin(lab, "kubernetes", KUBERNETES_PROVIDER))
        _place(RANDOM.folder / RANDOM.program, _plugin(lab, "random", RANDOM_PROVIDER))
    _write_project(lab, stack)


def _plugin(lab: LabFolder, name: str, version: str) -> Path:
    """Where the engine looks for a provider."""
    return lab.pulumi_home / "plugins" / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"


def _place(source: Path, target: Path) -> None:
    """A hard link, or a copy on another disk. A symbolic link won't do: hosts look for helpers beside the real file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.samefile(source):
        return
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def _link(source: Path, target: Path) -> None:
    source.mkdir(parents=True, exist_ok=True)
    if not target.is_symlink():
        target.symlink_to(source)


def _write_project(lab: LabFolder, stack: str) -> None:
    """The checkout's Pulumi.yaml with its main program there, and the stack's settings with the lab's salt."""
    project = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())
    write_private(lab.project / "Pulumi.yaml", yaml.safe_dump({**project, "main": str(CHECKOUT)}))
    settings, copy = lab.settings(stack), lab.project / f"Pulumi.{stack}.yaml"
    salt = ""
    if copy.exists():
        salt = "\n".join(line for line in copy.read_text().splitlines() if line.startswith("encryptionsalt:"))
    write_private(copy, f"{settings.read_text()}\n{salt}\n")


def environment(lab: LabFolder) -> dict[str, str]:
    """Environment of everything that runs against the lab. It names files with secrets, and holds none."""
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")},
        "PATH": f"{lab.programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "KUBECONFIG": str(lab.kubeconfig),
        "PULUMI_HOME": str(lab.pulumi_home),
        "PULUMI_BACKEND_URL": f"file://{lab.backend}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(lab.passphrase),
        "PULUMI_PYTHON_CMD": sys.executable,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "1",
    }


def command(lab: LabFolder, *arguments: str) -> list[str]:
    """A command line of the engine in the lab's project."""
    return [shutil.which("pulumi", path=environment(lab)["PATH"]) or "pulumi", "-C", str(lab.project), *arguments]


def pulumi(
    lab: LabFolder, *arguments: str, capture: bool = False, more: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the CLI in the lab's project. Its exit status is the caller's to judge."""
    run = {**environment(lab), **(more or {})}
    return subprocess.run(command(lab, *arguments), env=run, text=True, capture_output=capture)


def select(lab: LabFolder, stack: str) -> None:
    """Make sure that the stack exists, and that a run which was killed doesn't stand in the way of the next.

    Raises:
        LabError: the back end can't be used, or another run is at it.
    """
    run = pulumi(lab, "stack", "select", stack, "--create", "--non-interactive", capture=True)
    if run.returncode:
        raise LabError(f"the stack {stack} can't be selected:\n{run.stderr.strip()}")
    _break_stale_locks(lab, stack)
    if _pending_operations(lab, stack):
        # What was under way when the engine died is taken up again: objects have fixed names, so creating adopts them.
        run = pulumi(
            lab,
            "refresh",
            "-s",
            stack,
            "--yes",
            "--skip-preview",
            "--clear-pending-creates",
            "--non-interactive",
            capture=True,
        )
        if run.returncode:
            raise LabError(f"the killed run of {stack} can't be taken up:\n{run.stdout}{run.stderr}")


def _break_stale_locks(lab: LabFolder, stack: str) -> None:
    """Remove locks of engines that are gone (source: pulumi, pkg/backend/diy/lock.go)."""
    for lock in (lab.backend / ".pulumi" / "locks").rglob(f"{stack}/*.json"):
        holder = json.loads(lock.read_text())["pid"]
        if Path(f"/proc/{holder}").exists():
            raise LabError(f"another run (process {holder}) holds the stack {stack}; wait for it, or end it")
        lock.unlink()


def _pending_operations(lab: LabFolder, stack: str) -> bool:
    """Whether the checkpoint tells of operations that began and never ended; that of a new stack tells nothing."""
    checkpoints = list((lab.backend / ".pulumi" / "stacks").rglob(f"{stack}.json"))
    return any(
        json.loads(checkpoint.read_text())["checkpoint"].get("latest", {}).get("pending_operations")
        for checkpoint in checkpoints
    )
