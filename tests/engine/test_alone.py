# SPDX-License-Identifier: MPL-2.0
"""A component of this package in somebody else's program of ten lines."""

from pathlib import Path

import yaml

from .laboratory import APPLY, Laboratory

PROGRAM = """
import pulumi, pulumi_kubernetes
from components.namespace import Namespace, NamespaceArgs
from components.serving_quota import ServingQuota, ServingQuotaArgs
from config.nodes import LabelledNodes
from config.pools import Gpu, Host, Pool

cluster = pulumi_kubernetes.Provider("cluster", kubeconfig="", context="andel-dev")
gpus = Pool(gpu=Gpu(product="A100", memory="80Gi", per_node=8), host=Host(cpu="64", memory="1Ti"),
            nodes=LabelledNodes(kind="labelled", labels={"pool": "a100"}, count=2))
walls = Namespace("research", NamespaceArgs(name="research"), pulumi.ResourceOptions(providers=[cluster]))
ServingQuota("gpus", ServingQuotaArgs(namespace="research", pools={"a100": gpus}),
             pulumi.ResourceOptions(providers=[cluster], depends_on=[walls]))
"""


def test_components_stand_in_a_program_of_ones_own(dev_lab: Laboratory, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "research", "runtime": "python"}))
    (tmp_path / "__main__.py").write_text(PROGRAM)
    assert len(PROGRAM.strip().splitlines()) <= 15

    def run(*words: str) -> None:
        ended = dev_lab.elsewhere(tmp_path, *words)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    run("stack", "init", "alone")
    run("up", "-s", "alone", *APPLY)
    quota = dev_lab.api.get("/api/v1/namespaces/research/resourcequotas/gpu-shares") or {}
    assert quota["spec"]["hard"] == {"requests.nvidia.com/gpu": "16"}
    run("destroy", "-s", "alone", *APPLY)
    assert dev_lab.api.get("/api/v1/namespaces/research") is None


def test_the_lab_has_a_random_provider(dev_lab: Laboratory, tmp_path: Path) -> None:
    """Keys of applications come from pulumi-random: made once, kept, secret, and made anew by a changed keeper."""
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "keys", "runtime": "python"}))
    (tmp_path / "__main__.py").write_text(
        "import pulumi, pulumi_random as random\n"
        "generation = pulumi.Config().get('generation') or '1'\n"
        "key = random.RandomPassword('key', length=32, special=False, min_numeric=4, keepers={'n': generation})\n"
        "pulumi.export('key', key.result)\n"
    )

    def key(*words: str) -> str:
        ended = dev_lab.elsewhere(
            tmp_path, "up", "-s", "random", "--yes", "--skip-preview", "--non-interactive", *words
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        shown = dev_lab.elsewhere(tmp_path, "stack", "output", "key", "--show-secrets", "-s", "random").stdout.strip()
        state = dev_lab.elsewhere(tmp_path, "stack", "export", "-s", "random").stdout
        assert shown not in ended.stdout + ended.stderr + state
        return shown

    assert dev_lab.elsewhere(tmp_path, "stack", "init", "random").returncode == 0
    first = key()
    assert len(first) == 32
    assert first.isalnum()
    assert sum(letter.isdigit() for letter in first) >= 4
    assert key("--expect-no-changes") == first
    assert key("-c", "generation=2") != first
    assert dev_lab.elsewhere(tmp_path, "destroy", "-s", "random", *APPLY).returncode == 0
