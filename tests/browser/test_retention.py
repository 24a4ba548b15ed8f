# SPDX-License-Identifier: MPL-2.0
"""Chats end in a real Open WebUI on a real PostgreSQL: the program of a chat's pod, on the image's own packages.

Chats are its first account's, by Open WebUI's own API; only their age is written into the database.
"""

import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from components.chat_retention import RETENTION
from components.programs.chat_retention import DAY, token
from tests.node.gateway import GatewayLab
from tests.support.waiting import until

from .confined import given
from .interface import BROUGHT, PYTHON, Interface, container, environment, image
from .lab import BANNER
from .postgres import Postgres

SLUG = "aarhus"
NAMESPACE = f"andel-m-{SLUG}"
SECRET = "ingen maa laese dette"  # noqa: S105 (words in a file)


@pytest.fixture
def account(lab: GatewayLab, chats: Mapping[str, Interface], database: Postgres) -> Iterator[httpx.Client]:
    """The first account, at its chat."""
    written = environment(lab, NAMESPACE, RETENTION)
    mail = written["WEBUI_ADMIN_EMAIL"]
    found = database.ask(SLUG, f"SELECT id FROM \"user\" WHERE email = '{mail}'")  # noqa: S608

    def signed(request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = f"Bearer {token(written['WEBUI_SECRET_KEY'], found, int(time.time()))}"
        return request

    with httpx.Client(base_url=f"http://{chats[SLUG].address}", auth=signed, timeout=60) as client:
        yield client


def test_what_a_banner_says_is_shown_as_it_was_written(account: httpx.Client) -> None:
    (shown,) = account.get("/api/v1/configs/banners").raise_for_status().json()
    assert shown["content"] == f"{BANNER} https://intra.example/ai"


def test_chats_past_their_days_go_with_their_files_and_younger_ones_stay(
    lab: GatewayLab,
    chats: Mapping[str, Interface],
    database: Postgres,
    account: httpx.Client,
    tmp_path: Path,
) -> None:
    days = int(environment(lab, NAMESPACE, RETENTION)["ANDEL_CHAT_DAYS"])
    files = {name: uploaded(account, f"{name}.txt") for name in ("gone", "shared", "kept")}
    old = made(account, database, [files["gone"], files["shared"]])
    young = made(account, database, [files["shared"], files["kept"]])
    account.post(f"/api/v1/chats/{old}/tags", json={"name": "Blå sag"}).raise_for_status()
    account.post(f"/api/v1/chats/{old}/share").raise_for_status()
    account.post(f"/api/v1/chats/{old}/pin").raise_for_status()
    before = int(time.time()) - days * DAY
    aged(database, "chat", old, before - DAY)
    aged(database, "chat", young, before + DAY)
    for file in files.values():
        aged(database, "file", file, before - DAY)
    others = int(database.ask(SLUG, "SELECT count(*) FROM chat")) - 2

    told = purged(lab, chats[SLUG], tmp_path)
    assert "1 chats" in told
    assert "1 of 1 files" in told
    assert rows(database, "chat", old) == rows(database, "chat_message", old, "chat_id") == 0
    assert rows(database, "shared_chat", old, "chat_id") == rows(database, "file", files["gone"]) == 0
    assert int(database.ask(SLUG, "SELECT count(*) FROM tag")) == 0
    assert rows(database, "chat", young) == rows(database, "file", files["shared"]) == 1
    assert rows(database, "chat_message", young, "chat_id") == 1
    assert int(database.ask(SLUG, "SELECT count(*) FROM chat")) == others + 1
    on_disk = {file.name.partition("_")[0] for file in (chats[SLUG].data / "uploads").iterdir()}
    assert files["gone"] not in on_disk
    assert {files["shared"], files["kept"]} <= on_disk
    assert f"{SECRET} gone.txt" not in remembered(chats[SLUG].data / "vector_db" / "chroma.sqlite3")
    assert "nothing deleted" in purged(lab, chats[SLUG], tmp_path)


def purged(lab: GatewayLab, chat: Interface, folder: Path) -> str:
    """What the program says that the stack ships, run once as its container would."""
    one = container(lab, NAMESPACE, RETENTION)
    (mounted,) = one["volumeMounts"]
    found = lab.api.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/chat")
    assert found
    volumes = {volume["name"]: volume for volume in found["spec"]["template"]["spec"]["volumes"]}
    name = volumes[mounted["name"]]["configMap"]["name"]
    shipped = lab.api.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/{name}")
    assert shipped
    place = image(lab, folder, {}, {mounted["mountPath"]: given(folder / "program", shipped["data"])})
    # Open WebUI answers at another address than its pod's own: it is no pod here.
    written = {**environment(lab, NAMESPACE, RETENTION), "ANDEL_CHAT": f"http://{chat.address}"}
    return place.run([PYTHON, *one["command"][1:], "--once"], {**written, **BROUGHT})


def uploaded(account: httpx.Client, name: str) -> str:
    """A file, read as far as it will be."""
    sent = {"file": (name, f"{SECRET} {name}".encode(), "text/plain")}
    file = str(account.post("/api/v1/files/", files=sent).raise_for_status().json()["id"])
    until(lambda: status(account, file) in ("completed", "failed"), 60)
    return file


def status(account: httpx.Client, file: str) -> Any:
    """How far it is read."""
    return account.get(f"/api/v1/files/{file}/process/status").raise_for_status().json()["status"]


def made(account: httpx.Client, database: Postgres, files: list[str]) -> str:
    """A chat with a message and files."""
    name = str(uuid.uuid4())
    message = {"id": name, "role": "user", "content": "Goddag", "timestamp": int(time.time())}
    history = {"messages": {name: message}, "currentId": name}
    chat = {"title": "x", "models": ["text"], "history": history, "messages": []}
    answer = account.post("/api/v1/chats/new", json={"chat": chat}).raise_for_status().json()
    for file in files:
        values = f"gen_random_uuid()::text, '{answer['user_id']}', '{answer['id']}', '{file}', 1, 1"
        columns = "id, user_id, chat_id, file_id, created_at, updated_at"
        database.ask(SLUG, f"INSERT INTO chat_file ({columns}) VALUES ({values})")  # noqa: S608
    return str(answer["id"])


def aged(database: Postgres, table: str, name: str, touched: int) -> None:
    """Let something have been touched last at a moment."""
    database.ask(SLUG, f"UPDATE {table} SET updated_at = {touched} WHERE id = '{name}'")  # noqa: S608


def rows(database: Postgres, table: str, name: str, column: str = "id") -> int:
    """Rows of a name."""
    return int(database.ask(SLUG, f"SELECT count(*) FROM {table} WHERE {column} = '{name}'"))  # noqa: S608


def remembered(file: Path) -> str:
    """Everything that stands in the tables beside the vectors, if there are any."""
    if not file.exists():
        return ""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as base:
        tables = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return "".join(str(base.execute(f'SELECT * FROM "{table}"').fetchall()) for table in tables)  # noqa: S608
