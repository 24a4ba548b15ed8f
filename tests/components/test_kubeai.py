# SPDX-License-Identifier: MPL-2.0
"""What a `kubeai` model becomes, by table: KubeAI reads nothing but this (kubeai.org/v1, 0.22.1)."""

from typing import Any

import pytest

from components.kubeai import values
from components.serving.kubeai import annotations, immutable, spec
from components.traffic import MODEL_PORTS
from config.judge import judge

from .program import platform_graph
from .serving.arguments import edited_args, environment_document

GONE = "<gone>"
LOAD = {"kind": "load", "minReplicas": 1, "maxReplicas": 4, "targetRequests": 8, "scaleDownDelaySeconds": 60}

SPECS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("bucket", {}, {"engine": "VLLM", "features": ["Reranking"], "resourceProfile": "large-share:1"}),
    ("bucket", {}, {"envFrom": [{"secretRef": {"name": "bucket-keys"}}], "adapters": None, "cacheProfile": None}),
    ("doubled-text", {}, {"resourceProfile": "doubled:2", "priorityClassName": "serving-high"}),
    ("doubled-text", {}, {"files": [{"path": "/etc/engine/template.jinja", "content": "{{ messages }}"}]}),
    ("doubled-text", {}, {"envFrom": [{"secretRef": {"name": "extra"}}, {"secretRef": {"name": "hugging-face"}}]}),
    (
        "doubled-text",
        {},
        {
            "loadBalancing": {
                "strategy": "PrefixHash",
                "prefixHash": {"meanLoadFactor": 150, "replication": 512, "prefixCharLength": 400},
            }
        },
    ),
    (
        "doubled-text",
        {"serving.loadBalancing": {"kind": "least-load"}},
        {"loadBalancing": {"strategy": "LeastLoad", "prefixHash": {"replication": 256}}},
    ),
    # One owner of `replicas`: the autoscaler where load decides, we where the number is fixed.
    (
        "infinity",
        {"scaling": LOAD},
        {
            "minReplicas": 1,
            "maxReplicas": 4,
            "targetRequests": 8,
            "scaleDownDelaySeconds": 60,
            "replicas": None,
            "autoscalingDisabled": None,
        },
    ),
    (
        "infinity",
        {"scaling": {"kind": "fixed", "replicas": 3}},
        {"replicas": 3, "autoscalingDisabled": True, "minReplicas": None, "maxReplicas": None},
    ),
    ("resting", {}, {"replicas": 0, "autoscalingDisabled": True, "maxReplicas": None}),
    ("resting", {"stopped": False}, {"replicas": None, "minReplicas": 1, "maxReplicas": 2}),
    ("ollama", {}, {"engine": "OLlama", "url": "ollama://qwen2.5:7b", "args": None, "cacheProfile": None}),
    ("infinity", {}, {"engine": "Infinity", "args": ["--batch-size=64", "--compile"], "cacheProfile": "shared-files"}),
    ("infinity", {}, {"image": "docker.io/michaelf34/infinity:0.0.77"}),
    ("infinity-on-cores", {}, {"image": "docker.io/michaelf34/infinity:0.0.77-cpu", "resourceProfile": "cores:1"}),
    ("speech", {}, {"engine": "FasterWhisper", "features": ["SpeechToText"], "args": None}),
    ("claim", {}, {"image": "docker.io/vllm/vllm-openai-cpu:v0.33.0", "url": "pvc://models/embedding"}),
]


@pytest.mark.parametrize(("model", "edits", "expected"), SPECS)
def test_a_model_becomes_what_kubeai_reads(model: str, edits: dict[str, Any], expected: dict[str, Any]) -> None:
    written = spec(edited_args("kubeai", model, edits))
    assert {field: written.get(field) for field in expected} == expected


def test_kubeai_loads_adapters_and_vllm_is_told_only_how_many() -> None:
    """KubeAI fetches them to a place of its own; one that vLLM looks for at its start would not be there."""
    written = spec(edited_args("kubeai", "doubled-text", {}))
    assert [one["name"] for one in written["adapters"]] == ["building-permits", "social-services"]
    assert "--max-lora-rank=64" in written["args"]
    assert not [argument for argument in written["args"] if "lora-modules" in argument or "building" in argument]


def test_gpus_of_a_share_split_the_model() -> None:
    assert "--tensor-parallel-size=2" in spec(edited_args("kubeai", "doubled-text", {}))["args"]
    assert not [one for one in spec(edited_args("kubeai", "bucket", {}))["args"] if "tensor" in one]


