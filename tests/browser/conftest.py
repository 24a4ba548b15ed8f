# SPDX-License-Identifier: MPL-2.0
"""The chats of two municipalities, and a browser: a tier of its own, since it takes a node and a gigabyte of packages.

`ANDEL_TEST_CHAT` names the folder of a lab that stands already (`python -m tests.browser FOLDER`), and goes on.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from andel.lab.build import build
from andel.lab.chat_parts import CHAT_PARTS
from andel.lab.processes import free_ports
from tests.node.gateway import GatewayLab, attached, gateway_lab

from .interface import Interface, interface
from .keycloak import Keycloak, keycloak
from .lab import KEYCLOAK, MODELS, furnish, realms, served, with_chats
from .postgres import Postgres, database_server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder runs what `andel lab build --node --chat` builds."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayLab]:
    """A lab on which the gateway answers and chats have a host."""
    if standing := os.environ.get("ANDEL_TEST_CHAT"):
        yield attached(Path(standing))
        return
    with gateway_lab(tmp_path_factory.mktemp("chats"), with_chats) as running:
        yield running


@pytest.fixture(scope="session")
def parts() -> None:
    """Whatever is missing is built."""
    build(CHAT_PARTS)


@pytest.fixture(scope="session")
def database(parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with database_server(tmp_path_factory.mktemp("postgres")) as running:
        yield running


@pytest.fixture(scope="session")
def issuer(lab: GatewayLab, database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    """Keycloak with the realms that the platform's stack wrote, about to start."""
    (port,) = free_ports(1)
    with keycloak(tmp_path_factory.mktemp("keycloak"), served(lab, port), realms(lab), database) as running:
        yield running


@pytest.fixture(scope="session")
def chats(
    lab: GatewayLab, issuer: Keycloak, database: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Interface]]:
    """An Open WebUI for each municipality, as its own stack wrote it."""
    keycloak_address = lab.address("outside", KEYCLOAK.split(".")[0])
    with ExitStack() as stack:
        running = {}
        for slug in MODELS:
            furnish(lab, slug, tmp_path_factory.mktemp(slug), database)
            hosts = {lab.host: lab.edge, KEYCLOAK: keycloak_address}
            folder = tmp_path_factory.mktemp(f"chat-{slug}")
            running[slug] = stack.enter_context(interface(lab, slug, folder, hosts))
        # All start at the same time: each imports for half a minute on an idle machine.
        for one in running.values():
            one.await_answer()
        issuer.awaited()
        yield running
