# SPDX-License-Identifier: MPL-2.0
"""Every metric that rules and boards read is named in its exporter's own sources.

DCGM's exporter is in no module that can be had: its names were compared by hand with its `etc/default-counters.csv`.
"""

import re
from pathlib import Path

import pytest

from andel.lab.build import build
from andel.lab.queue_parts import KUEUE
from andel.lab.toolchain import Toolchain, toolchain
from andel.lab.vllm import VLLM_SOURCES
from andel.release import release
from andel.release.definitions import SOURCES
from components.monitoring import series
from config.release import ReleaseName
from tests.conftest import ROOT

GATEWAY = next(source for source in SOURCES if source.module == "github.com/envoyproxy/gateway")
AI_GATEWAY = next(source for source in SOURCES if source.module == "github.com/envoyproxy/ai-gateway")
MODELMESH = next(source for source in SOURCES if source.operator == "modelmesh")
PICKER = "sigs.k8s.io/gateway-api-inference-extension"


@pytest.fixture(scope="module")
def go() -> Toolchain:
    return toolchain()


def text(folder: Path, pattern: str) -> str:
    """All files of a pattern, as one text."""
    files = sorted(folder.glob(pattern))
    assert files, f"{folder} has no {pattern}"
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def stem(name: str) -> str:
    """A metric as its exporter names it: the client library adds these endings itself."""
    return re.sub(r"_(total|bucket|count)$", "", name)


@pytest.mark.parametrize("version", sorted(set(release(ReleaseName.R2026_11).vllm.values())))
def test_vllm_exports_what_is_read_of_it(version: str) -> None:
    """Every vLLM of the release: models of `llm-d` run another one than those of `kserve`."""
    build((VLLM_SOURCES,))
    source = text(VLLM_SOURCES.folder / version, "vllm/v1/metrics/loggers.py")
    assert {name for name in series.VLLM if f'"{stem(name)}"' not in source and f'"{name}"' not in source} == set()


def test_the_picker_exports_what_is_read_of_it(go: Toolchain) -> None:
    source = text(go.folder_of(PICKER, "epp"), "pkg/epp/metrics/*.go")
    assert {name for name in series.PICKER if f'"{stem(name)}"' not in source} == set()


def test_kueue_exports_what_is_read_of_it(go: Toolchain) -> None:
    """Its names lack the subsystem, which is `kueue`."""
    module = go.download(KUEUE.module, KUEUE.version, KUEUE.checksum)
    source = text(module, "pkg/metrics/metrics.go")
    assert {name for name in series.KUEUE if f'"{name.removeprefix("kueue_")}"' not in source} == set()


def test_modelmesh_exports_what_is_read_of_it(go: Toolchain) -> None:
    """Its makers' own board reads it too; the exporter is Java, in no module."""
    module = go.download(MODELMESH.module, MODELMESH.version, MODELMESH.checksum)
    source = text(module, "config/dashboard/*.json")
    assert {name for name in series.MODELMESH if name not in source} == set()


def test_the_shared_runtime_exports_what_is_read_of_it() -> None:
    source = text(ROOT, "runtimes/modelmesh_vllm/modelmesh_vllm/metrics.py")
    assert {name for name in series.SHARED_RUNTIME if f'"{stem(name)}"' not in source} == set()


def test_envoy_exports_what_is_read_of_it(go: Toolchain) -> None:
    """Envoy Gateway's own boards read it too."""
    module = go.download(GATEWAY.module, GATEWAY.version, GATEWAY.checksum)
    source = text(module, "charts/gateway-addons-helm/dashboards/*.json")
    assert {name for name in series.ENVOY if name not in source} == set()


def test_the_ai_gateway_exports_what_is_read_of_it(go: Toolchain) -> None:
    """As its own tests have it, labels included."""
    module = go.download(AI_GATEWAY.module, AI_GATEWAY.version, AI_GATEWAY.checksum)
    source = text(module, "cmd/extproc/mainlib/admin_test.go")
    labels = ('gen_ai_token_type="input"', 'gen_ai_token_type="output"')
    told = text(module, "internal/metrics/genai.go")
    assert '"gen_ai.original.model"' in told
    assert '"error.type"' in told
    assert {name for name in (*series.AI_GATEWAY, *labels) if name not in source} == set()
    assert '{Name: "aigw-admin", ContainerPort: extProcAdminPort}' in text(module, "internal/controller/*.go")
