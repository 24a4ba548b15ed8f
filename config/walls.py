# SPDX-License-Identifier: MPL-2.0
"""Section `walls`: how much room each member's namespaces have, and what may leave them."""

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from .scalars import Cores, Count, Memory, amount
from .section import Mistake, Section, refuse_if_any


def _network(value: str) -> str:
    words = "write an address and its length, as 192.0.2.10/32"
    try:
        network = ip_network(value)
    except ValueError:
        raise ValueError(f"not a network; {words}") from None
    if network.prefixlen == 0:
        raise ValueError("a network of every address there is; name the one that is meant")
    return str(network)


Cidr = Annotated[str, AfterValidator(_network), WithJsonSchema({"type": "string", "maxLength": 49})]
"""A network by its address and length, as `192.0.2.10/32`. Never all addresses."""


class Egress(Section):
    """A place outside that a member's pods may reach: its identity provider, its database."""

    cidr: Cidr
    """Its addresses."""

    port: Annotated[int, Field(ge=1, le=65535, strict=True)] = 443
    """Its port."""


class Walls(Section):
    """The room of one member, the same for all."""

    cpu: Cores = "4"
    """Processor cores that all its pods ask for together."""

    memory: Memory = "16Gi"
    """Memory that all its pods ask for, and may use, together."""

    storage: Memory = "100Gi"
    """Disks together."""

    pods: Count = 20
    """Pods at one time."""

    secrets: Count = 1200
    """Secrets. A key is two of them: a hundred applications with four keys each make 800."""

    objects: Count = 200
    """ConfigMaps."""

    furniture: Count = 20
    """Services, Deployments, disks, disruption budgets, and Roles and RoleBindings beside the account's own, each.
    Addresses of Services are the whole cluster's."""

    container_cpu: Cores = "100m"
    """What a container asks for that doesn't say."""

    container_memory: Memory = "256Mi"
    """Memory of a container that doesn't say."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        refuse_if_any(mistake for rule in RULES for mistake in rule(self))
        return self


def containers_larger_than_their_room(walls: Walls) -> Iterator[Mistake]:
    """One container that says nothing has room."""
    for field, whole in (("container_cpu", walls.cpu), ("container_memory", walls.memory)):
        one = getattr(walls, field)
        if amount(one) > amount(whole):
            path = (type(walls).model_fields[field].alias or field,)
            yield Mistake(path, f"{one} is more than all of {whole}", "write less")


RULES: tuple[Callable[[Walls], Iterator[Mistake]], ...] = (containers_larger_than_their_room,)
"""Rules within the walls."""
