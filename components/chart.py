# SPDX-License-Identifier: MPL-2.0
"""Helm charts of operators: from their makers, from a registry that mirrors them, or from a folder."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from andel.release.pins import Chart


def address(chart: Chart, mirror: str | None) -> tuple[str, str | None]:
    """Where a chart is read from, and the version to ask for. A folder holds one version of each."""
    if mirror is None and chart.registry.startswith("https://"):
        return chart.name, chart.version
    if mirror is None:
        return f"{chart.registry}/{chart.name}", chart.version
    place = f"{mirror.rstrip('/')}/{chart.name}"
    return place, None if mirror.startswith("/") else chart.version


def install(
    chart: Chart, mirror: str | None, values: Mapping[str, Any], opts: pulumi.ResourceOptions
) -> pulumi.Resource:
    """Install a chart, without definitions that another chart brings.

    A chart with hooks goes in as a Helm release, which runs them; every other one as resources of ours, which previews
    show one by one.
    """
    place, version = address(chart, mirror)
    settings: dict[str, Any] = {
        "name": chart.name,
        "chart": place,
        "version": version,
        "namespace": chart.namespace,
        "values": dict(values),
        "skip_crds": not chart.definitions,
        "opts": opts,
    }
    if mirror is None and chart.registry.startswith("https://"):
        settings["repository_opts"] = {"repo": chart.registry}
    if chart.hooks:
        return kubernetes.helm.v3.Release(chart.name, atomic=True, **settings)
    return kubernetes.helm.v4.Chart(chart.name, **settings)
