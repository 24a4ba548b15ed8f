# SPDX-License-Identifier: MPL-2.0
"""What the judge says as a table for people: who in rows, whom in columns, ports in the cells."""

from tests.support.reach import EVERYTHING, Reach
from tests.support.town import CHATS, EDGE, INNER, PROMETHEUS, PROXIES, guarded

MEMBERS = {
    "andel-m-aarhus/chat": "Aarhus: chat",
    "andel-m-aarhus/application": "Aarhus: another pod",
    "andel-m-ringkobing-skjern/chat": "Ringkøbing-Skjern: chat",
}
PLATFORM = {
    EDGE: "edge",
    INNER: "inner",
    CHATS: "chats",
    f"{PROXIES}/limiter": "limiter",
    "andel-gateway/authorino": "Authorino",
    "andel-gateway/budget": "budget",
    "andel-gateway/limits-store": "store",
    "andel-gateway/exit": "exit",
    "andel-gateway/figures": "figures",
    "andel-serving/mistral-small-picker": "picker",
    "andel-serving/mistral-small": "model",
    PROMETHEUS: "Prometheus",
    "kube-system/DNS": "DNS",
    "database of Aarhus": "Aarhus' database",
    "API server": "API server",
    "internet": "anywhere else",
}
SHOWN = {**MEMBERS, **PLATFORM}
"""Who is shown, and under which name."""

NOBODYS = "…"
"""Between two of others: no wall of ours."""


def table(reach: Reach) -> str:
    """The table as Markdown."""
    lines = [f"| from, to | {' | '.join(SHOWN.values())} |", f"|---|{'---|' * len(SHOWN)}"]
    for one, called in SHOWN.items():
        cells = [cell(reach, one, other) for other in SHOWN]
        lines.append(f"| **{called}** | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def cell(reach: Reach, one: str, other: str) -> str:
    """What is open from one to another."""
    if not guarded(one, other):
        return NOBODYS
    ports = reach.get((one, other), frozenset())
    if ports == EVERYTHING:
        return "all"
    told = [port.removeprefix("TCP ") for port in ports if port.startswith("TCP ")]
    told += [f"{port.removeprefix('UDP ')}/udp" for port in ports if port.startswith("UDP ")]
    return " ".join(sorted(told, key=lambda one: (int(one.split("/")[0].split("-")[0]), one)))
