# SPDX-License-Identifier: MPL-2.0
"""Which walls each member has, on which cluster: keys lie where the gateway is, applications where applications are."""

from collections.abc import Iterator
from typing import Literal

from config.environment import Environment

from .municipality_realm import MunicipalityRealmArgs
from .municipality_walls import MunicipalityWallsArgs

Cluster = Literal["gpu", "application"]
"""One of the environment's clusters."""


def walls(environment: Environment) -> Iterator[tuple[Cluster, MunicipalityWallsArgs]]:
    """The walls of every member, each with its cluster."""
    separate = environment.clusters.application is not None
    clusters: tuple[Cluster, ...] = ("gpu", "application") if separate else ("gpu",)
    resources = tuple(sorted({pool.resource for pool in environment.pools.values()}))
    gateway = environment.gateway
    for slug, member in environment.municipalities.items():
        for cluster in clusters:
            with_applications = cluster == clusters[-1]
            yield (
                cluster,
                MunicipalityWallsArgs(
                    slug=slug,
                    walls=environment.walls,
                    egress=member.egress if with_applications else (),
                    gpu_resources=resources if cluster == "gpu" else (),
                    # With two clusters the API is a place outside, and stands in `egress`.
                    proxies=gateway.proxy_namespace if gateway and not separate else None,
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
