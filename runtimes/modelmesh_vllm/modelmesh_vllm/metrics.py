# SPDX-License-Identifier: MPL-2.0
"""Metrics of the runtime and the front. No label holds what a caller chose freely: names are those of known models."""

from prometheus_client import Counter, Gauge, Histogram

_SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1800)

LOADS = Counter("modelmesh_vllm_loads", "Loads by how they went", ["how", "result"])
"""`how`: cold, wake1, wake2, adapter; `result`: loaded, failed, cancelled, refused."""

LOAD_SECONDS = Histogram("modelmesh_vllm_load_seconds", "Time of loads that ended well", ["how"], buckets=_SLOW)

UNLOADS = Counter("modelmesh_vllm_unloads", "Models that made room", ["how"])
"""`how`: sleep1, sleep2, stop, adapter."""

UNLOAD_SECONDS = Histogram("modelmesh_vllm_unload_seconds", "Time until memory was free", ["how"], buckets=_SLOW)

DEATHS = Counter("modelmesh_vllm_engine_deaths", "Engines that ended or hung by themselves", ["model"])
BROKEN_OFF = Counter("modelmesh_vllm_answers_broken_off", "Answers that an unload cut short")

CAPACITY = Gauge("modelmesh_vllm_capacity_bytes", "GPU bytes that models may hold")
HELD = Gauge("modelmesh_vllm_held_bytes", "GPU bytes that models hold", ["model"])
HOST = Gauge("modelmesh_vllm_sleepers_host_bytes", "Main memory that sleeping engines hold")
SLEEPERS = Gauge("modelmesh_vllm_sleepers", "Engines that sleep", ["level"])

WAITING = Gauge("modelmesh_vllm_requests_waiting", "Requests that wait for their turn", ["model"])
INSIDE = Gauge("modelmesh_vllm_requests_inside", "Requests that are being answered", ["model"])

REQUESTS = Counter("modelmesh_vllm_requests", "Requests by where they came in and their HTTP status", ["at", "status"])
"""`at`: call, data, front."""

LOCATE_SECONDS = Histogram("modelmesh_vllm_locate_seconds", "Time until ModelMesh said where", buckets=_SLOW)
MOVED = Counter("modelmesh_vllm_moved", "Requests whose model had moved when they came")
