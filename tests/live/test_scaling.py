# SPDX-License-Identifier: MPL-2.0
"""KEDA's own operator takes our ScaledObjects, wakes a model when requests wait, and puts it to sleep again."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from andel.lab.api import ApiServer
from andel.lab.control_plane import ControlPlane
from andel.lab.scaling import start_keda, start_prometheus
from andel.lab.scaling_parts import SCALING_PARTS
from andel.release.epp import GIE_1_5
from components.serving.scaled_object import ScaledObjectArgs, picker_queue, requests_in_flight, spec
from config.names import SERVING
from config.scaling import Load
from tests.live.bare import cluster
from tests.support.waiting import until

POLLING_SECONDS = 1

REST_SECONDS = 5
"""Of no load, before a model sleeps. KEDA needs a few more."""

DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SERVING}/deployments"
SCALED_OBJECTS = f"/apis/keda.sh/v1alpha1/namespaces/{SERVING}/scaledobjects"
AUTOSCALERS = f"/apis/autoscaling/v2/namespaces/{SERVING}/horizontalpodautoscalers"


@dataclass
class Meter:
    """What a picker would measure, set by the test."""

    address: str = ""
    waiting: dict[str, int] | None = None

    def text(self) -> str:
        series = (
            'inference_extension_flow_control_queue_size{{fairness_id="aarhus",priority="0",inference_pool="{}"}} {}\n'
        )
        return "".join(series.format(pool, count) for pool, count in (self.waiting or {}).items())


@pytest.fixture(scope="module")
def meter() -> Iterator[Meter]:
    meter = Meter(waiting={})

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = meter.text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        meter.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield meter
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("scaling") / "plane"
    with cluster(folder, {"scaledobjects.keda.sh"}, *SCALING_PARTS) as plane:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SERVING}}
        plane.api().apply(f"/api/v1/namespaces/{SERVING}", namespace)
        start_keda(plane)
        yield plane


@pytest.fixture(scope="module")
def prometheus(plane: ControlPlane, meter: Meter) -> str:
    return start_prometheus(plane, meter.address)


@pytest.fixture
def scaled(plane: ControlPlane, prometheus: str) -> Callable[..., str]:
    """Write a model's Deployment, as KServe would, and the ScaledObject that we write for it."""
    api = plane.api()

    def write(model: str, address: str | None = None, stands: int = 1, **scaling: Any) -> str:
        target = f"{model}-kserve"
        api.apply(f"{DEPLOYMENTS}/{target}", deployment(target, stands))
        until(lambda: ready(api, target) == stands)
        args = ScaledObjectArgs(
            name=target,
            namespace=SERVING,
            target=("apps/v1", "Deployment", target),
            scaling=Load.model_validate(
                {"kind": "load", "maxReplicas": 4, "scaleDownDelaySeconds": REST_SECONDS, **scaling}
            ),
            prometheus=address or prometheus,
            requests=[
                requests_in_flight(model, SERVING, f"{target}-.*"),
                picker_queue(f"{model}-inference-pool", GIE_1_5),
            ],
            polling_seconds=POLLING_SECONDS,
        )
        body = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": target}}
        api.apply(f"{SCALED_OBJECTS}/{target}", {**body, "spec": spec(args)})
        return target

    return write


