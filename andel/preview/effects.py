# SPDX-License-Identifier: MPL-2.0
"""What a change does to each municipality: price, quota, and the GPUs behind its models, before and after.

All of it is what the revisions' own programs and commands say; nothing is computed anew here. What a revision doesn't
tell is None.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from .building import Built

LIMITS = {
    "requestsPerMinute": "requests a minute",
    "tokensPerMinute": "tokens a minute",
    "month.tokens": "tokens a month",
    "month.beyond": "past the month's tokens",
    "concurrency": "requests at one time",
    "contextTokens": "longest request",
    "outputTokens": "longest answer",
    "priority": "rank",
    "models": "models",
}
"""Settings of a tier, in words."""


UNKNOWN = "not known"
"""What is said of pools that a revision doesn't tell."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """A municipality at a revision."""

    tier: str | None = None
    """Its plan."""

    price: Decimal | None = None
    """What it pays in the year."""

    quota: Mapping[str, str] = field(default_factory=dict)
    """Limits of its plan, and the room of its namespaces, in words."""

    gpus: Mapping[str, str] = field(default_factory=dict)
    """GPU shares behind its models, and by how many they are shared."""


@dataclass(frozen=True, kw_only=True)
class Municipality:
    """A municipality before and after; None where it is no member."""

    slug: str
    before: Side | None
    after: Side | None

    @property
    def quota(self) -> dict[str, tuple[str, str]]:
        """Limits and room that differ."""
        return _differing(self.before, self.after, "quota")

    @property
    def gpus(self) -> dict[str, tuple[str, str]]:
        """GPUs that differ."""
        return _differing(self.before, self.after, "gpus")


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A pool before and after; None where there is none, or none is known."""

    name: str
    before: tuple[int, int] | None
    """Shares that are asked for, and that there are."""

    after: tuple[int, int] | None
    fits: tuple[str, str]
    """How well all pods fit before and after, and in which cases some wait; or why there is no pool, in words."""

    @property
    def same(self) -> bool:
        """Whether it stays as it is."""
        return self.before == self.after and self.fits[0] == self.fits[1]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a change does to a platform's members."""

    currency: str
    """Of what it costs after; before, where that is unknown."""

    cost: tuple[Decimal | None, Decimal | None]
    """What the year costs all of them."""

    municipalities: tuple[Municipality, ...]
    pools: tuple[Pool, ...]
    queues: Mapping[str, tuple[str, str]]
    """Quotas of GPU queues that differ, by queue, pool and resource."""

    refused: tuple[bool, bool] = (False, False)
    """Whether the stack is refused before and after. Of what is refused only pools are told, as far as they can be
    counted; a municipality that the other side has doesn't join or leave by that."""

    recoined: str = ""
    """The currency before, where it is another one: amounts can't be compared."""

    @property
    def known(self) -> int | None:
        """The side that is told where the other is refused: 0 is before, 1 after; None where both are, or neither."""
        return None if self.refused[0] == self.refused[1] else self.refused.index(False)

    @property
    def nothing(self) -> bool:
        """Whether it changes nothing for anybody. Where a side is refused, nobody knows."""
        same = not any(self.refused) and not self.recoined
        same = same and all(one.before == one.after for one in self.municipalities)
        return same and self.cost[0] == self.cost[1] and not self.queues and all(one.same for one in self.pools)


def effect(before: Built, after: Built) -> Effect:
    """The effect of a platform stack's change on its members and pools."""
    old, new = dict(_sides(before)), dict(_sides(after))
    slugs = sorted({*old, *new})
    refused = (before.refused, after.refused)
    coins = [str(side.prices.get("currency") or "") for side in (before, after)]
    return Effect(
        currency=coins[1] or coins[0],
        cost=(_money(before.prices.get("cost")), _money(after.prices.get("cost"))),
        municipalities=tuple(Municipality(slug=one, before=old.get(one), after=new.get(one)) for one in slugs),
        pools=tuple(_pools(before.capacity, after.capacity)),
        queues={} if any(refused) else _changed(dict(_queues(before)), dict(_queues(after))),
        refused=refused,
        recoined=coins[0] if all(coins) and coins[0] != coins[1] else "",
    )


def _sides(built: Built) -> Iterator[tuple[str, Side]]:
    members, tiers = built.contract.get("municipalities", {}), built.contract.get("tiers", {})
    statements = built.prices.get("statements", {})
    prefix = built.contract.get("namespaces", {}).get("member", "")
    rooms = dict(_rooms(built, prefix)) if prefix else {}
    for slug, member in members.items():
        tier = str(member.get("tier", ""))
        plan = tiers.get(tier, {})
        quota = {words: _text(_at(plan, path)) for path, words in LIMITS.items() if _at(plan, path) is not None}
        gpus = _gpus(built, plan.get("models", ()), members, tiers)
        price = _money(statements.get(slug, {}).get("amount"))
        yield slug, Side(tier=tier, price=price, quota={**quota, **rooms.get(slug, {})}, gpus=gpus)


