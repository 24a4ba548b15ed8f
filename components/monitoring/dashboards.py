# SPDX-License-Identifier: MPL-2.0
"""Dashboards as ConfigMaps that Grafana's sidecar finds by their label in any namespace."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import SYSTEM

from ..metadata import metadata
from .panels import Board, board

FOUND_BY = {"grafana_dashboard": "1"}
"""Label that the sidecar looks for (source: kube-prometheus-stack, grafana.sidecar.dashboards)."""


@dataclass(frozen=True, kw_only=True)
class DashboardsArgs:
    """What is drawn."""

    boards: Sequence[Board]
    """All of them."""


class Dashboards(pulumi.ComponentResource):
    """A ConfigMap for each board."""

    def __init__(self, name: str, args: DashboardsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:monitoring:Dashboards", name, None, opts)
        for one in args.boards:
            kubernetes.core.v1.ConfigMap(
                f"{name}-{one.uid}",
                metadata=metadata(one.uid, SYSTEM, labels=FOUND_BY),
                data={f"{one.uid}.json": json.dumps(board(one), sort_keys=True)},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
