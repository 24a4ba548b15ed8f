# SPDX-License-Identifier: MPL-2.0
"""Images made of programs, as the OCI image specification (v1.1) and containerd want them."""

import hashlib
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from andel.lab.images import Image, archive, with_libraries
from andel.lab.node_images import names
from andel.release.pins import Digest
from andel.release.pins import Image as ReleaseImage

NAMES = ("docker.io/a/b:v1", "docker.io/a/b@sha256:" + "0" * 64)


@pytest.fixture
def image(tmp_path: Path) -> Image:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    return Image(
        files={"/usr/bin/program": program},
        entrypoint=["/usr/bin/program"],
        links={"/bin/sh": "/usr/bin/program"},
        variables={"NAME": "value"},
    )


def blob(tar: tarfile.TarFile, digest: str) -> bytes:
    """A blob, whose digest is right."""
    file = tar.extractfile(f"blobs/sha256/{digest.removeprefix('sha256:')}")
    assert file
    content = file.read()
    assert f"sha256:{hashlib.sha256(content).hexdigest()}" == digest
    return content


def read(file: Path) -> tuple[list[str], dict[str, Any], bytes]:
    """Names, config and layer of an archive."""
    with tarfile.open(file) as tar:
        layout, index = tar.extractfile("oci-layout"), tar.extractfile("index.json")
        assert layout
        assert index
        assert json.load(layout) == {"imageLayoutVersion": "1.0.0"}
        manifests = json.load(index)["manifests"]
        (digest,) = {one["digest"] for one in manifests}
        manifest = json.loads(blob(tar, digest))
        config = json.loads(blob(tar, manifest["config"]["digest"]))
        (layer,) = manifest["layers"]
        assert config["rootfs"]["diff_ids"] == [layer["digest"]]
        found = [one["annotations"]["io.containerd.image.name"] for one in manifests]
        return found, config, blob(tar, layer["digest"])


def test_an_archive_holds_the_image_under_each_of_its_names(image: Image, tmp_path: Path) -> None:
    archive(image, NAMES, tmp_path / "image.tar")
    found, config, content = read(tmp_path / "image.tar")
    assert sorted(found) == sorted(NAMES)
    assert config["config"]["Entrypoint"] == ["/usr/bin/program"]
    assert "NAME=value" in config["config"]["Env"]
    with tarfile.open(fileobj=io.BytesIO(content)) as layer:
        program, link, folder = (layer.getmember(name) for name in ("usr/bin/program", "bin/sh", "tmp"))
        assert program.mode & 0o111
        assert link.linkname == "/usr/bin/program"
        assert folder.mode == 0o1777
        assert {member.name for member in layer} >= {"usr", "usr/bin", "bin"}
    assert list(tmp_path.glob("*.layer")) == []


def test_nobody_is_root_in_an_image_unless_it_says_so(image: Image, tmp_path: Path) -> None:
    """Pod Security *restricted* refuses an image whose user is root, or has a name alone (runAsNonRoot)."""
    archive(image, NAMES, tmp_path / "image.tar")
    _, config, _ = read(tmp_path / "image.tar")
    user, _, group = config["config"]["User"].partition(":")
    assert int(user) > 0
    assert int(group) > 0


def test_an_image_with_other_content_has_another_fingerprint(image: Image, tmp_path: Path) -> None:
    """What a node has already is not given again; what has changed is."""
    others = [
        replace(image, files={"/usr/bin/program": tmp_path / "other"}),
        replace(image, files={"/usr/bin/other": tmp_path / "program"}),
        replace(image, entrypoint=[]),
        replace(image, links={}),
        replace(image, folders=()),
        replace(image, variables={}),
        replace(image, user="0:0"),
    ]
    assert len({one.fingerprint for one in [image, *others]}) == len(others) + 1
    assert replace(image).fingerprint == image.fingerprint


def test_a_program_brings_its_libraries_and_its_loader() -> None:
    """In an image there is nothing else: a program that is linked dynamically would not even start."""
    files = with_libraries({"/bin/true": Path("/bin/true")})
    assert files.pop("/bin/true") == Path("/bin/true")
    assert any("libc.so" in path for path in files)
    assert any(Path(path).name.startswith("ld-") for path in files)
    assert all(found.is_file() for found in files.values())


def test_what_is_linked_statically_brings_nothing(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    assert with_libraries({"/script": script}) == {"/script": script}


def test_an_image_is_named_as_manifests_name_it_and_as_the_runtime_looks_it_up() -> None:
    """A reference with tag and digest is looked up by digest alone (distribution/reference, ParseDockerRef)."""
    digest = Digest(sha256="a" * 64, seen="test")
    assert names(ReleaseImage(repository="quay.io/a/b", tag="v1"), None) == {"quay.io/a/b:v1"}
    assert names(ReleaseImage(repository="quay.io/a/b", tag="v1", digest=digest), "registry.dk:5000/m") == {
        f"quay.io/a/b@sha256:{'a' * 64}",
        f"registry.dk:5000/m/quay.io/a/b@sha256:{'a' * 64}",
    }
