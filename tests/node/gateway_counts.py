# SPDX-License-Identifier: MPL-2.0
"""What models and cloud say themselves that they answered, by vLLM's metrics: what records have to agree with."""

import re
from dataclasses import dataclass
from functools import reduce
from typing import Any

import httpx
import urllib3

from components.edge.rules import month_rule
from components.metadata import MODEL

from .gateway import Edge, GatewayLab
from .gateway_outside import CLOUD, NAMESPACE, TLS

SERVING = "andel-serving"
LINE = re.compile(r"^vllm:(prompt_tokens|generation_tokens|request_success)_total\{[^}]*\} (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Counts:
    """What was answered since a start."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        pairs = zip(self._all, other._all, strict=True)
        return Counts(*(one + more for one, more in pairs))

    def __sub__(self, other: "Counts") -> "Counts":
        pairs = zip(self._all, other._all, strict=True)
        return Counts(*(one - less for one, less in pairs))

    @property
    def _all(self) -> tuple[int, int, int]:
        return (self.requests, self.tokens_in, self.tokens_out)


def read(metrics: str) -> Counts:
    """Counts in a page of metrics."""
    found = {"request_success": 0, "prompt_tokens": 0, "generation_tokens": 0}
    for name, value in LINE.findall(metrics):
        found[name] += int(float(value))
    return Counts(*found.values())


def ours(lab: GatewayLab) -> Counts:
    """What all pods of all models answered since they started."""
    return reduce(Counts.__add__, (_read(f"{address}/metrics") for address in models(lab)), Counts())


def clouds(lab: GatewayLab) -> Counts:
    """What the cloud answered since it started."""
    (pod,) = lab.pods(NAMESPACE, "app=cloud")
    with httpx.Client(transport=Edge(f"{pod['status']['podIP']}:{TLS}", CLOUD, lab.authority)) as client:
        return read(client.get(f"https://{CLOUD}/metrics").text)


def charged(lab: GatewayLab, municipality: str) -> int:
    """Tokens that a municipality's month is charged with, by the limiter's own counter."""
    tiers = lab.environment.tiers
    rule = month_rule(tiers, lab.environment.municipalities[municipality].tier)
    found = [key for key in lab.store("keys", f"*rule-{rule}-match-1_{municipality}_*").splitlines() if key]
    return sum(int(lab.store("get", key)) for key in found)


def models(lab: GatewayLab, name: str | None = None) -> list[str]:
    """URLs of the pods of a model, or of all; this machine reaches them."""
    found = lab.pods(SERVING, MODEL if name is None else f"{MODEL}={name}")
    return [f"http://{pod['status']['podIP']}:{_port(pod)}" for pod in found if pod["status"].get("podIP")]


def _port(pod: dict[str, Any]) -> int:
    (main, *_) = pod["spec"]["containers"]
    return int(main["ports"][0]["containerPort"])


def _read(url: str) -> Counts:
    answer = urllib3.request("GET", url, timeout=30)
    assert answer.status == 200, answer.data
    return read(answer.data.decode())
