# SPDX-License-Identifier: MPL-2.0
"""A real Prometheus finds simulators, picker and gateway by our own monitors, and our rules say what was sent.

The Prometheus operator's own code reads PodMonitors and PrometheusRules as the platform writes them; the chart's
values choose what Prometheus selects.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
import urllib3
import yaml
from click.testing import CliRunner

from andel.__main__ import main
from andel.economy.usage import Month, month_of
from andel.lab.control_plane import ControlPlane
from andel.lab.live_parts import PICKER
from andel.lab.monitoring_parts import MONITORING_PARTS
from andel.lab.scaling_parts import PROMETHEUS
from andel.lab.simulator_part import ROUTING_PARTS
from andel.lab.watching import start_label_proxy, start_operator, start_watching
from components.edge.figures import enforcing
from components.edge.headers import MUNICIPALITY
from components.prometheus import values
from config.environment import Environment
from config.judge import judge
from tests.components.program import normalised, platform_graph
from tests.config.edits import edited, environment_of
from tests.live.bare import cluster
from tests.live.watched import DCGM_AT, PODS, standing
from tests.support.waiting import until

NAMESPACE = "monitoring"
INTERVAL = 5
"""Seconds between two readings."""

WINDOW = 300
"""Seconds of the rates."""

SENT = {("chat", "aarhus"): 30, ("chat", "samso"): 10, ("reranker", "aarhus"): 10, ("flawed", "samso"): 5}
"""Requests by model and municipality."""

IDLE = 70
"""Power of a GPU that waits."""

WATTS = {"chat-0": 300, "chat-1": 300, "reranker-0": 100}
"""Power of the GPUs that hold the pods."""

FIGURES = (
    *("andel:model_tokens:rate5m", "andel:municipality_model_requests:rate5m"),
    *("andel:model_joules_per_1k_tokens", "andel:fairness:jain"),
)
"""Figures of which each builds on those before it: when the last is recorded, all are."""

PLURALS = {"PodMonitor": "podmonitors", "ServiceMonitor": "servicemonitors", "PrometheusRule": "prometheusrules"}


def environment() -> Environment:
    """A chat behind a picker, a model that is slow, one that fails, and one that sleeps."""
    return judge(document())


def document() -> dict[str, Any]:
    """The same, not judged."""
    document = environment_of("tests/environments/Pulumi.pools.yaml")
    chat = document["models"]["chat"]
    edits: dict[str, Any] = {
        "release.name": "2026.11-lab",
        "models.chat": {**chat, "serving": {"kind": "llm-d"}, "scaling": {"kind": "fixed", "replicas": 2}},
        "models.flawed": {**document["models"]["reranker"], "displayName": "Flawed"},
        "tiers.only.models": ["chat", "reranker", "resting", "flawed"],
        "monitoring.intervalSeconds": INTERVAL,
        "monitoring.objectives.firstTokenSeconds": 2.5,
        "monitoring.energy": {"gramsCo2PerKwh": 100, "overhead": 1.2},
    }
    return edited(document, edits)


def watched() -> list[dict[str, Any]]:
    """Monitors and rules that the platform writes."""
    found = [normalised(one.inputs) for one in platform_graph(environment()) if one.object]
    return [one for one in found if one.get("kind") in PLURALS]


def port_of(monitors: list[dict[str, Any]], model: str) -> int:
    """Where a model's monitor reads."""
    (found,) = [one for one in monitors if one["kind"] == "PodMonitor" and one["metadata"]["name"] == model]
    return int(found["spec"]["podMetricsEndpoints"][0]["portNumber"])


def power() -> str:
    """Page of DCGM's exporter: it names the pod that holds a GPU."""
    lines = [
        f'DCGM_FI_DEV_POWER_USAGE{{gpu="{index}",Hostname="whole-1",namespace="andel-serving",pod="{pod}"}} {watts}'
        for index, (pod, watts) in enumerate(WATTS.items())
    ]
    return "\n".join([*lines, f'DCGM_FI_DEV_POWER_USAGE{{gpu="0",Hostname="whole-2"}} {IDLE}', ""])


