# SPDX-License-Identifier: MPL-2.0
"""What a change means for whom: price, quota and GPUs, from what revisions say of themselves."""

from dataclasses import replace
from typing import Any

from andel.preview import figures
from andel.preview.building import Built
from andel.preview.effects import Effect, effect
from andel.preview.markdown import markdown
from andel.preview.report import Report
from tests.config.edits import edited

from .graphs import graph, kubernetes

NOTHING = Report(base="main", head="change", files=1, stacks=(), untouched=0, effects={}, notes=())

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


def test_a_price_that_goes_is_no_member_that_leaves() -> None:
    found = effect(made(), made({"prices": {}}))
    assert figures.cost(found) == "The year cost 100.00 DKK before, and is not priced any more"
    assert figures.prices(found)[0] == ["aarhus", "60.00", "-", "no price now"]
    assert figures.price_chart(found)[1].endswith("(no price)")
    assert figures.prices(effect(made({"prices": {}}), made()))[0][3] == "priced now"


def test_amounts_of_two_currencies_are_not_subtracted() -> None:
    found = changed({"prices.currency": "EUR"})
    assert figures.cost(found) == "The year costs 100.00 EUR; before, it cost 100.00 DKK"
    assert figures.prices(found)[0] == ["aarhus", "60.00", "60.00", "another currency"]
    assert len(figures.dearer_or_cheaper(found)) == 3
    assert not found.nothing


SHORT = {"capacity.pools[0].used": 6, "capacity.cases[0].fit": "short", "capacity.cases[0].waiting": "chat 2"}
REFUSED = {"mistakes": ({"path": "pools.big"},), "contract": {}, "prices": {}}


def test_a_refused_head_leaves_the_base_s_figures_and_what_its_models_ask_for() -> None:
    share = {"name": "big", "resources": [{"name": "nvidia.com/gpu", "nominalQuota": "1"}]}
    groups = {"spec": {"resourceGroups": [{"flavors": [share]}]}}
    queue = kubernetes("kueue.x-k8s.io/v1beta2", "ClusterQueue", "batch", groups)
    found = effect(made(None, queue), made({**REFUSED, **SHORT}))
    assert (found.known, found.nothing, found.queues) == (0, False, {})
    assert figures.pool_chart(found)[1] == "     after  ████ 6 shares asked for, 4 there, short; now: chat 2 waiting"
    assert figures.standing_prices(found, 0)[0] == ["aarhus", "60.00"]
    assert ["odense, samso", "plan", "small"] in figures.standing_quotas(found, 0)
    assert figures.missing(found, "price") == "The head is refused, and has no price. What is shown is the base's."
    text = markdown(replace(NOTHING, effects={"dev": found}))
    assert "What is shown is the base's. The year costs 100.00 DKK." in text
    assert "| `odense, samso` | `requests a minute` | `60` |" in text
    assert "6 shares asked for, 4 there" in text
    assert "leaves" not in text
    assert "stay the same" not in text


def test_a_refused_base_leaves_the_head_s_figures() -> None:
    found = effect(made({**REFUSED, **SHORT}), made())
    assert found.known == 1
    text = markdown(replace(NOTHING, effects={"dev": found}))
    assert "The base is refused, and has no price. What is shown is the head's." in text
    assert "joins" not in text


def test_pools_that_nobody_can_count_are_not_said_to_be_gone() -> None:
    found = effect(made(), made({**REFUSED, "capacity": {}}))
    assert figures.pool_chart(found)[1] == "     after  (not known)"
    assert "nobody can count them" in figures.counted(found)
    both = effect(made(REFUSED), made(REFUSED))
    assert both.known is None
    assert figures.missing(both, "quota") == "Both revisions are refused: neither has a quota."
    assert "Both revisions are refused" in markdown(replace(NOTHING, effects={"dev": both}))


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
