# SPDX-License-Identifier: MPL-2.0
"""Images of the lab's node, made of programs and the libraries they need; nothing is pulled.

An image is an OCI archive (image-spec v1.1: `oci-layout`, `index.json`, blobs) with one layer. containerd takes its
names from the annotation `io.containerd.image.name`.
"""

import hashlib
import io
import json
import platform
import re
import subprocess
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .debian import environment
from .errors import LabError

LAYOUT = {"imageLayoutVersion": "1.0.0"}
_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"

NOBODY = "65532:65532"
"""User that images run as, as distroless images do."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """What an image holds."""

    files: Mapping[str, Path]
    """Files by their path in the image."""

    entrypoint: Sequence[str] = ()
    """What runs, if the pod doesn't say."""

    links: Mapping[str, str] = field(default_factory=dict)
    """Symbolic links: path in the image, and what it points to."""

    folders: Sequence[str] = ("/tmp",)
    """Folders that everybody may write in."""

    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables."""

    user: str = NOBODY
    """Who it runs as, if the pod doesn't say."""

    @property
    def fingerprint(self) -> str:
        """Changes with the image. Parts have other folders when they change, so their paths are enough."""
        files = {path: str(source) for path, source in self.files.items()}
        content = [files, list(self.entrypoint), dict(self.links), list(self.folders), dict(self.variables), self.user]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def with_libraries(programs: Mapping[str, Path]) -> dict[str, Path]:
    """Programs and every library that they are linked to, by the paths where the loader looks.

    Raises:
        LabError: a library is not on this machine.
    """
    files = dict(programs)
    for program in programs.values():
        run = subprocess.run(["/usr/bin/ldd", str(program)], capture_output=True, text=True, env=environment())
        if "not a dynamic executable" in run.stdout + run.stderr or "statically linked" in run.stdout:
            continue
        for line in run.stdout.splitlines():
            if "not found" in line:
                raise LabError(f"{program.name} needs a library that is not here: {line.strip()}")
            if match := re.search(r"(?:(\S+) => )?(/\S+) \(0x", line):
                name, found = match[1], Path(match[2])
                files[f"/usr/lib/x86_64-linux-gnu/{name}" if name else str(found)] = found
    return files


def archive(image: Image, names: Iterable[str], target: Path) -> None:
    """Write an image as an OCI archive.

    Args:
        image: what it holds.
        names: every name that containerd knows it by: `repository:tag` or `repository@sha256:…`.
        target: the file.
    """
    layer = target.with_suffix(".layer")
    try:
        digest = _layer(image, layer)
        architecture = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {
                "User": image.user,
                "Entrypoint": list(image.entrypoint),
                "Env": [
                    "PATH=/usr/local/bin:/usr/bin:/bin",
                    *(f"{name}={value}" for name, value in image.variables.items()),
                ],
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": [digest]},
        }
        blobs = [_blob(_CONFIG, config)]
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": blobs[0][0],
            "layers": [{"mediaType": _LAYER, "digest": digest, "size": layer.stat().st_size}],
        }
        blobs.append(_blob(_MANIFEST, manifest))
        manifests = [{**blobs[1][0], "annotations": {"io.containerd.image.name": name}} for name in sorted(set(names))]
        index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests}
        with tarfile.open(target, "w") as tar:
            _add(tar, "oci-layout", json.dumps(LAYOUT).encode())
            _add(tar, "index.json", json.dumps(index).encode())
            for descriptor, content in blobs:
                _add(tar, f"blobs/sha256/{descriptor['digest'].removeprefix('sha256:')}", content)
            tar.add(layer, f"blobs/sha256/{digest.removeprefix('sha256:')}")
    finally:
        layer.unlink(missing_ok=True)


def _layer(image: Image, target: Path) -> str:
    """Write the one layer; the same files make the same layer."""
    with tarfile.open(target, "w", dereference=True) as tar:
        parents = {str(parent) for path in (*image.files, *image.links) for parent in Path(path).parents}
        for folder in sorted(parents - {"/"} - set(image.folders)):
            tar.addfile(_entry(folder, tarfile.DIRTYPE, 0o755))
        for folder in image.folders:
            tar.addfile(_entry(folder, tarfile.DIRTYPE, 0o1777))
        for path, source in sorted(image.files.items()):
            entry = _entry(path, tarfile.REGTYPE, 0o755)
            entry.size = source.stat().st_size
            with source.open("rb") as content:
                tar.addfile(entry, content)
        for path, points_to in sorted(image.links.items()):
            entry = _entry(path, tarfile.SYMTYPE, 0o777)
            entry.linkname = points_to
            tar.addfile(entry)
    with target.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"


def _entry(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.type, entry.mode = kind, mode
    return entry


def _blob(media_type: str, content: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    data = json.dumps(content).encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return {"mediaType": media_type, "digest": digest, "size": len(data)}, data


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
