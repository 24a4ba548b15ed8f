# SPDX-License-Identifier: MPL-2.0
"""How much memory engines hold. A size that ModelMesh is told is measured, and an unload ends when memory is free."""

from collections.abc import Iterable
from typing import Protocol

import psutil

from .settings import RuntimeSettings


class Gauge(Protocol):
    """Something that measures memory."""

    shared: bool
    """Whether it sees all engines at once: then a difference is one engine's only while no other one changes."""

    def used(self, processes: Iterable[int]) -> int:
        """Bytes in use.

        Args:
            processes: ids of the engines' guards, for gauges that measure processes.
        """


class ProcessGauge:
    """Main memory of the engines' processes: for machines without a GPU, where it is what models hold."""

    shared = False

    def used(self, processes: Iterable[int]) -> int:
        """Bytes of the processes below these; memory that several of them share counts for each of them."""
        total = 0
        for pid in processes:
            try:
                below = psutil.Process(pid).children(recursive=True)
            except psutil.NoSuchProcess:
                continue
            for process in below:
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
        return total


class DeviceGauge:
    """Memory of the GPUs that this pod has, by NVML. In a pod it knows no process by its id, so it measures devices."""

    shared = True

    def __init__(self) -> None:
        from vllm.third_party import pynvml  # the image's own copy

        self._nvml = pynvml
        pynvml.nvmlInit()
        self._devices = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]

    def used(self, processes: Iterable[int]) -> int:
        """Bytes in use on all devices, whoever uses them."""
        return sum(int(self._nvml.nvmlDeviceGetMemoryInfo(device).used) for device in self._devices)


def gauge(settings: RuntimeSettings) -> Gauge:
    """The gauge that the settings name."""
    return DeviceGauge() if settings.gauge == "device" else ProcessGauge()
