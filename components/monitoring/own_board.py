# SPDX-License-Identifier: MPL-2.0
"""A municipality's own board: what it uses, and what its pods log, for a Grafana of its own."""

from .panels import Board, Panel

LOGS = "loki"
"""Kind of data source that has logs (Grafana Loki, query language LogQL)."""


def own_board(slug: str, display_name: str, namespace: str) -> Board:
    """Figures of one municipality, and logs of one namespace. It asks for nobody else's, and the data sources would not
    answer: the edge holds figures to whom they are of.
    """
    mine = f'{{municipality="{slug}"}}'
    by_model = {"{{andel_model}}": f"andel:municipality_model_requests:rate5m{mine}"}
    panels = [
        Panel("Requests in a second", "reqps", {"requests": f"andel:municipality_requests:rate5m{mine}"}),
        Panel("Requests by model", "reqps", by_model),
        Panel("Requests that wait", "short", {"waiting": f"andel:municipality_requests_waiting:sum{mine}"}),
        Panel("Power", "watt", {"GPUs": f"andel:municipality_watts:sum{mine}"}),
        Panel("Logs", "short", {"": f'{{namespace="{namespace}"}}'}, kind="logs", source=LOGS),
    ]
    return Board(f"andel-own-{slug}"[:40], f"andel: {display_name}", panels)
