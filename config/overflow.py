# SPDX-License-Identifier: MPL-2.0
"""Section `overflow`: back ends outside the platform that take what its own models can't, for who opted in.

A request goes there when all of this holds: its model names the back end, its municipality is named here, its data
class may leave, and our own model answered 429 or 503 or could not be reached. Nothing goes there by default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from .catalogue import one_of
from .scalars import DnsLabel, Hostname, ObjectName, form
from .section import Mistake, Section, again

if TYPE_CHECKING:
    from .environment import Environment

DataClass = DnsLabel
"""Name of a data class, as a request's `x-andel-data-class` or a key's `dataClass` says it."""

BackendModel = Annotated[
    str, form(r"^[A-Za-z0-9][-A-Za-z0-9_.:/]*$", "write the model's name at the back end, as gpt-4o-mini", 200)
]
"""A model's name at a back end; with Azure OpenAI the deployment's."""

ApiVersion = Annotated[
    str, form(r"^20[0-9]{2}-[01][0-9]-[0-3][0-9](-preview)?$", "write a version of the API, as 2024-10-21", 30)
]
"""Version of Azure OpenAI's API."""

PathPrefix = Annotated[
    str, form(r"^(/[A-Za-z0-9][-A-Za-z0-9_.]*)+$", "write a path that begins with a slash, as /v1", 200)
]
"""Path below which OpenAI's routes lie."""


class _Backend(Section):
    """What every back end outside the platform says of itself."""

    host: Hostname
    """Its host. It is spoken to over TLS alone."""

    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = 443
    """Its port."""

    secret_name: ObjectName
    """Secret in the gateway's namespace whose key `apiKey` opens it."""

    authorities: ObjectName | None = None
    """ConfigMap in the gateway's namespace whose key `ca.crt` holds the authorities of its certificate. Left out, those
    that Envoy's image trusts."""

    processor: Annotated[str, Field(min_length=1, max_length=120)]
    """Who processes the data, by its legal name, as the data processing agreement has it."""

    region: Annotated[str, Field(min_length=1, max_length=60)]
    """Where it processes them, as `EU (Sweden)`."""

    municipalities: Annotated[tuple[DnsLabel, ...], Field(min_length=1)]
    """Municipalities that opted in, by their slug. Requests of all others never go there."""

    data_classes: Annotated[tuple[DataClass, ...], Field(max_length=32)] = ()
    """Data classes that may go there. A request of any other class never does."""

    unclassified: bool = False
    """Whether requests that name no data class may go there. `false` asks every application to say what it sends."""


class OpenAiBackend(_Backend):
    """A back end with OpenAI's API."""

    kind: Literal["openai"]

    prefix: PathPrefix = "/v1"
    """Path below which its routes lie."""


class AzureBackend(_Backend):
    """A resource of Azure OpenAI."""

    kind: Literal["azure"]

    api_version: ApiVersion
    """Version of its API."""


OverflowBackend = Annotated[OpenAiBackend | AzureBackend, Field(discriminator="kind")]


class ModelOverflow(Section):
    """Where a model's requests may go when its own pods can't take them."""

    backend: DnsLabel
    """Entry of `overflow`."""

    model: BackendModel
    """What the model is called there."""


def unknown_backends(environment: Environment) -> Iterator[Mistake]:
    """A model overflows to a declared back end."""
    for name, model in environment.models.items():
        if model.overflow is not None and model.overflow.backend not in environment.overflow:
            known = ", ".join(sorted(environment.overflow)) or "none"
            path = ("models", name, "overflow", "backend")
            yield Mistake(path, f"there is no back end {model.overflow.backend}", f"declare it in overflow ({known})")


def backends_that_nobody_uses(environment: Environment) -> Iterator[Mistake]:
    """A way out of the platform that no model takes is a way out all the same."""
    used = {model.overflow.backend for model in environment.models.values() if model.overflow}
    for name in environment.overflow:
        if name not in used:
            yield Mistake(("overflow", name), "no model overflows to it", "take it away, or name it at a model")


def backends_that_take_nothing(environment: Environment) -> Iterator[Mistake]:
    """Of a back end without a data class, and closed to requests without one, nothing would ever come back."""
    for name, backend in environment.overflow.items():
        if not backend.data_classes and not backend.unclassified:
            path = ("overflow", name, "dataClasses")
            yield Mistake(path, "no request may go there", "name data classes, or write unclassified: true")


def members_named_twice(environment: Environment) -> Iterator[Mistake]:
    """A municipality opts in once, a class is named once."""
    for name, backend in environment.overflow.items():
        for index, slug in again(backend.municipalities):
            yield Mistake(("overflow", name, "municipalities", index), f"{slug} stands here twice", "take one away")
        for index, kind in again(backend.data_classes):
            yield Mistake(("overflow", name, "dataClasses", index), f"{kind} stands here twice", "take one away")


def strangers_that_opted_in(environment: Environment) -> Iterator[Mistake]:
    """Who opted in is a member."""
    for name, backend in environment.overflow.items():
        for index, slug in enumerate(backend.municipalities):
            if slug not in environment.municipalities:
                path = ("overflow", name, "municipalities", index)
                yield Mistake(path, f"{slug} is no member", one_of(environment.municipalities))


def overflow_of_other_tasks(environment: Environment) -> Iterator[Mistake]:
    """Azure's deployments and OpenAI's routes are alike for text; vectors of another model are other vectors."""
    for name, model in environment.models.items():
        if model.overflow is not None and model.task in ("embedding", "rerank", "classification"):
            wrong = f"{model.task} by another model gives what can't be compared with ours"
            yield Mistake(("models", name, "overflow"), wrong, "take it away")


RULES: tuple[Callable[[Environment], Iterator[Mistake]], ...] = (
    unknown_backends,
    backends_that_nobody_uses,
    backends_that_take_nothing,
    members_named_twice,
    strangers_that_opted_in,
    overflow_of_other_tasks,
)
"""Rules of overflow."""