@dataclass(frozen=True)
class Watched:
    """What was sent, and the Prometheus that saw it."""

    prometheus: str
    answers: dict[tuple[str, str], list[tuple[int, int, int]]]
    """Status, tokens of the prompt and of the answer, by model and municipality."""

    first: dict[str, int]
    """Tokens of the first requests, by model."""

    def figure(self, name: str, **labels: str) -> float:
        """The one value of a recorded series with some labels."""
        chosen = ",".join(f'{key}="{value}"' for key, value in labels.items())
        (found,) = query(self.prometheus, f"{name}{{{chosen}}}")
        return float(found["value"][1])

    def ask(self, expr: str) -> dict[tuple[str, ...], float]:
        """Values of an expression by the values of its labels, without the name."""
        return {
            tuple(value for key, value in sorted(one["metric"].items()) if key != "__name__"): float(one["value"][1])
            for one in query(self.prometheus, expr)
        }

    def tokens(self, model: str) -> int:
        """Tokens of the model's answers and prompts, by their own usage."""
        return sum(
            prompt + answer for (asked, _), sent in self.answers.items() if asked == model for _, prompt, answer in sent
        )


def query(address: str, expr: str) -> list[dict[str, Any]]:
    """The answer of Prometheus' API."""
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("GET", f"{address}/api/v1/query?{urlencode({'query': expr})}", timeout=10)
    assert answer.status == 200, answer.data
    found: list[dict[str, Any]] = json.loads(answer.data)["data"]["result"]
    return found


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("watched") / "plane"
    parts = (PICKER, *ROUTING_PARTS, PROMETHEUS, *MONITORING_PARTS)
    with cluster(folder, {"inferencepools.inference.networking.k8s.io"}, *parts) as plane:
        start_operator(plane)
        yield plane


@pytest.fixture(scope="module")
def seen(plane: ControlPlane) -> Iterator[Watched]:
    """Everything at work: a request of each sort, so that its counters are there; then the load; then the figures."""
    one, monitors = environment(), watched()
    ports = {model: port_of(monitors, model) for model in set(PODS.values())}
    with standing(plane, one, ports, power()) as stand:
        write(plane, monitors)
        prometheus = start_watching(plane, NAMESPACE, selecting(one))
        until(lambda: all_up(prometheus), 60)
        first: Counter[str] = Counter()
        for (
            pod,
            model,
        ) in PODS.items():  # counters begin with a pod's first request, and what they begin with is no growth
            first[model] += sum(stand.ask(model, "nobody", pod)[1:])
        for who in SENT:
            first[who[0]] += sum(stand.ask(*who)[1:])
        time.sleep(2 * INTERVAL)
        with ThreadPoolExecutor(16) as threads:
            asked = {who: [threads.submit(stand.ask, *who) for _ in range(count)] for who, count in SENT.items()}
            answers = {who: [future.result() for future in futures] for who, futures in asked.items()}
        time.sleep(2 * INTERVAL)
        for figures in FIGURES:
            now = time.time()
            until(lambda name=figures, since=now: recorded(prometheus, name) > since, 90)  # type: ignore[misc]
        yield Watched(prometheus, answers, dict(first))


def recorded(prometheus: str, name: str) -> float:
    """When a series was last recorded; groups of rules have their own turns, and read what others last wrote."""
    found = query(prometheus, f"min(timestamp({name}))")
    return float(found[0]["value"][1]) if found else 0


def write(plane: ControlPlane, objects: list[dict[str, Any]]) -> None:
    """Monitors and rules as they are written, and one for the page that plays DCGM: the GPU operator brings its own."""
    namespaces = {one["metadata"]["namespace"] for one in objects} | {NAMESPACE, DCGM_AT}
    for name in namespaces:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        plane.api().apply(f"/api/v1/namespaces/{name}", body)
    for one in [*objects, of_dcgm(objects[0]["metadata"]["labels"])]:
        path = f"namespaces/{one['metadata']['namespace']}/{PLURALS[one['kind']]}/{one['metadata']['name']}"
        kept = {key: one[key] for key in ("apiVersion", "kind", "metadata", "spec")}
        plane.api().apply(f"/apis/monitoring.coreos.com/v1/{path}", kept)


