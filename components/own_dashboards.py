# SPDX-License-Identifier: MPL-2.0
"""A municipality's boards in its own namespace, for a Grafana of its own: its sidecar (kiwigrid/k8s-sidecar) finds them
by the label `andel/dashboard` and puts them into the folder that the annotation `grafana_folder` names.

The platform's Grafana looks for another label, which admission keeps from members: nobody draws in everybody's.
"""

import json
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from config.names import LABEL

from .metadata import metadata
from .monitoring.own_board import own_board
from .monitoring.panels import board

FOUND_BY = {f"{LABEL}/dashboard": "1"}
"""Label that the municipality's own sidecar looks for."""

FOLDER = "grafana_folder"
"""Annotation with the folder (source: Grafana's chart, sidecar.dashboards.folderAnnotation, by its own example)."""


@dataclass(frozen=True, kw_only=True)
class OwnDashboardsArgs:
    """Whose boards."""

    slug: str
    """The municipality's slug."""

    display_name: str
    """Its name for people, and its folder's."""

    namespace: str
    """Its namespace."""


class OwnDashboards(pulumi.ComponentResource):
    """The ConfigMap `dashboards`."""

    def __init__(self, name: str, args: OwnDashboardsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("andel:municipality:OwnDashboards", name, None, opts)
        drawn = own_board(args.slug, args.display_name, args.namespace)
        kubernetes.core.v1.ConfigMap(
            f"{name}-boards",
            metadata=metadata("dashboards", args.namespace, labels=FOUND_BY, annotations={FOLDER: args.display_name}),
            data={f"{drawn.uid}.json": json.dumps(board(drawn), sort_keys=True)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
