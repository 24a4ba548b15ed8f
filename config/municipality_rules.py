# SPDX-License-Identifier: MPL-2.0
"""Rules between a municipality's stack and the platform's contract: it asks for nothing that it hasn't got."""

from collections.abc import Callable, Iterator

from .catalogue import one_of
from .contract import PlatformContract
from .models import Task
from .municipality import Municipality, held, lists_of_models
from .section import Mistake, Path, refuse_if_any


def admitted(municipality: Municipality, contract: PlatformContract, *, stack: str) -> None:
    """Let a municipality's stack be made.

    Args:
        municipality: what is to be made.
        contract: of the platform that it names.
        stack: the stack that is run, `<environment>-<slug>`.

    Raises:
        Refusal: it asks for what it hasn't got, or stands in another's stack; with all mistakes.
    """
    refuse_if_any((*stacks_of_others(municipality, stack), *mistakes(municipality, contract)))


def stacks_of_others(municipality: Municipality, stack: str) -> Iterator[Mistake]:
    """A stack is its municipality's: a file copied under another name would give one's objects to the other's state."""
    environment = municipality.platform.rpartition("/")[2]
    if stack != f"{environment}-{municipality.slug}":
        wrong = f"the stack is {stack}, and {municipality.slug} on {environment} has another"
        yield Mistake(("slug",), wrong, f"run it as {environment}-{municipality.slug}")


def mistakes(municipality: Municipality, contract: PlatformContract) -> Iterator[Mistake]:
    """All that is wrong between the two."""
    for rule in RULES:
        yield from rule(municipality, contract)


def strangers(municipality: Municipality, contract: PlatformContract) -> Iterator[Mistake]:
    """Who has a stack is in the register."""
    if municipality.slug not in contract.municipalities:
        wrong = f"{municipality.slug} is no member of the platform"
        yield Mistake(("slug",), wrong, "let it be put into the register first")


def models_beyond_the_plan(municipality: Municipality, contract: PlatformContract) -> Iterator[Mistake]:
    """Keys and chat are narrowed to what the plan allows."""
    if (plan := models_of_the_plan(municipality, contract)) is None:
        return
    for path, names in lists_of_models(municipality):
        for index, name in enumerate(names):
            if name not in plan:
                yield Mistake((*path, index), f"its plan has no model {name}", one_of(dict.fromkeys(plan)))


def chats_with_nothing_to_chat_with(municipality: Municipality, contract: PlatformContract) -> Iterator[Mistake]:
    """A chat's key may use a model that chats."""
    allowed = models_of_the_chat(municipality, contract)
    if municipality.chat is None or allowed is None:
        return
    if not any(contract.models[name].task is Task.CHAT for name in allowed if name in contract.models):
        path: Path = ("chat",) if municipality.models is None else ("models",)
        if municipality.chat.key.models is not None:
            path = ("chat", "key", "models")
        yield Mistake(path, "none of these models is one to chat with", "add one of the plan's, or take chat away")


def other_clusters(municipality: Municipality, contract: PlatformContract) -> Iterator[Mistake]:
    """Walls stand on the platform's clusters, and on no other."""
    if (municipality.clusters.application is not None) != contract.separate_applications:
        wrong, mend = "the platform has one cluster for all", "take it away"
        if contract.separate_applications:
            wrong, mend = "the platform has a cluster of its own for applications", "write its context"
        yield Mistake(("clusters", "application"), wrong, mend)


def chats_without_a_host(municipality: Municipality, contract: PlatformContract) -> Iterator[Mistake]:
    """A chat is reached somewhere."""
    if municipality.chat is not None and contract.chat_domain is None:
        yield Mistake(("chat",), "the platform has no gateway for chats", "take it away, or let one be declared")


def chats_without_an_api(municipality: Municipality, contract: PlatformContract) -> Iterator[Mistake]:
    """A chat calls models."""
    if municipality.chat is not None and contract.host is None:
        yield Mistake(("chat",), "the platform has no gateway to models", "take it away, or let one be declared")


def boards_of_nothing(municipality: Municipality, contract: PlatformContract) -> Iterator[Mistake]:
    """A board shows figures, which the platform gives or doesn't."""
    if municipality.dashboards and contract.figures is None:
        wrong, mend = (
            "the platform shows municipalities no figures",
            "take it away, or let `monitoring.members` be declared",
        )
        yield Mistake(("dashboards",), wrong, mend)


def models_of_the_chat(municipality: Municipality, contract: PlatformContract) -> tuple[str, ...] | None:
    """Models of its plan that the chat's key may use; None where nobody knows its plan, or there is no chat."""
    plan = models_of_the_plan(municipality, contract)
    if plan is None or municipality.chat is None:
        return None
    own = held(municipality, municipality.chat.key).models
    return plan if own is None else tuple(name for name in plan if name in own)


def models_of_the_plan(municipality: Municipality, contract: PlatformContract) -> tuple[str, ...] | None:
    """Models of its plan; None where nobody knows its plan."""
    member = contract.municipalities.get(municipality.slug)
    tier = contract.tiers.get(member.tier) if member else None
    return tier.models if tier else None


RULES: tuple[Callable[[Municipality, PlatformContract], Iterator[Mistake]], ...] = (
    strangers,
    models_beyond_the_plan,
    chats_with_nothing_to_chat_with,
    other_clusters,
    chats_without_a_host,
    chats_without_an_api,
    boards_of_nothing,
)
"""Rules between a municipality and the platform."""
