# SPDX-License-Identifier: MPL-2.0
"""A real PostgreSQL with a database for each who asks, on loopback."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from andel.lab.chat_parts import CHAT_PROGRAMS, postgres
from andel.lab.processes import free_ports, start, stop
from tests.support.waiting import until

from .confined import Place, given, owned

PROGRAMS = "/srv/programs"
"""Where the server sees what it is started from. Its libraries lie beside it."""


@dataclass(frozen=True)
class Postgres:
    """A server."""

    port: int
    password: str

    def url(self, database: str) -> str:
        """Address of a database, as programs are given it. Its user has its name."""
        return f"postgresql://{database}:{self.password}@127.0.0.1:{self.port}/{database}"

    def make(self, database: str) -> None:
        """Make a database, and its user."""
        self.ask("postgres", f"CREATE ROLE {database} LOGIN PASSWORD '{self.password}'")
        self.ask("postgres", f"CREATE DATABASE {database} OWNER {database}")

    def ask(self, database: str, query: str) -> str:
        """What a query answers, a row a line."""
        words = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database, "-qtAX", "-c", query]
        environment = {**os.environ, "PGPASSWORD": self.password}
        run = subprocess.run(
            [str(postgres() / "bin" / "psql"), *words], env=environment, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()


@contextmanager
def database_server(folder: Path) -> Iterator[Postgres]:
    """A server that runs while a block does."""
    (port,) = free_ports(1)
    server = Postgres(port, secrets.token_hex(16))
    seen = {
        PROGRAMS: CHAT_PROGRAMS.folder,
        "/srv/data": owned(folder / "data"),
        "/srv/secret": given(folder / "secret", {"password": server.password}),
    }
    place, environment = Place(folder, {}, seen), {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    programs = f"{PROGRAMS}/{postgres().relative_to(CHAT_PROGRAMS.folder)}/bin"
    words = [f"{programs}/initdb", "-D", "/srv/data", "-U", "postgres", "--auth=scram-sha-256"]
    place.run([*words, "--pwfile=/srv/secret/password", "--no-sync"], environment)
    settings = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": "", "fsync": "off"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    process = place.process("postgres", [f"{programs}/postgres", "-D", "/srv/data", *options], environment)
    start(process)
    try:
        until(lambda: "ready to accept connections" in process.log.read_text(), 60)
        yield server
    finally:
        stop(process.note)
