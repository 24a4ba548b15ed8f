# SPDX-License-Identifier: MPL-2.0
"""What a change means for whom: price, quota and GPUs, from what revisions say of themselves."""

from typing import Any

from andel.preview import figures
from andel.preview.building import Built
from andel.preview.effects import Effect, effect
from tests.config.edits import edited

from .graphs import graph, kubernetes

SMALL = {"requestsPerMinute": 60, "month": {"tokens": 1000, "beyond": "soft"}, "models": ["chat"]}
LARGE = {"requestsPerMinute": 600, "month": {"tokens": 1000, "beyond": "soft"}, "models": ["chat", "speech"]}

SAID: dict[str, Any] = {
    "contract": {
        "tiers": {"small": SMALL, "large": LARGE},
        "municipalities": {"aarhus": {"tier": "large"}, "samso": {"tier": "small"}, "odense": {"tier": "small"}},
        "namespaces": {"member": "andel-m-"},
    },
    "prices": {
        "currency": "DKK",
        "cost": "100.00",
        "statements": {
            "aarhus": {"amount": "60.00"},
            "samso": {"amount": "10.00"},
            "odense": {"amount": "30.00"},
        },
    },
    "capacity": {
        "models": [
            {"model": "chat", "pool": "big", "replicas": 2, "most": 2, "shares": 2},
            {"model": "speech", "pool": "big", "replicas": 0, "most": 3, "shares": 0},
        ],
        "pools": [{"pool": "big", "used": 2, "shares": 4}],
        "cases": [
            {"pool": "big", "case": "now", "fit": "certain", "waiting": ""},
            {"pool": "big", "case": "one node lost", "fit": "certain", "waiting": ""},
        ],
    },
    "resources": {},
}


def made(edits: dict[str, Any] | None = None, *objects: dict[str, Any]) -> Built:
    """A platform with some things otherwise."""
    return Built(**edited({**SAID, "resources": graph(*objects)}, edits or {}))


def changed(edits: dict[str, Any]) -> Effect:
    return effect(made(), made(edits))


def test_nothing_otherwise_is_nothing_for_anybody() -> None:
    assert changed({}).nothing
    assert figures.prices(changed({}))[0] == ["aarhus", "60.00", "60.00", "="]
    assert figures.price_chart(changed({})) == []
    assert figures.pool_chart(changed({})) == ["big  same   ██·· 2 of 4 shares used, certain to fit"]


def test_a_limit_of_a_plan_is_told_once_for_all_who_have_it() -> None:
    found = changed({"contract.tiers.small.month.tokens": 2000, "contract.tiers.small.month.beyond": "hard"})
    assert figures.quotas(found) == [
        ["odense, samso", "tokens a month", "1,000", "2,000"],
        ["odense, samso", "past the month's tokens", "soft", "hard"],
    ]
    assert figures.gpus(found) == []
    assert not found.nothing


def test_who_moves_to_another_plan_has_its_limits_and_its_models() -> None:
    found = changed({"contract.municipalities.samso.tier": "large", "prices.statements.samso.amount": "12.50"})
    assert figures.tiers(found) == [["samso", "small", "large"]]
    assert ["samso", "requests a minute", "60", "600"] in figures.quotas(found)
    assert ["samso", "speech", "-", "0 shares (0 to 3 replicas) of big, for 2 members"] in figures.gpus(found)
    assert [
        "aarhus",
        "speech",
        *(f"0 shares (0 to 3 replicas) of big, for {n}" for n in ("1 member", "2 members")),
    ] in (figures.gpus(found))
    assert figures.prices(found)[2] == ["samso", "10.00", "12.50", "+2.50"]
    assert [line.split()[-1] for line in figures.price_chart(found)] == ["10.00", "12.50"]


def test_who_joins_or_leaves_is_told_by_plan_and_price() -> None:
    found = changed({"contract.municipalities.odense": "<gone>", "prices.statements.odense": "<gone>"})
    assert figures.tiers(found) == [["odense", "small", "-"]]
    assert figures.prices(found)[1] == ["odense", "30.00", "-", "leaves"]
    back = effect(made({"contract.municipalities.odense": "<gone>", "prices.statements.odense": "<gone>"}), made())
    assert figures.prices(back)[1] == ["odense", "-", "30.00", "joins"]


def test_a_dearer_year_is_said() -> None:
    assert figures.cost(changed({"prices.cost": "130.00"})) == "The year costs 130.00 DKK, 30.00 more than before"
    assert figures.cost(changed({"prices.cost": "90.00"})) == "The year costs 90.00 DKK, 10.00 less than before"
    assert figures.priced(effect(made({"prices": {}}), made({"prices": {}}))) == []


def test_pools_say_what_is_used_and_what_waits_when_a_node_is_lost() -> None:
    lost = {"capacity.pools[0].shares": 2, "capacity.cases[1].waiting": "chat 1", "capacity.cases[1].fit": "short"}
    assert figures.pool_chart(changed(lost)) == [
        "big  before ██·· 2 of 4 shares used, certain to fit",
        "     after  ██ 2 of 2 shares used, certain to fit; one node lost: chat 1 waiting",
    ]
    gone = changed({"capacity.pools": [], "capacity.cases": []})
    assert figures.pool_chart(gone)[1] == "     after  (no such pool)"


def test_rooms_and_queues_are_read_from_the_graph() -> None:
    def objects(cpu: str, nominal: str, **limits: str) -> list[dict[str, Any]]:
        home = {"namespace": "andel-m-samso"}
        share = {"name": "nvidia.com/gpu", "nominalQuota": nominal, **limits}
        groups = [{"coveredResources": ["nvidia.com/gpu"], "flavors": [{"name": "big", "resources": [share]}]}]
        return [
            kubernetes("v1", "ResourceQuota", "room", {"spec": {"hard": {"requests.cpu": cpu}}}, metadata=home),
            kubernetes("v1", "ResourceQuota", "other", {"spec": {"hard": {"requests.cpu": cpu}}}),
            kubernetes("kueue.x-k8s.io/v1beta2", "ClusterQueue", "batch", {"spec": {"resourceGroups": groups}}),
        ]

    found = effect(made(None, *objects("4", "1")), made(None, *objects("8", "2", lendingLimit="1")))
    assert figures.quotas(found) == [["samso", "room: requests.cpu", "4", "8"]]
    row = ["ClusterQueue batch big nvidia.com/gpu", "1 guaranteed", "2 guaranteed, lends 1"]
    assert figures.queues(found) == [row]


def test_a_revision_that_says_less_is_no_mistake() -> None:
    """An older one may have no prices, no capacity, no contract."""
    found = effect(Built(), made())
    assert figures.prices(found)[0] == ["aarhus", "-", "60.00", "joins"]
    assert figures.pool_chart(effect(made(), Built()))[1].endswith("(not known)")
    assert effect(Built(), Built()).nothing
