# SPDX-License-Identifier: MPL-2.0
"""The parts that a lab is built from, in the order in which they are built."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from andel.release.definitions import SOURCES

from .control_plane import PROGRAMS
from .definitions import collect, publish
from .folders import cache_folder
from .toolchain import MODULES, Toolchain

PULUMI = "3.216.0"
"""Version of the engine: the one that the Kubernetes provider below is built with."""

KUBERNETES_PROVIDER = "4.25.0"
"""Version of pulumi-kubernetes."""

RANDOM_PROVIDER = "4.19.2"
"""Version of pulumi-random that the lab's own stands in for."""

KUBERNETES = "1.36.3"
"""Version of the control plane."""

NO_OPTIMISER = "-gcflags=all=-N -l"
"""Halves the time that the engine takes to compile; it waits for the API server anyway."""

STANDARD_LIBRARY = "-gcflags=std="
"""But for Go's own packages, which a build of anything else has compiled already: the engine derives a key from the
passphrase in every run, a million rounds, and starts in half the time; the provider reads the API server's whole
OpenAPI document, in three quarters of its time. With the same flags for both, what they share is compiled once."""

_STAMP = "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something that is built once, into a folder of the cache of its own."""

    name: str
    """Its name, and the beginning of its folder's."""

    seconds: int
    """What it takes on two cores with empty caches: for the forecast."""

    module: str
    """Go module of the lab that it is built in; its files decide whether a build is still good."""

    package: str = ""
    """Package to compile, if it is a program."""

    program: str = ""
    """Name of the program."""

    flags: tuple[str, ...] = ()
    """Flags of `go build`."""

    inputs: tuple[str, ...] = ()
    """What `finish` goes by besides the module: another input is another build."""

    finish: Callable[[Toolchain, Path], None] | None = None
    """What is done besides: files that lie in modules are put beside the program."""

    @property
    def folder(self) -> Path:
        """Where it lies when it is built. Another version, flag or source is another folder."""
        return cache_folder() / "parts" / f"{self.name}-{self._fingerprint()}"

    @property
    def built(self) -> bool:
        """Whether it is there, whole: the folder gets its name at the very end."""
        return self.folder.is_dir()

    def _fingerprint(self) -> str:
        # Parts without inputs keep the folders that they have.
        inputs = [self.inputs] if self.inputs else []
        content = hashlib.sha256(json.dumps([self.package, self.flags, self.module, *inputs]).encode())
        for file in sorted((MODULES / self.module).rglob("*")) if self.module else []:
            if file.is_file():
                content.update(file.name.encode() + file.read_bytes())
        if not self.module:
            content.update(repr(SOURCES).encode() + Path(__file__).with_name("definitions.py").read_bytes())
        return content.hexdigest()[:12]


def _host_scripts(toolchain: Toolchain, folder: Path) -> None:
    """Scripts that the language host starts; they lie in the SDK's module."""
    sdk = toolchain.folder_of("github.com/pulumi/pulumi/sdk/v3", "engine") / "python"
    for script in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
        copied = shutil.copyfile(sdk / script, folder / Path(script).name)
        copied.chmod(0o755)


def _kwok_stages(toolchain: Toolchain, folder: Path) -> None:
    """Links for the five names of the one program, and what KWOK's nodes and pods do."""
    for program in PROGRAMS:
        (folder / program).hardlink_to(folder / "cluster")
    stages = toolchain.folder_of("sigs.k8s.io/kwok", "cluster") / "kustomize" / "stage"
    (folder / "stages").mkdir()
    for kind in ("node/fast", "node/heartbeat-with-lease", "pod/fast"):
        for file in sorted((stages / kind).glob("*.yaml")):
            if file.name != "kustomization.yaml":
                shutil.copyfile(file, folder / "stages" / f"{kind.replace('/', '-')}-{file.name}")


def _definitions(toolchain: Toolchain, folder: Path) -> None:
    """Definitions of the release as one file, and its charts that lie in the same modules, a folder each."""
    collected = []
    for source in SOURCES:
        module = toolchain.download(source.module, source.version, source.checksum)
        collected += [(source.charted, manifest) for manifest in collect(source, module)]
        for chart in source.charts:
            copied = folder / "charts" / Path(chart).name
            shutil.copytree(module / chart, copied, copy_function=shutil.copyfile)
            publish(copied, source)
    (folder / "definitions.json").write_text(json.dumps(collected))


LANGUAGE_HOST = Part(
    name="language-host",
    seconds=20,
    module="language",
    package="github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
    program="pulumi-language-python",
    flags=(NO_OPTIMISER, f"-ldflags=-s -w {_STAMP}3.78.0"),
    finish=_host_scripts,
)
ENGINE = Part(
    name="engine",
    seconds=85,
    module="engine",
    package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    program="pulumi",
    flags=(NO_OPTIMISER, STANDARD_LIBRARY, f"-ldflags=-s -w {_STAMP}{PULUMI}"),
)
PROVIDER = Part(
    name="kubernetes-provider",
    seconds=280,
    module="engine",
    package="./provider",
    program="pulumi-resource-kubernetes",
    flags=(NO_OPTIMISER, STANDARD_LIBRARY, "-ldflags=-s -w"),
)
RANDOM = Part(
    name="random-provider",
    seconds=45,
    module="random",
    package=".",
    program="pulumi-resource-random",
    flags=(f"-ldflags=-s -w -X main.version={RANDOM_PROVIDER}",),
)
CLUSTER = Part(
    name="cluster",
    seconds=280,
    module="cluster",
    package=".",
    program="cluster",
    flags=(
        "-ldflags=-s -w"
        f" -X k8s.io/component-base/version.gitVersion=v{KUBERNETES}"
        " -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
    ),
    finish=_kwok_stages,
)
DEFINITIONS = Part(name="definitions", seconds=40, module="", finish=_definitions)

PARTS = (DEFINITIONS, LANGUAGE_HOST, RANDOM, ENGINE, PROVIDER, CLUSTER)
"""Every part. The small ones come first, so that what is missing on a machine shows at once."""


def missing(parts: Iterable[Part] = PARTS) -> list[Part]:
    """Parts that are not built yet."""
    return [part for part in parts if not part.built]
