# SPDX-License-Identifier: MPL-2.0
"""Which walls each member has, on which cluster: keys lie where the gateway is, applications where applications are."""

from collections.abc import Iterator
from typing import Literal

import pulumi

from config.environment import Environment

from .cluster import After
from .member_admission import MemberAdmission
from .municipality_realm import MunicipalityRealm, MunicipalityRealmArgs
from .municipality_walls import MunicipalityWalls, MunicipalityWallsArgs

Cluster = Literal["gpu", "application"]
"""One of the environment's clusters."""


def wall_members(environment: Environment, operators: pulumi.Resource, on: dict[Cluster, After]) -> None:
    """Raise the walls of all members, and make their realms.

    Args:
        environment: whose members.
        operators: what comes first.
        on: the environment's clusters; where applications have none of their own, it has the same entry twice.
    """
    admission = {cluster: MemberAdmission(f"{cluster}-members", on[cluster]()) for cluster in clusters(environment)}
    for cluster, args in walls(environment):
        opts = on[cluster](operators, admission[cluster])
        MunicipalityWalls(f"{cluster}-member-{args.slug}", args, opts)
    for realm in realms(environment):
        MunicipalityRealm(f"realm-{realm.slug}", realm, on["application"](operators))


def clusters(environment: Environment) -> tuple[Cluster, ...]:
    """The clusters that an environment really has."""
    return ("gpu",) if environment.clusters.application is None else ("gpu", "application")


def walls(environment: Environment) -> Iterator[tuple[Cluster, MunicipalityWallsArgs]]:
    """The walls of every member, each with its cluster."""
    places = clusters(environment)
    resources = tuple(sorted({pool.resource for pool in environment.pools.values()}))
    gateway = environment.gateway
    for slug, member in environment.municipalities.items():
        for cluster in places:
            with_applications = cluster == places[-1]
            yield (
                cluster,
                MunicipalityWallsArgs(
                    slug=slug,
                    walls=environment.walls,
                    egress=member.egress if with_applications else (),
                    gpu_resources=resources if cluster == "gpu" else (),
                    # With two clusters the API is a place outside, and stands in `egress`.
                    proxies=gateway.proxy_namespace if gateway and len(places) == 1 else None,
                    chats=environment.chats if with_applications else None,
                ),
            )


def realms(environment: Environment) -> Iterator[MunicipalityRealmArgs]:
    """The realms of the members that have one."""
    for slug, member in environment.municipalities.items():
        if environment.keycloak is not None and member.realm:
            yield MunicipalityRealmArgs(
                slug=slug,
                display_name=member.name,
                keycloak=environment.keycloak,
                chat_host=f"{slug}.{environment.chats.domain}" if environment.chats else None,
            )
