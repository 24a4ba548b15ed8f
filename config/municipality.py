# SPDX-License-Identifier: MPL-2.0
"""The root of a municipality's stack: what stands inside its walls (`andel:municipality` in its stack file).

What is written here is hostile until judged, and what it becomes can't leave its namespaces: the API server says so.
Tier, hosts, room and places outside are governance, and stand in the platform's environment.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Self

from pydantic import Field, StrictBool, model_validator

from .catalogue import one_of
from .chat import Chat
from .clusters import Clusters
from .keys import AllowedModels, ApplicationKey
from .municipalities import Slug
from .names import CHAT
from .scalars import form
from .section import Mistake, Path, Section, again, refuse_if_any

StackName = Annotated[
    str,
    form(
        r"^([A-Za-z0-9][-A-Za-z0-9_.]*/){0,2}[A-Za-z0-9][-A-Za-z0-9_.]*$",
        "write organization, project and stack, as organization/andel/prod",
        200,
    ),
]
"""A Pulumi stack by its full name."""

ApplicationName = Annotated[
    str,
    form(r"^[a-z]([-a-z0-9]*[a-z0-9])?$", "write lower-case letters, digits and hyphens, a letter first", 40),
]
"""Name of an application, as it stands in records of use."""

Group = Annotated[
    str, form(r"^[A-Za-z0-9][-A-Za-z0-9_.:/@]*$", "write the group as the API server knows it, as oidc:odense-it", 200)
]
"""A group of people as the cluster's own sign-on says it."""

Mail = Annotated[
    str, form(r"^[A-Za-z0-9][-A-Za-z0-9_.+]*@([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]+$", "write an address", 200)
]
"""A mail address."""


class Contacts(Section):
    """Whom operations and people turn to."""

    technical: Mail
    """When something doesn't work."""

    data_protection: Mail
    """For what is done with personal data."""


class Staff(Section):
    """The municipality's own people on the cluster: groups, by what they may do in its namespace."""

    viewers: Annotated[tuple[Group, ...], Field(max_length=20)] = ()
    """See pods, logs and events."""

    operators: Annotated[tuple[Group, ...], Field(max_length=20)] = ()
    """Also read keys and start applications anew."""


class Municipality(Section):
    """What a municipality puts within its walls."""

    platform: StackName
    """Stack of the platform, whose contract says what there is."""

    slug: Slug
    """Its name in the platform's register."""

    clusters: Clusters
    """Where the platform stands; the context's user is the municipality's own service account."""

    applications: Annotated[dict[ApplicationName, ApplicationKey], Field(max_length=100)] = {}
    """Applications that call models, each with keys of its own."""

    models: AllowedModels | None = None
    """Models of its plan that its keys and its chat may use. Left out, all of them."""

    overflow: StrictBool = False
    """Whether requests of its keys and its chat may leave the platform for a back end outside: the consent of who
    answers for the data. By itself it opens nothing: the environment names who may go where, with which data."""

    chat: Chat | None = None
    """Its chat interface; left out, it has none."""

    dashboards: StrictBool = False
    """Whether a board of its own use and logs lies in its namespace, for a Grafana of its own: as a ConfigMap with the
    label `andel/dashboard`, in the folder that its annotation `grafana_folder` names."""

    staff: Staff = Staff()
    """Its own people."""

    contacts: Contacts
    """Whom to turn to."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self


def held(municipality: Municipality, key: ApplicationKey) -> ApplicationKey:
    """The keys of an application, with what its municipality says of all keys where they say nothing themselves."""
    return key.model_copy(
        update={
            "models": municipality.models if key.models is None else key.models,
            "overflow": municipality.overflow if key.overflow is None else key.overflow,
        }
    )


def lists_of_models(municipality: Municipality) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Every list of models that it writes, with its place."""
    yield ("models",), municipality.models or ()
    for name, key in municipality.applications.items():
        yield ("applications", name, "models"), key.models or ()
    if municipality.chat is not None:
        yield ("chat", "key", "models"), municipality.chat.key.models or ()
        yield ("chat", "models"), municipality.chat.models


def applications_named_as_the_chat(municipality: Municipality) -> Iterator[Mistake]:
    """The chat has a key of its own, under its name."""
    if municipality.chat is not None and CHAT in municipality.applications:
        yield Mistake(("applications", CHAT), "the chat's own key has this name", "name the application otherwise")


def equal_contexts(municipality: Municipality) -> Iterator[Mistake]:
    """Two clusters are two contexts."""
    application = municipality.clusters.application
    if application is not None and application.context == municipality.clusters.gpu.context:
        path = ("clusters", "application", "context")
        yield Mistake(path, f"{application.context} is the GPU cluster", "leave application out: one cluster is both")


def groups_of_the_system(municipality: Municipality) -> Iterator[Mistake]:
    """Nobody's staff is everybody (`system:authenticated`) or a part of the cluster."""
    for field, groups in (("viewers", municipality.staff.viewers), ("operators", municipality.staff.operators)):
        for index, group in enumerate(groups):
            if group.startswith("system:"):
                yield Mistake(("staff", field, index), f"{group} is the cluster's own", "name a group of your people")


def groups_named_twice(municipality: Municipality) -> Iterator[Mistake]:
    """A group stands once: operators see what viewers see."""
    every = (*municipality.staff.viewers, *municipality.staff.operators)
    seen = len(municipality.staff.viewers)
    for place, group in again(every):
        path = ("staff", "viewers", place) if place < seen else ("staff", "operators", place - seen)
        yield Mistake(path, f"{group} stands here twice", "take one away")


def models_named_twice(municipality: Municipality) -> Iterator[Mistake]:
    """A model is allowed once."""
    for path, names in lists_of_models(municipality):
        for index, name in again(names):
            yield Mistake((*path, index), f"{name} stands here twice", "take one away")


def models_that_it_forbids_itself(municipality: Municipality) -> Iterator[Mistake]:
    """An application and the chat narrow what the municipality allows, and never widen it."""
    if (own := municipality.models) is None:
        return
    for path, names in lists_of_models(municipality):
        for index, name in enumerate(names):
            if name not in own:
                wrong = f"{name} is none of the municipality's own models"
                yield Mistake((*path, index), wrong, f"{one_of(dict.fromkeys(own))}, or add it to models")


def models_that_the_key_of_the_chat_forbids(municipality: Municipality) -> Iterator[Mistake]:
    """A chat offers what its key may use."""
    if municipality.chat is None or (own := municipality.chat.key.models) is None:
        return
    for index, name in enumerate(municipality.chat.models):
        if name not in own:
            mend = f"{one_of(dict.fromkeys(own))}, or add it to chat.key.models"
            yield Mistake(("chat", "models", index), f"the chat's own key may not use {name}", mend)


RULES: tuple[Callable[[Municipality], Iterator[Mistake]], ...] = (
    applications_named_as_the_chat,
    equal_contexts,
    groups_of_the_system,
    groups_named_twice,
    models_named_twice,
    models_that_it_forbids_itself,
    models_that_the_key_of_the_chat_forbids,
)
"""Rules within a municipality's stack."""