def of_dcgm(labels: dict[str, str]) -> dict[str, Any]:
    """A monitor as the GPU operator's, of pods instead of a Service: an endpoint may not be on loopback."""
    spec = {
        "selector": {"matchLabels": {"app": "nvidia-dcgm-exporter"}},
        "podMetricsEndpoints": [{"port": "metrics", "interval": f"{INTERVAL}s"}],
    }
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": "dcgm", "namespace": DCGM_AT, "labels": labels},
        "spec": spec,
    }


def selecting(one: Environment) -> dict[str, Any]:
    """Spec of a Prometheus as kube-prometheus-stack makes it of our values: it looks into all namespaces."""
    assert one.monitoring is not None
    chosen = values(one.monitoring)["prometheus"]["prometheusSpec"]
    everywhere: dict[str, Any] = {f"{kind}NamespaceSelector": {} for kind in ("serviceMonitor", "podMonitor", "rule")}
    return {**{key: value for key, value in chosen.items() if not key.endswith("NilUsesHelmValues")}, **everywhere}


def all_up(prometheus: str) -> bool:
    """Whether every pod was read once; the edge's on both of its ports."""
    return len(query(prometheus, "up == 1")) == len(READ)


READ = sorted([*PODS, "picker-0", "edge-0", "edge-0", "dcgm-0"])
"""Pods that are read. The edge's has two pages: of its proxy, and of the AI Gateway's processor beside it."""


def test_every_pod_is_found_once_and_nothing_else(seen: Watched) -> None:
    up = query(seen.prometheus, "up")
    assert sorted(one["metric"]["pod"] for one in up) == READ
    assert {
        one["metric"]["pod"]: one["metric"].get("andel_model") for one in up if one["metric"]["pod"] in PODS
    } == PODS


def test_counters_are_what_was_answered(seen: Watched) -> None:
    """To the token, the first requests too: nobody is read twice, and nobody is left out."""
    read = "sum by (andel_model) (vllm:prompt_tokens_total + vllm:generation_tokens_total)"
    assert seen.ask(read) == {(model,): seen.tokens(model) + seen.first[model] for model in ("chat", "reranker")}


@pytest.mark.parametrize("model", ["chat", "reranker"])
def test_rates_are_what_was_sent(seen: Watched, model: str) -> None:
    asked = sum(count for (one, _), count in SENT.items() if one == model)
    firsts = sum(one == model for one, _ in SENT) + sum(one == model for one in PODS.values())
    assert in_window(seen.figure("andel:model_requests:rate5m", andel_model=model), asked, firsts)
    tokens = in_window(
        seen.figure("andel:model_tokens:rate5m", andel_model=model), seen.tokens(model), seen.first[model]
    )
    assert tokens


@pytest.mark.parametrize("municipality", ["aarhus", "samso"])
def test_requests_are_those_of_the_municipality(seen: Watched, municipality: str) -> None:
    """The picker tells them apart by the header that the edge sets. What passes no picker is nobody's."""
    mine = {"municipality": municipality, "andel_model": "chat"}
    rate = seen.figure("andel:municipality_model_requests:rate5m", **mine)
    assert in_window(rate, SENT["chat", municipality], 1)
    assert seen.figure("andel:municipality_requests:rate5m", municipality=municipality) == pytest.approx(rate)


def in_window(rate: float, sent: int, before: int) -> bool:
    """Whether a rate says what was sent in its window.

    Prometheus stretches a rate by an interval and a half at most, and readings lie in forty seconds at least: a quarter
    for intervals that come a little late. What was sent before may lie in the window or be its first reading.
    """
    return sent * 0.999 <= rate * WINDOW <= (sent + before) * 1.25


def test_energy_is_of_whose_pods_and_requests_it_is(seen: Watched) -> None:
    """Two GPUs hold the chat; three quarters of its requests carry three quarters of its power. Tokens share joules."""
    assert seen.ask("andel:model_watts:sum") == {("chat",): 600, ("reranker",): 100}
    watts = seen.ask("andel:municipality_watts:sum")
    assert sum(watts.values()) == pytest.approx(600)
    assert watts["aarhus",] == pytest.approx(450, rel=0.03)
    assert seen.figure("andel:pool_watts:sum", pool="whole") == sum(WATTS.values()) + IDLE
    joules = seen.figure("andel:model_joules_per_1k_tokens", andel_model="chat")
    assert in_window(600 * 1000 / joules, seen.tokens("chat"), seen.first["chat"])
    grams = seen.figure("andel:model_co2_grams_per_1k_tokens", andel_model="chat")
    assert grams == pytest.approx(joules * 100 * 1.2 / 3_600_000, rel=1e-6)
    assert seen.figure("andel:model_watts_saved", andel_model="resting") == IDLE


