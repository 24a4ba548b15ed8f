# SPDX-License-Identifier: MPL-2.0
"""Environments made up by chance, the same in every run: pools and models of many sizes that are valid."""

import random
from collections.abc import Iterator
from typing import Any

from config.environment import Environment
from config.judge import judge
from config.section import Refusal
from tests.conftest import stack_document


def made_up(seed: int) -> Iterator[Environment]:
    """Environments without end."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    while True:
        try:
            yield judge(document(chance))
        except Refusal:
            continue


def document(chance: random.Random) -> dict[str, Any]:
    """An environment, not judged: dev with other pools and models."""
    pools = {f"pool-{index}": pool(chance, f"pool-{index}") for index in range(1, chance.randint(2, 4))}
    models = {f"model-{index}": model(chance, list(pools)) for index in range(1, chance.randint(4, 8))}
    dev = stack_document("dev")
    tier = {**dev["tiers"]["basis"], "contextTokens": 512, "outputTokens": 256, "models": list(models)}
    return {
        **{key: dev[key] for key in ("release", "clusters", "rollout", "gateway")},
        "pools": pools,
        "models": models,
        "tiers": {"basis": tier},
        "monitoring": {"prometheus": "http://prometheus.monitoring.svc:9090"},
    }


def pool(chance: random.Random, name: str) -> dict[str, Any]:
    per_node = chance.choice([1, 2, 4, 4, 8])
    divided = chance.random() < 0.2
    return {
        "gpu": {"product": "NVIDIA-A100-SXM4-80GB", "memory": "80Gi", "perNode": per_node},
        "host": {"cpu": chance.choice([16, 32, 64]), "memory": "256Gi"},
        "nodes": {"kind": "labelled", "labels": {"example.dk/pool": name}, "count": chance.randint(1, 3)},
        "sharing": {"kind": "mig", "profile": "2g.20gb", "perGpu": 3} if divided else {"kind": "whole"},
        "taints": [{"key": "gpu"}] if chance.random() < 0.5 else [],
    }


def model(chance: random.Random, pools: list[str]) -> dict[str, Any]:
    least = chance.randint(1, 3)
    return {
        "displayName": "Made up",
        "task": "chat",
        "source": "hf://example/model",
        "size": {
            "parameters": 1,
            "dtype": "bfloat16",
            "kvCache": {"layers": 16, "heads": 8, "headSize": 64, "sequences": 4},
        },
        "contextTokens": 4096,
        "pool": chance.choice(pools),
        "gpus": chance.choice([1, 1, 2, 2, 4]),
        "resources": {"cpu": chance.choice([1, 2, 4]), "memory": chance.choice(["8Gi", "16Gi"])},
        "scaling": {"kind": "load", "minReplicas": least, "maxReplicas": least + chance.randint(0, 3)},
        "serving": {"kind": "kserve"},
    }
