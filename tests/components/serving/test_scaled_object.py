# SPDX-License-Identifier: MPL-2.0
"""ScaledObject (KEDA 2.18): bounds, delays, and the clock in cron's words."""

from typing import Any

import pytest

from components.serving.scaled_object import ScaledObjectArgs, office_hours, picker_queue, requests_in_flight, spec
from config.scaling import Load, OfficeHours


def scaled(**settings: Any) -> dict[str, Any]:
    return spec(
        ScaledObjectArgs(
            name="m",
            namespace="n",
            target=("apps/v1", "Deployment", "m"),
            scaling=Load(kind="load", max_replicas=8, **settings),
            prometheus="http://prometheus:9090",
            requests=["a", "b"],
            polling_seconds=5,
        )
    )


def test_bounds_and_delays_are_the_models_own() -> None:
    written = scaled(min_replicas=0, default_replicas=2, scale_down_delay_seconds=600)
    assert (written["minReplicaCount"], written["maxReplicaCount"]) == (0, 8)
    assert written["cooldownPeriod"] == 600
    assert written["fallback"] == {"failureThreshold": 3, "replicas": 2}
    assert written["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "m"}


@pytest.mark.parametrize(("delay", "window"), [(0, 0), (300, 300), (3600, 3600), (86400, 3600)])
def test_a_window_ends_at_the_hour_that_kubernetes_allows(delay: int, window: int) -> None:
    behaviour = scaled(scale_down_delay_seconds=delay)["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behaviour == {"scaleDown": {"stabilizationWindowSeconds": window}}


def test_a_metric_that_is_not_there_counts_as_nothing_and_one_request_wakes() -> None:
    (trigger,) = scaled(target_requests=24)["triggers"]
    assert trigger["metadata"]["query"] == "(sum(a) or vector(0)) + (sum(b) or vector(0))"
    assert trigger["metadata"]["threshold"] == "24"
    assert trigger["metadata"]["activationThreshold"] == "0"
    assert trigger["metricType"] == "AverageValue"


@pytest.mark.parametrize(
    ("days", "cron"),
    [
        (["mon", "tue", "wed", "thu", "fri"], "1,2,3,4,5"),
        (["sun"], "0"),
        (["sat", "sun"], "0,6"),
        (["fri", "mon"], "1,5"),
    ],
)
def test_days_are_counted_from_sunday(days: list[str], cron: str) -> None:
    hours = OfficeHours.model_validate({"days": days, "start": "06:45", "end": "16:05", "replicas": 3})
    assert office_hours(hours)["metadata"] == {
        "timezone": "Europe/Copenhagen",
        "start": f"45 6 * * {cron}",
        "end": f"5 16 * * {cron}",
        "desiredReplicas": "3",
    }


def test_every_entry_of_the_clock_is_a_trigger_beside_the_load() -> None:
    hours = [{"start": "07:00", "end": "08:00", "replicas": 2}, {"start": "12:00", "end": "13:00", "replicas": 3}]
    kinds = [one["type"] for one in scaled(office_hours=hours)["triggers"]]
    assert kinds == ["prometheus", "cron", "cron"]


def test_queries_name_one_model_alone() -> None:
    query = requests_in_flight("m", "n", "m-kserve-.*")
    assert query.count('andel_model="m",namespace="n",pod=~"m-kserve-.*"') == 2


def test_the_picker_tells_its_queue_under_the_names_of_its_dialect() -> None:
    from andel.release.epp import GIE_1_5, ROUTER_0_9

    assert picker_queue("p", ROUTER_0_9) == 'llm_d_epp_flow_control_queue_size{inference_pool="p"}'
    assert picker_queue("p", GIE_1_5) == 'inference_extension_flow_control_queue_size{inference_pool="p"}'