def test_promises_are_kept_as_far_as_they_were(seen: Watched) -> None:
    """Ten of fifty answers began after 3 s, where 2.5 were promised; five of 55 requests failed."""
    assert seen.figure("andel:first_token_errors:ratio5m") == pytest.approx(10 / 50, abs=0.02)
    assert seen.figure("andel:request_errors:ratio5m") == pytest.approx(5 / 55, abs=0.015)
    assert 0.04 < seen.figure("andel:model_first_token_seconds:p95", andel_model="chat") < 1
    assert 2.5 < seen.figure("andel:model_first_token_seconds:p95", andel_model="reranker") <= 5
    assert seen.figure("andel:fairness:jain") == pytest.approx(40**2 / (2 * (30**2 + 10**2)), abs=0.03)


@pytest.fixture(scope="module")
def used(seen: Watched, tmp_path_factory: pytest.TempPathFactory) -> Month:
    """What `andel usage` writes of the month that runs, and says of it."""
    folder = tmp_path_factory.mktemp("usage")
    stack, out = folder / "Pulumi.watched.yaml", folder / "month.json"
    settings = {"pulumi:disable-default-providers": ["*"], "andel:environment": document()}
    stack.write_text(yaml.safe_dump({"config": settings}), encoding="utf-8")
    month = f"{datetime.now(ZoneInfo('Europe/Copenhagen')):%Y-%m}"
    words = ["usage", str(stack), "--month", month, "--prometheus", seen.prometheus, "--out", str(out)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    # Since this lab began, and not since the month did.
    assert "Prometheus saw the platform in" in result.output
    assert "requests and tokens were counted in" in result.output
    return month_of(out)


@pytest.mark.parametrize(("model", "municipality"), [who for who in SENT if who[0] != "flawed"])
def test_usage_is_what_was_sent(used: Month, seen: Watched, model: str, municipality: str) -> None:
    """Of each municipality and model, requests and tokens both ways; what failed is none."""
    told, sent = used.municipalities[municipality].models[model], seen.answers[model, municipality]
    counts = (told.requests, len(sent)), (told.input_tokens, sum(one[1] for one in sent))
    one_more = (len(sent) + 1) / len(sent)  # the first one may lie in the window
    for count, of in (*counts, (told.output_tokens, sum(one[2] for one in sent))):
        assert count is not None
        assert of * 0.98 <= count <= of * one_more * 1.3
    total = used.municipalities[municipality].total
    models = used.municipalities[municipality].models
    assert total.requests == sum(one.requests or 0 for one in models.values())
    assert not (models["flawed"].requests if "flawed" in models else 0)


def test_usage_of_models_is_of_all_who_asked(used: Month, seen: Watched) -> None:
    """Engines count by themselves: what they say is what the edge says, and what went past it."""
    for model in ("chat", "reranker"):
        told = used.models[model]
        assert told.input_tokens is not None
        assert told.output_tokens is not None
        sent, before = seen.tokens(model), seen.first[model]
        assert sent * 0.98 <= told.input_tokens + told.output_tokens <= (sent + before) * 1.3


def test_usage_has_energy_where_it_is_measured(used: Month) -> None:
    """Three quarters of the chat's requests carry three quarters of its energy; who asked a model without a picker
    carries none of its."""
    carried = {slug: of.total.kilowatt_hours for slug, of in used.municipalities.items()}
    aarhus, samso = carried["aarhus"], carried["samso"]
    assert aarhus is not None
    assert samso is not None
    assert 2 < aarhus / samso < 4.5
    model = used.models["chat"].kilowatt_hours
    assert model is not None
    assert 0 < aarhus + samso <= model * Decimal("1.1")
    assert used.models["resting"].kilowatt_hours is None


class Asked:
    """Prometheus as a municipality asks it, with the header that the edge sets."""

    def __init__(self, address: str, municipality: str | None) -> None:
        self._address = address
        self._headers = {MUNICIPALITY: municipality} if municipality else {}

    def get(self, path: str, **parameters: str) -> tuple[int, Any]:
        """Status, and the data of an answer or the words of a refusal."""
        with urllib3.PoolManager(retries=False) as pool:
            url = f"{self._address}/api/v1/{path}?{urlencode(parameters)}"
            answer = pool.request("GET", url, headers=self._headers, timeout=10)
        body = json.loads(answer.data) if answer.headers["content-type"].startswith("application/json") else {}
        return answer.status, body.get("data") if answer.status == 200 else body.get("error")


@pytest.fixture(scope="module")
def proxy(plane: ControlPlane, seen: Watched) -> str:
    return start_label_proxy(plane, enforcing(), seen.prometheus)


def test_a_municipality_sees_its_own_figures(proxy: str, seen: Watched) -> None:
    status, data = Asked(proxy, "samso").get("query", query="andel:municipality_requests:rate5m")
    assert status == 200
    assert [one["metric"]["municipality"] for one in data["result"]] == ["samso"]
    everything = Asked(proxy, "samso").get("query", query='{__name__=~".+"}')[1]["result"]
    assert {one["metric"]["municipality"] for one in everything} == {"samso"}
    assert len(everything) < len(query(seen.prometheus, '{municipality!=""}'))


OF_ANOTHER = (
    'andel:municipality_requests:rate5m{municipality="aarhus"}',
    'andel:municipality_requests:rate5m{municipality=~"aarhus|odense"}',
    'sum(andel:municipality_watts:sum{municipality="aarhus"})',
    'andel:municipality_watts:sum or andel:municipality_watts:sum{municipality="aarhus"}',
    'max_over_time(andel:municipality_watts:sum{municipality="aarhus"}[5m:1m])',
)


@pytest.mark.parametrize("expr", OF_ANOTHER)
def test_another_municipalitys_label_is_refused(proxy: str, expr: str) -> None:
    """Its own credential may ask this very thing."""
    for path, more in (("query", {}), ("query_range", {"start": "0", "end": "60", "step": "60"})):
        status, refusal = Asked(proxy, "samso").get(path, query=expr, **more)
        assert (status, "conflicts with injected matcher" in refusal) == (400, True)
    assert Asked(proxy, "aarhus").get("query", query=expr)[0] == 200


@pytest.mark.parametrize(
    "expr",
    [
        "andel:model_requests:rate5m",
        'label_replace(andel:model_watts:sum, "municipality", "samso", "", "")',
        "vllm:prompt_tokens_total",
        "andel:fairness:jain",
        'inference_extension_flow_control_request_queue_duration_seconds_count{fairness_id="aarhus"}',
    ],
)
def test_what_is_nobodys_is_not_shown(proxy: str, seen: Watched, expr: str) -> None:
    """Operations sees it."""
    assert query(seen.prometheus, expr)
    assert Asked(proxy, "samso").get("query", query=expr) == (200, {"resultType": "vector", "result": []})


def test_names_of_others_are_not_listed(proxy: str) -> None:
    assert Asked(proxy, "samso").get("label/municipality/values") == (200, ["samso"])
    status, series = Asked(proxy, "samso").get("series", **{"match[]": "andel:municipality_requests:rate5m"})
    assert (status, [one["municipality"] for one in series]) == (200, ["samso"])
    # Of series the proxy asks for both labels, which none has.
    of_aarhus = 'andel:municipality_requests:rate5m{municipality="aarhus"}'
    assert Asked(proxy, "samso").get("series", **{"match[]": of_aarhus}) == (200, [])


def test_who_is_nobody_sees_nothing(proxy: str) -> None:
    assert Asked(proxy, None).get("query", query="andel:municipality_requests:rate5m")[0] == 400


@pytest.mark.parametrize(
    "path", ["targets", "status/config", "status/flags", "metadata", "admin/tsdb/snapshot", "rules/../targets"]
)
def test_settings_and_targets_are_not_shown(proxy: str, path: str) -> None:
    assert Asked(proxy, "samso").get(path)[0] == 404
