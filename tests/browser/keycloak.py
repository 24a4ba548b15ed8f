# SPDX-License-Identifier: MPL-2.0
"""A real Keycloak, with the realms that the platform's stack wrote and the people that its administrators would add.

For a KeycloakRealmImport the operator (keycloak.org, 26) has it imported unless one of that name is there,
with each placeholder's value from its Secret in the environment. `--import-realm` is the same import at the start.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from andel.lab.chat_parts import KEYCLOAK, java_home
from andel.lab.processes import Process, ended, running, start, stop
from tests.node.gateway import Edge
from tests.support.waiting import until

from .confined import Place, given, owned
from .postgres import Postgres

HOME = "/srv/keycloak"
START_SECONDS = 600


@dataclass(frozen=True)
class Served:
    """How a host is served: its name, what it listens on, and its certificate."""

    host: str
    address: str
    """Address and port on this machine, `address:port`."""
    certificate: Mapping[str, str]
    """Entries of a Secret of the kind `kubernetes.io/tls`."""


@dataclass(frozen=True)
class Keycloak:
    """A running Keycloak."""

    served: Served
    password: str
    process: Process

    def awaited(self) -> "Keycloak":
        """Itself, when it has its realms and says who it is."""

        def answers() -> bool:
            if running(self.process.note) is None:
                raise ended(self.process)
            try:
                with self.http() as client:
                    return client.get("/realms/master/.well-known/openid-configuration").status_code == 200
            except httpx.TransportError:
                return False

        until(answers, START_SECONDS)
        return self

    def http(self) -> httpx.Client:
        """A client that gets to it as everybody does, by its name and over TLS."""
        host, authority = self.served.host, self.served.certificate["ca.crt"]
        transport = Edge(self.served.address, host, authority)
        return httpx.Client(base_url=f"https://{host}", transport=transport, timeout=60)

    def add(self, realm: str, name: str, mail: str, password: str, roles: Sequence[str] = ()) -> None:
        """Let a realm have somebody, as its administrators do (Admin REST API)."""
        first, last = name.split(" ", 1)
        person = {
            "username": mail,
            "email": mail,
            "emailVerified": True,
            "enabled": True,
            "firstName": first,
            "lastName": last,
            "credentials": [{"type": "password", "value": password, "temporary": False}],
        }
        with self._administration() as client:
            made = client.post(f"/admin/realms/{realm}/users", json=person)
            assert made.status_code == 201, made.text
            there = made.headers["location"]
            known = [client.get(f"/admin/realms/{realm}/roles/{role}").raise_for_status().json() for role in roles]
            if known:
                client.post(f"{there}/role-mappings/realm", json=known).raise_for_status()

    def realm(self, name: str) -> dict[str, Any]:
        """A realm as Keycloak has it, with its clients."""
        with self._administration() as client:
            found = client.get(f"/admin/realms/{name}").raise_for_status().json()
            clients = client.get(f"/admin/realms/{name}/clients").raise_for_status().json()
        return {**found, "clients": clients}

    @contextmanager
    def _administration(self) -> Iterator[httpx.Client]:
        said = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": self.password}
        with self.http() as client:
            token = client.post("/realms/master/protocol/openid-connect/token", data=said).raise_for_status().json()
            client.headers["authorization"] = f"Bearer {token['access_token']}"
            yield client


@contextmanager
def keycloak(
    folder: Path, served: Served, realms: Mapping[str, dict[str, Any]], database: Postgres
) -> Iterator[Keycloak]:
    """A Keycloak with realms that runs while a block does; it answers when it has been `awaited`.

    Args:
        folder: its own.
        served: host, address and certificate.
        realms: what is imported, by name (RealmRepresentation).
        database: where it keeps them.
    """
    database.make("keycloak")
    password = secrets.token_hex(16)
    data = owned(folder / "data")
    given(data / "import", {f"{name}-realm.json": json.dumps(realm) for name, realm in realms.items()})
    seen = {
        HOME: KEYCLOAK.folder / "keycloak",
        f"{HOME}/data": data,
        "/srv/java": java_home(),
        "/srv/certificate": given(folder / "certificate", served.certificate),
    }
    words = [f"{HOME}/bin/kc.sh", "start", "--optimized", "--import-realm"]
    process = Place(folder, {}, seen).process("keycloak", words, environment(served, password, database))
    start(process)
    try:
        yield Keycloak(served, password, process)
    finally:
        stop(process.note, patience=60)  # kc.sh passes the signal on, and waits for Java


def environment(served: Served, password: str, database: Postgres) -> dict[str, str]:
    """Settings (keycloak.org, `All configuration`)."""
    address, port = served.address.split(":")
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "JAVA_HOME": "/srv/java",
        "JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx512m",
        "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
        "KC_BOOTSTRAP_ADMIN_PASSWORD": password,
        "KC_DB_URL": f"jdbc:postgresql://127.0.0.1:{database.port}/keycloak",
        "KC_DB_USERNAME": "keycloak",
        "KC_DB_PASSWORD": database.password,
        "KC_HOSTNAME": f"https://{served.host}",
        "KC_HTTP_HOST": address,
        "KC_HTTPS_PORT": port,
        "KC_HTTPS_CERTIFICATE_FILE": "/srv/certificate/tls.crt",
        "KC_HTTPS_CERTIFICATE_KEY_FILE": "/srv/certificate/tls.key",
    }