def _gpus(built: Built, models: Any, members: Mapping[str, Any], tiers: Mapping[str, Any]) -> dict[str, str]:
    """GPU shares that serve each model of a plan, and how many members may use it."""
    told = {}
    for row in built.capacity.get("models", []):
        if row["model"] in models:
            users = sum(row["model"] in tiers.get(one.get("tier"), {}).get("models", ()) for one in members.values())
            members_of = "1 member" if users == 1 else f"{users} members"
            told[row["model"]] = f"{_standing(row)} of {row['pool']}, for {members_of}"
    return told


def _standing(row: Mapping[str, Any]) -> str:
    """Shares of a model that always stand, and its replicas where there may be more."""
    shares = f"{row['shares']} share{'s' * (row['shares'] != 1)}"
    return shares if row["most"] == row["replicas"] else f"{shares} ({row['replicas']} to {row['most']} replicas)"


def _rooms(built: Built, prefix: str) -> Iterator[tuple[str, dict[str, str]]]:
    """What ResourceQuotas leave each municipality; on two clusters, the application cluster's is the one with room."""
    found: dict[str, dict[str, str]] = {}
    for one in built.resources.values():
        inputs = one["inputs"]
        namespace = str(inputs.get("metadata", {}).get("namespace", ""))
        if inputs.get("kind") == "ResourceQuota" and namespace.startswith(prefix):
            hard = inputs.get("spec", {}).get("hard", {})
            found.setdefault(namespace[len(prefix) :], {}).update(
                {f"room: {key}": _text(hard[key]) for key in sorted(hard)}
            )
    yield from found.items()


def _queues(built: Built) -> Iterator[tuple[str, str]]:
    """Quotas of Kueue's ClusterQueues and cohorts."""
    for one in built.resources.values():
        inputs = one["inputs"]
        if inputs.get("kind") not in ("ClusterQueue", "Cohort"):
            continue
        for group in inputs.get("spec", {}).get("resourceGroups", []):
            for flavor in group.get("flavors", []):
                for quota in flavor.get("resources", []):
                    limits = [f"{quota.get('nominalQuota')} guaranteed"]
                    limits += [f"lends {quota['lendingLimit']}"] if "lendingLimit" in quota else []
                    limits += [f"borrows {quota['borrowingLimit']}"] if "borrowingLimit" in quota else []
                    place = (inputs["kind"], inputs["metadata"]["name"], flavor["name"], quota["name"])
                    yield " ".join(place), ", ".join(limits)


def _pools(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Pool]:
    sides = [{row["pool"]: row for row in side.get("pools", [])} for side in (before, after)]
    for name in dict.fromkeys((*sides[0], *sides[1])):
        rows = [side.get(name) for side in sides]
        use = [None if row is None else (int(row["used"]), int(row["shares"])) for row in rows]
        yield Pool(name=name, before=use[0], after=use[1], fits=(_fit(before, name), _fit(after, name)))


def _fit(capacity: Mapping[str, Any], pool: str) -> str:
    """How well all pods fit now; of other cases, only those in which some wait. Else why there is no such pool."""
    if all(row["pool"] != pool for row in capacity.get("pools", [])):
        return "no such pool" if "pools" in capacity else UNKNOWN
    told = []
    for row in capacity.get("cases", []):
        if row["pool"] == pool and row["case"] == "now":
            told.append(f"{row['fit']} to fit" if row["fit"] == "certain" else str(row["fit"]))
        if row["pool"] == pool and row["waiting"]:
            told.append(f"{row['case']}: {row['waiting']} waiting")
    return "; ".join(told)


def _differing(before: Side | None, after: Side | None, of: str) -> dict[str, tuple[str, str]]:
    return _changed(getattr(before, of) if before else {}, getattr(after, of) if after else {})


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    keys = dict.fromkeys((*before, *after))
    return {key: (before.get(key, ""), after.get(key, "")) for key in keys if before.get(key) != after.get(key)}


def _at(document: Any, path: str) -> Any:
    for step in path.split("."):
        document = document.get(step) if isinstance(document, dict) else None
    return document


def _text(value: Any) -> str:
    match value:
        case list():
            return ", ".join(map(str, value))
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def _money(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None
