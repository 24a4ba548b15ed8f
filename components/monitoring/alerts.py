# SPDX-License-Identifier: MPL-2.0
"""Alerts: what somebody has to do something about. Each has a severity and a page of `docs/runbooks` of its own name.

`critical` wakes somebody; `warning` waits for the morning.
"""

from decimal import Decimal

from andel.release.pins import EppDialect
from config import mig
from config.environment import Environment
from config.monitoring import Monitoring, Objectives

from .objectives import BURNS, Burn
from .recording import Rule, plain
from .series import of_picker


def alert(name: str, expr: str, wait: str, severity: str, summary: str) -> Rule:
    """An alerting rule."""
    return {
        "alert": name,
        "expr": expr,
        "for": wait,
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
    }


def all_alerts(environment: Environment, dialect: EppDialect) -> dict[str, list[Rule]]:
    """Alerts by group: those of parts that the environment has."""
    monitoring = environment.monitoring
    if monitoring is None:
        return {}
    groups = {"andel-models": models(), "andel-gpus": gpus(environment)}
    if environment.gateway is not None:
        groups["andel-objectives"] = burning(monitoring.objectives)
    if environment.tiers:
        groups["andel-fairness"] = fairness(dialect)
    if environment.pooling is not None:
        groups["andel-queues"] = queues()
    return {name: [linked(rule, monitoring) for rule in rules] for name, rules in groups.items()}


def models() -> list[Rule]:
    """Models that are down, or that are not enough."""
    missing = "andel:model_replicas:least > 0 unless on (andel_model) (andel:model_replicas:up > 0)"
    fewer = "(andel:model_replicas:up > 0) < on (andel_model) andel:model_replicas:least"
    return [
        alert("ModelDown", missing, "5m", "critical", "No replica of {{ $labels.andel_model }} answers"),
        alert("ModelShortOfReplicas", fewer, "15m", "warning", "{{ $labels.andel_model }} has too few replicas"),
        alert(
            "ModelQueueLong",
            "andel:model_requests_waiting:sum > on (andel_model) (10 * (andel:model_replicas:up > 0))",
            "10m",
            "warning",
            "{{ $value | humanize }} requests wait at {{ $labels.andel_model }}",
        ),
        alert(
            "ModelCacheFull",
            "andel:model_kv_cache:max > 0.95",
            "10m",
            "warning",
            "KV cache of {{ $labels.andel_model }} is full",
        ),
        alert(
            "ModelPreempts",
            "sum by (andel_model) (rate(vllm:num_preemptions_total[10m])) > 0.1",
            "15m",
            "warning",
            "{{ $labels.andel_model }} stops requests and begins them anew",
        ),
    ]


def gpus(environment: Environment) -> list[Rule]:
    """GPUs that break, get hot, or are paid for nothing."""
    of_gpu = "GPU {{ $labels.gpu }} of {{ $labels.Hostname }}{{ $labels.hostname }}"
    rules = [
        alert("GpuError", "DCGM_FI_DEV_XID_ERRORS > 0", "1m", "critical", f"{of_gpu} tells XID {{{{ $value }}}}"),
        alert("GpuMemoryWornOut", "DCGM_FI_DEV_ROW_REMAP_FAILURE > 0", "1m", "critical", f"{of_gpu} has no spare rows"),
        alert("GpuHot", "DCGM_FI_DEV_GPU_TEMP > 85", "10m", "warning", f"{of_gpu} has {{{{ $value }}}} degrees"),
        alert(
            "GpusIdle",
            "andel:pool_gpus_idle:count > on (pool) (0.5 * andel:pool_gpus:count)",
            "12h",
            "warning",
            "{{ $value }} GPUs of {{ $labels.pool }} have been idle for half a day",
        ),
    ]
    if any(mig.VIRTUAL.search(pool.gpu.product) for pool in environment.pools.values()):
        expr = "DCGM_FI_DEV_VGPU_LICENSE_STATUS == 0"
        rules.append(alert("GpuUnlicensed", expr, "15m", "critical", f"{of_gpu} has no licence and slows down"))
    return rules


def burning(objectives: Objectives) -> list[Rule]:
    """Promises whose budget of errors burns too fast."""
    promised = {
        "FirstToken": ("andel:first_token_errors:ratio", objectives.first_token_share, "begin late"),
        "Availability": ("andel:request_errors:ratio", objectives.availability, "fail"),
    }
    return [
        burn_alert(f"{name}Burns{speed}", series, share, burn, happens)
        for name, (series, share, happens) in promised.items()
        for speed, burn in BURNS.items()
    ]


def burn_alert(name: str, series: str, share: Decimal, burn: Burn, happens: str) -> Rule:
    """Both windows of a pair are above the rate."""
    limit = plain(burn.rate * (1 - share))
    expr = f"{series}{burn.long} > {limit} and {series}{burn.short} > {limit}"
    summary = f"{{{{ $value | humanizePercentage }}}} of requests {happens}: {burn.rate:f} times what was promised"
    return alert(name, expr, "1m", burn.severity, summary)


def fairness(dialect: EppDialect) -> list[Rule]:
    """Municipalities that wait while others are served."""
    saturated = f"{of_picker(dialect, 'flow_control_pool_saturation')} > 1"
    return [
        alert(
            "MunicipalityWaits",
            "andel:municipality_requests_waiting:sum > 0",
            "15m",
            "warning",
            "{{ $labels.municipality }} has waited for a quarter of an hour",
        ),
        alert("PickerSaturated", saturated, "15m", "warning", "{{ $labels.inference_pool }} takes no more requests"),
        alert(
            "ServedUnevenly", "andel:fairness:jain < 0.5", "1h", "warning", "Few municipalities get most of the GPUs"
        ),
    ]


def queues() -> list[Rule]:
    """Queues for GPUs that stand still."""
    return [
        alert(
            "QueueInactive",
            'kueue_cluster_queue_status{status="active"} == 0',
            "5m",
            "critical",
            "Queue {{ $labels.cluster_queue }} admits nothing",
        ),
        alert(
            "QueueStuck",
            'sum by (cluster_queue) (kueue_pending_workloads{status="inadmissible"}) > 0',
            "6h",
            "warning",
            "{{ $value }} workloads of {{ $labels.cluster_queue }} find no quota",
        ),
        alert(
            "QueueThrashes",
            "sum by (cluster_queue) (increase(kueue_evicted_workloads_total[1h])) > 20",
            "0m",
            "warning",
            "Workloads of {{ $labels.cluster_queue }} are stopped again and again",
        ),
    ]


def linked(rule: Rule, monitoring: Monitoring) -> Rule:
    """The alert with its page: an address where pages are published, else the file of the checkout."""
    page = f"{rule['alert']}.md"
    link = f"{monitoring.runbooks.rstrip('/')}/{page}" if monitoring.runbooks else f"docs/runbooks/{page}"
    return {**rule, "annotations": {**rule["annotations"], "runbook_url": link}}