def test_a_model_of_its_own_variables_keeps_them() -> None:
    """Ours come first; who sets HOME means it."""
    env = spec(edited_args("kubeai", "ollama", {"variables": {"HOME": "/data"}}))["env"]
    assert env["HOME"] == "/data"
    assert env["OLLAMA_CONTEXT_LENGTH"] == "16384"


def test_what_kubeai_cannot_change_is_made_anew() -> None:
    """Its definition refuses another cache profile, ring, and source of cached weights."""
    assert "spec.url" in immutable(edited_args("kubeai", "infinity", {}).model)
    assert "spec.url" not in immutable(edited_args("kubeai", "bucket", {}).model)
    assert {"spec.cacheProfile", "spec.loadBalancing.prefixHash.replication"} <= {
        *immutable(edited_args("kubeai", "bucket", {}).model)
    }


def test_a_number_that_is_fixed_is_waited_for_and_taken_over() -> None:
    fixed = annotations(edited_args("kubeai", "ollama", {}))
    assert fixed["pulumi.com/patchForce"] == "true"
    assert "{.status.replicas.ready}=2" in fixed["pulumi.com/waitFor"]
    assert annotations(edited_args("kubeai", "doubled-text", {})) == {}
    assert "pulumi.com/waitFor" not in annotations(edited_args("kubeai", "resting", {}))


def test_the_gateway_reaches_the_proxy_below_its_path_and_adapters_by_their_wire_names() -> None:
    graph = platform_graph(judge(environment_document("kubeai")))
    specs = {
        (one.inputs["kind"], one.inputs["metadata"]["name"]): one.inputs["spec"]
        for one in graph
        if one.object and {"kind", "spec"} <= one.inputs.keys()
    }
    endpoint = specs["Backend", "doubled-text"]["endpoints"][0]["fqdn"]
    assert (endpoint["hostname"], endpoint["port"]) == ("kubeai.andel-serving.svc.cluster.local", 80)
    assert specs["AIServiceBackend", "doubled-text"]["schema"] == {"name": "OpenAI", "prefix": "/openai/v1"}
    overrides = {
        rule["matches"][0]["headers"][0]["value"]: rule["backendRefs"][0].get("modelNameOverride")
        for rule in specs["AIGatewayRoute", "doubled-text"]["rules"]
    }
    assert overrides == {
        "doubled-text": None,
        "building-permits": "doubled-text_building-permits",
        "social-services": "doubled-text_social-services",
    }
    # The label is KubeAI's, and the engine behind it vLLM: others have no metrics that we know.
    assert specs["PodMonitor", "doubled-text"]["selector"] == {"matchLabels": {"model": "doubled-text"}}
    assert ("PodMonitor", "ollama") not in specs
    assert {"port": 8000, "protocol": "TCP"} in MODEL_PORTS


def test_values_name_every_place_that_a_model_asks_for() -> None:
    written = values(judge(environment_document("kubeai")))
    assert written["resourceProfiles"]["large-share"] == {
        "requests": {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "1"},
        "limits": {"memory": "64Gi", "nvidia.com/gpu": "1"},
        "nodeSelector": {"example.dk/pool": "large"},
        "tolerations": [{"key": "nvidia.com/gpu", "effect": "NoSchedule", "operator": "Equal", "value": "present"}],
    }
    assert "nvidia.com/gpu" not in written["resourceProfiles"]["cores"]["limits"]
    assert written["cacheProfiles"] == {"shared-files": {"sharedFilesystem": {"storageClassName": "shared-files"}}}
    assert written["open-webui"] == {"enabled": False}


def test_a_managed_operator_stands_behind_the_walls_of_the_models() -> None:
    graph = platform_graph(judge(environment_document("kubeai")))
    (chart,) = [one for one in graph if one.type.endswith("helm.sh/v4:Chart")]
    (operator,) = [one for one in graph if one.type.endswith(":KubeAiOperator")]
    assert chart.inputs["namespace"] == "andel-serving"
    assert chart.inputs["chart"] == "kubeai"
    assert chart.inputs["version"] == "0.22.1"
    assert chart.inputs["repositoryOpts"] == {"repo": "https://www.kubeai.org"}
    assert any(urn.endswith("Namespace::andel-serving") for urn in operator.dependencies)