def deployment(name: str, replicas: int) -> dict[str, Any]:
    """A Deployment of a pod with a GPU. Its replicas are written once; then they are the autoscaler's."""
    limits = {"nvidia.com/gpu": "1"}
    labels = {"app": name}
    pod = {"containers": [{"name": "main", "image": "example.dk/vllm:1", "resources": {"limits": limits}}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def ready(api: ApiServer, target: str) -> int:
    """Replicas that run."""
    found = api.get(f"{DEPLOYMENTS}/{target}") or {}
    return int(found.get("status", {}).get("readyReplicas", 0))


def wanted(api: ApiServer, target: str) -> int:
    return int((api.get(f"{DEPLOYMENTS}/{target}") or {})["spec"]["replicas"])


def condition(api: ApiServer, target: str, kind: str) -> str | None:
    found = (api.get(f"{SCALED_OBJECTS}/{target}") or {}).get("status", {}).get("conditions", [])
    return next((one["status"] for one in found if one["type"] == kind), None)


def test_a_model_sleeps_wakes_and_sleeps_again(plane: ControlPlane, meter: Meter, scaled: Callable[..., str]) -> None:
    """Down to no pod, back to one that runs on a GPU node as requests wait at the picker, and down again."""
    api = plane.api()
    meter.waiting = {"chat-inference-pool": 0}
    target = scaled("chat", minReplicas=0)
    until(lambda: condition(api, target, "Ready") == "True")
    until(lambda: wanted(api, target) == 0 and ready(api, target) == 0, 60)
    meter.waiting = {"other-inference-pool": 7}
    with pytest.raises(AssertionError):  # another model's queue wakes nobody
        until(lambda: wanted(api, target) > 0, 4)
    meter.waiting = {"chat-inference-pool": 3}
    until(lambda: ready(api, target) == 1, 30)
    assert condition(api, target, "Active") == "True"
    (pod,) = api.items(
        f"/api/v1/namespaces/{SERVING}/pods?labelSelector=app={target}&fieldSelector=status.phase=Running"
    )
    assert pod["spec"]["nodeName"] == "gpu-1"
    meter.waiting = {"chat-inference-pool": 0}
    until(lambda: wanted(api, target) == 0 and ready(api, target) == 0, 60)


def test_a_model_that_never_sleeps_keeps_its_least(
    plane: ControlPlane, meter: Meter, scaled: Callable[..., str]
) -> None:
    """And KEDA makes the autoscaler between least and most with the metric that we ask for."""
    api = plane.api()
    meter.waiting = {"steady-inference-pool": 0}
    target = scaled("steady", minReplicas=2)
    until(lambda: condition(api, target, "Ready") == "True")
    until(lambda: ready(api, target) == 2, 60)
    autoscaler = (api.get(f"{AUTOSCALERS}/keda-hpa-{target}") or {})["spec"]
    assert (autoscaler["minReplicas"], autoscaler["maxReplicas"]) == (2, 4)
    (metric,) = autoscaler["metrics"]
    assert metric["external"]["target"] == {"type": "AverageValue", "averageValue": "32"}


def test_office_hours_wake_a_model_without_a_request(
    plane: ControlPlane, meter: Meter, scaled: Callable[..., str]
) -> None:
    api = plane.api()
    meter.waiting = {"office-inference-pool": 0}
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    hours = {"days": days, "start": "00:00", "end": "23:59", "replicas": 2}
    always = [{**hours, "timeZone": zone} for zone in ("UTC", "Asia/Tokyo")]  # one of them, at the other's midnight
    target = scaled("office", stands=0, minReplicas=0, officeHours=always)
    until(lambda: condition(api, target, "Active") == "True")
    until(lambda: ready(api, target) == 1)


def test_a_prometheus_that_is_down_puts_nobody_to_sleep(plane: ControlPlane, scaled: Callable[..., str]) -> None:
    """What stands goes on standing. What sleeps sleeps on: KEDA leaves its fallback to the autoscaler, and that rests.

    Source: KEDA v2.18.0, pkg/scaling/executor/scale_scaledobjects.go.
    """
    api = plane.api()
    awake = scaled("blind", address="http://127.0.0.1:9", minReplicas=0, defaultReplicas=3)
    asleep = scaled("dark", address="http://127.0.0.1:9", stands=0, minReplicas=0, defaultReplicas=3)
    for target in (awake, asleep):
        until(lambda target=target: "KEDAScalerFailed" in reasons(api, target))  # type: ignore[misc]
    time.sleep(REST_SECONDS + 5 * POLLING_SECONDS)
    assert (wanted(api, awake), wanted(api, asleep)) == (1, 0)


def reasons(api: ApiServer, target: str) -> set[str]:
    """Of the events about a ScaledObject."""
    path = f"/api/v1/namespaces/{SERVING}/events?fieldSelector=involvedObject.name={target}"
    return {event["reason"] for event in api.items(path)}


def test_a_scaled_object_without_a_target_is_refused(plane: ControlPlane, scaled: Callable[..., str]) -> None:
    """The operator's word is heard at all: a wrong object is not Ready."""
    api = plane.api()
    target = scaled("lost", minReplicas=0)
    found = api.get(f"{SCALED_OBJECTS}/{target}") or {}
    aim = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "nobody"}
    body = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "astray"}}
    api.apply(f"{SCALED_OBJECTS}/astray", {**body, "spec": {**found["spec"], "scaleTargetRef": aim}})
    until(lambda: condition(api, "astray", "Ready") == "False")
