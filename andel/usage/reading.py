# SPDX-License-Identifier: MPL-2.0
"""A month's figures, day by day, from series that the platform's monitors and rules make.

| figure | of municipalities | of models |
|---|---|---|
| requests, tokens | the AI Gateway's processor at the edge, by the header that identity sets | the engines |
| energy | `andel:municipality_watts:sum` (ADR 43) | `andel:model_watts:sum` |

Where nobody counts at the edge, requests are those that pickers let through, and tokens are unknown.

A counter that Prometheus did not read has no growth, and that looks like a municipality at rest: so the time in which
each was read is counted too.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from andel.economy.usage import WHOLE, Of, Used
from andel.release.pins import EppDialect
from components.monitoring.series import OF_MUNICIPALITY, of_picker
from config.names import GATEWAY

from .month import Span
from .prometheus import Labels, Prometheus

STEP = 15
"""Seconds between two values of which energy is summed, and time is counted."""

JOULES_PER_KWH = 3_600_000

AT_EDGE, AT_PICKERS = (
    "gen_ai_server_request_duration_seconds_count",
    "flow_control_request_queue_duration_seconds_count",
)
"""Counters of requests by municipality: of the AI Gateway, and of pickers without their prefix."""

Sums = dict[Labels, float]


@dataclass
class Counted:
    """Sums over the days that were read, by labels. Empty: nobody ever told."""

    edge_requests: Sums = field(default_factory=lambda: defaultdict(float))
    """By municipality and model."""

    edge_tokens: Sums = field(default_factory=lambda: defaultdict(float))
    """By municipality, model and kind (`input`, `output`)."""

    picked: Sums = field(default_factory=lambda: defaultdict(float))
    """Requests by municipality and pool of a picker."""

    joules: Sums = field(default_factory=lambda: defaultdict(float))
    """By municipality."""

    engine_requests: Sums = field(default_factory=lambda: defaultdict(float))
    """By model; so the next three."""

    engine_input: Sums = field(default_factory=lambda: defaultdict(float))
    engine_output: Sums = field(default_factory=lambda: defaultdict(float))
    engine_joules: Sums = field(default_factory=lambda: defaultdict(float))

    watched: float = 0
    """Seconds in which Prometheus saw some pod of a model."""

    measured: float = 0
    """Seconds in which somebody told a model's power."""

    at_edge: float = 0
    """Seconds in which Prometheus read a page of the edge's, or had counts of it."""

    at_pickers: float = 0
    """The same of a picker."""

    seconds: float = 0
    """Seconds that were asked for."""


def count(prometheus: Prometheus, dialect: EppDialect, days: Iterable[Span]) -> Counted:
    """Read day by day.

    Raises:
        UsageError: Prometheus is not reached, or refuses.
    """
    found = Counted()
    for day in days:
        over = f"[{day.seconds}s]"
        for name, (expr, by) in questions(dialect, over).items():
            sums = getattr(found, name)
            for labels, value in prometheus.values(expr, day.end, by).items():
                sums[labels] += value
        for name, expr in coverage(dialect).items():
            seen = prometheus.values(f"count_over_time(({expr})[{day.seconds}s:{STEP}s]) * {STEP}", day.end)
            setattr(found, name, getattr(found, name) + min(seen.get((), 0.0), day.seconds))
        found.seconds += day.seconds
    return found


def questions(dialect: EppDialect, over: str) -> dict[str, tuple[str, Labels]]:
    """What is asked for each sum, with the labels that it is told by.

    Args:
        dialect: how the release's pickers call their metrics.
        over: the window, as `[86400s]`.
    """
    whose = f'{OF_MUNICIPALITY}!=""'
    edge, kind = (OF_MUNICIPALITY, "gen_ai_original_model"), "gen_ai_token_type"
    requests = f'{AT_EDGE}{{{whose},error_type=""}}'
    tokens = f'gen_ai_client_token_usage_sum{{{whose},{kind}=~"input|output"}}'
    picked = f'{of_picker(dialect, AT_PICKERS)}{{outcome="Dispatched",fairness_id!=""}}'
    energy = f"sum_over_time({{}}{over.replace(']', f':{STEP}s]')}) * {STEP}"
    asked: dict[str, tuple[str, Labels]] = {
        "edge_requests": (f"increase({requests}{over})", edge),
        "edge_tokens": (f"increase({tokens}{over})", (*edge, kind)),
        "picked": (f"increase({picked}{over})", ("fairness_id", "inference_pool")),
        "engine_requests": (f"increase(vllm:request_success_total{over})", ("andel_model",)),
        "engine_input": (f"increase(vllm:prompt_tokens_total{over})", ("andel_model",)),
        "engine_output": (f"increase(vllm:generation_tokens_total{over})", ("andel_model",)),
        "joules": (energy.format("andel:municipality_watts:sum"), ("municipality",)),
        "engine_joules": (energy.format("andel:model_watts:sum"), ("andel_model",)),
    }
    return {name: (f"sum by ({', '.join(by)}) ({expr})", by) for name, (expr, by) in asked.items()}


