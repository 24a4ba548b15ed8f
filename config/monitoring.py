# SPDX-License-Identifier: MPL-2.0
"""Section `monitoring`: what Prometheus is told to watch, what is promised, and what energy costs the climate."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, StrictBool, model_validator

from .scalars import DnsLabel, LabelKey, LabelValue, Url
from .section import Mistake, Section, refuse_if_any

BUCKETS = tuple(map(Decimal, ("0.1", "0.25", "0.5", "0.75", "1", "2.5", "5", "7.5", "10", "20", "40", "80")))
"""Bounds between which vLLM counts times to the first token, in seconds (source: v1/metrics/buckets.py of 0.33.0)."""

SHORTEST_WINDOW = 300
"""Seconds of the shortest window that rates are taken over."""

SAMPLES = 4
"""Readings that a rate needs in its window, so that one may fail."""


class Traces(Section):
    """Where spans go (OpenTelemetry)."""

    endpoint: Url
    """OTLP over gRPC, as `http://otel-collector.monitoring.svc:4317`."""

    share: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.05")
    """Part of the requests that is traced, where nobody decided it before."""


Promise = Annotated[Decimal, Field(ge=Decimal("0.5"), lt=1)]
"""Part of requests, as `0.99`. All of them is no promise that anybody can keep: its budget of errors is empty."""


class Objectives(Section):
    """What is promised over 30 days. Alerts fire when the budget of errors burns too fast (source: SRE workbook, 5)."""

    first_token_seconds: Annotated[Decimal, Field(gt=0, le=80)] = Decimal("2.5")
    """Time within which an answer begins; one of the bounds between which vLLM counts."""

    first_token_share: Promise = Decimal("0.95")
    """Part of the requests that begin in time."""

    availability: Promise = Decimal("0.995")
    """Part of the requests that are not answered by an error of ours (500 and above)."""


class Energy(Section):
    """What a kilowatt-hour is at this place. Joules of GPUs are measured by DCGM; these make grams of them."""

    grams_co2_per_kwh: Annotated[Decimal, Field(ge=0, le=2000)]
    """Grams of CO2 of a kilowatt-hour. Energinet declares it for Denmark every year."""

    overhead: Annotated[Decimal, Field(ge=1, le=3)] = Decimal("1.3")
    """Power usage effectiveness (PUE): what the hall takes for each watt of the machines, cooling included."""


class MemberFigures(Section):
    """Municipalities ask Prometheus for their own figures, at `https://<host>/figures`, with their keys and tokens."""

    replicas: Annotated[int, Field(ge=1, le=10, strict=True)] = 2
    """Pods of the proxy that lets each see its own."""

    requests_per_minute: Annotated[int, Field(ge=1, le=100_000, strict=True)] = 300
    """Queries of a municipality in a minute. Each panel of a board that is open is one at each refresh."""


class Monitoring(Section):
    """Monitors, rules and dashboards for the Prometheus operator and the Grafana that the cluster has."""

    namespace: DnsLabel = "monitoring"
    """Namespace of Prometheus; only its pods may fetch the models' metrics."""

    interval_seconds: Annotated[int, Field(ge=5, le=300, strict=True)] = 15
    """Time between two fetches."""

    labels: dict[LabelKey, LabelValue] = {}
    """Labels by which Prometheus selects monitors, as `release: kube-prometheus-stack`."""

    prometheus: Url | None = None
    """Prometheus as pods reach it. Models that scale by load are counted there."""

    traces: Traces | None = None
    """Where spans go. Left out, nothing is traced."""

    objectives: Objectives = Objectives()
    """What is promised."""

    retention_days: Annotated[int, Field(ge=1, le=400, strict=True)] = 45
    """Days that a managed Prometheus keeps; promises are over 30. An existing one has its own."""

    energy: Energy | None = None
    """What a kilowatt-hour is. Left out, joules are counted and CO2 is not."""

    runbooks: Url | None = None
    """Where `docs/runbooks` is published, as `https://docs.example.dk/runbooks`; alerts link to their page there."""

    members: MemberFigures | None = None
    """How municipalities see their own figures. Left out, only operations sees any."""

    statements: StrictBool = False
    """Whether what each member pays is told as series, for the boards. Whoever joins or leaves changes it for all, and
    so writes the recording rules again, which otherwise know no member."""

    dashboards: StrictBool = True
    """Whether dashboards are written, as ConfigMaps that Grafana's sidecar finds (label `grafana_dashboard`)."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self


def promises_between_bounds(monitoring: Monitoring) -> Iterator[Mistake]:
    """Between two bounds nobody has counted."""
    seconds = monitoring.objectives.first_token_seconds
    if seconds not in BUCKETS:
        wrong = f"vLLM doesn't count answers that begin within {seconds} s"
        yield Mistake(("objectives", "firstTokenSeconds"), wrong, f"write one of {', '.join(map(str, BUCKETS))}")


def readings_too_rare(monitoring: Monitoring) -> Iterator[Mistake]:
    """A rate over five minutes needs several readings in them: one that fails would leave a gap, and an alert."""
    longest = SHORTEST_WINDOW // SAMPLES
    if monitoring.interval_seconds > longest:
        wrong = f"rates over {SHORTEST_WINDOW} s would have fewer than {SAMPLES} readings"
        yield Mistake(("intervalSeconds",), wrong, f"write {longest} or less")


def figures_of_nobody(monitoring: Monitoring) -> Iterator[Mistake]:
    """What municipalities ask is passed on."""
    if monitoring.members is not None and monitoring.prometheus is None:
        wrong = "municipalities' questions are passed on to Prometheus, and nobody says where it is"
        yield Mistake(("members",), wrong, "declare `prometheus`, or leave it out")


RULES: tuple[Callable[[Monitoring], Iterator[Mistake]], ...] = (
    promises_between_bounds,
    readings_too_rare,
    figures_of_nobody,
)
"""Rules within monitoring."""