def coverage(dialect: EppDialect) -> dict[str, str]:
    """What has a value while Prometheus reads that on which a figure stands.

    A page that answers is read, though nobody has asked yet and it counts nothing; and where another Prometheus has
    names of its own for pages, the counts themselves are there.
    """
    edge = f'{AT_EDGE}{{{OF_MUNICIPALITY}!=""}}'
    picker = f'{of_picker(dialect, AT_PICKERS)}{{fairness_id!=""}}'
    return {
        "watched": 'max(up{andel_model!=""}) == 1',
        "measured": "sum(andel:model_watts:sum)",
        "at_edge": f'(max(up{{job="{GATEWAY}/edge-tokens"}}) == 1) or count({edge})',
        "at_pickers": f'(max(up{{andel_picker!=""}}) == 1) or count({picker})',
    }


def counted_in(counted: Counted) -> float | None:
    """Part of the time in which that was read by which municipalities' requests are told; None where nothing is."""
    if not counted.edge_requests and not counted.picked:
        return None
    return part(counted.at_edge if counted.edge_requests else counted.at_pickers, counted)


def metered_in(counted: Counted) -> float | None:
    """Part of the time in which power was told; None where it never was."""
    return part(counted.measured, counted) if counted.joules else None


def part(seconds: float, counted: Counted) -> float:
    """Seconds as a part of those that were asked for."""
    return round(min(1.0, seconds / counted.seconds), 4)


def municipalities(counted: Counted, slugs: Iterable[str]) -> dict[str, Of]:
    """What each municipality used, those of the register and others that were seen."""
    at_edge = bool(counted.edge_requests)
    requests = counted.edge_requests if at_edge else by_model(counted.picked)
    seen = {labels[0] for labels in (*requests, *counted.edge_tokens, *counted.joules)}
    return {slug: _of(counted, requests, slug) for slug in sorted({*slugs, *seen})}


def by_model(picked: Mapping[Labels, float]) -> Sums:
    """Requests at pickers by municipality and model: a pool is called after its model."""
    return {(slug, pool.removesuffix("-inference-pool")): value for (slug, pool), value in picked.items()}


def _of(counted: Counted, requests: Mapping[Labels, float], slug: str) -> Of:
    told = {labels[1] for labels in (*requests, *counted.edge_tokens) if labels[0] == slug}
    models = {
        model: Used(
            requests=_whole(requests, (slug, model)),
            input_tokens=_whole(counted.edge_tokens, (slug, model, "input")),
            output_tokens=_whole(counted.edge_tokens, (slug, model, "output")),
        )
        for model in sorted(told)
    }
    total = Used(
        requests=_sum(requests, (one.requests for one in models.values())),
        input_tokens=_sum(counted.edge_tokens, (one.input_tokens for one in models.values())),
        output_tokens=_sum(counted.edge_tokens, (one.output_tokens for one in models.values())),
        kilowatt_hours=_energy(counted.joules, (slug,)),
    )
    return Of(total=total, models=models)


def models(counted: Counted, names: Iterable[str]) -> dict[str, Used]:
    """What each model served, whoever asked. Engines that tell nothing are unknown, not idle."""
    return {
        name: Used(
            requests=_known(counted.engine_requests, (name,), _whole),
            input_tokens=_known(counted.engine_input, (name,), _whole),
            output_tokens=_known(counted.engine_output, (name,), _whole),
            kilowatt_hours=_known(counted.engine_joules, (name,), _energy),
        )
        for name in sorted(names)
    }


def _whole(sums: Mapping[Labels, float], labels: Labels) -> int | None:
    """A count; nothing where others were counted, unknown where nobody was."""
    return round(sums.get(labels, 0.0)) if sums else None


def _sum(sums: Mapping[Labels, float], counts: Iterable[int | None]) -> int | None:
    return sum(one or 0 for one in counts) if sums else None


def _energy(sums: Mapping[Labels, float], labels: Labels) -> Decimal | None:
    """Kilowatt-hours to the thousandth."""
    if not sums:
        return None
    return Decimal(str(sums.get(labels, 0.0) / JOULES_PER_KWH)).quantize(Decimal("0.001"))


Told = TypeVar("Told")


def _known(
    sums: Mapping[Labels, float], labels: Labels, read: Callable[[Mapping[Labels, float], Labels], Told | None]
) -> Told | None:
    return read(sums, labels) if labels in sums else None


def notes(counted: Counted) -> tuple[str, ...]:
    """What is unknown, and why."""
    found = []
    if not counted.edge_requests and counted.picked:
        found.append(
            "nothing was counted at the edge: requests are those that pickers let through, tokens are unknown"
            " (an existing AI Gateway needs metricsRequestHeaderAttributes, see docs/gateway.md)"
        )
    elif not counted.edge_requests:
        found.append("no request of a municipality was counted: neither at the edge nor by a picker")
    if not counted.joules:
        found.append(
            "energy of municipalities is unknown: nobody told the power of GPUs, or no picker whose request it is"
        )
    elif counted.measured < WHOLE * counted.watched:
        found.append(f"power was told in {counted.measured / counted.seconds:.0%} of the time: energy is of that time")
    if (told := counted_in(counted)) is not None and told < WHOLE:
        found.append(
            f"requests {'and tokens ' if counted.edge_tokens else ''}were counted in {told:.0%} of the time:"
            " those of the rest are in no municipality's figure"
        )
    if counted.watched < WHOLE * counted.seconds:
        found.append(
            f"Prometheus saw the platform in {counted.watched / counted.seconds:.0%} of the time:"
            " what it did not see is in no figure"
        )
    return tuple(found)
