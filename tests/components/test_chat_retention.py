# SPDX-License-Identifier: MPL-2.0
"""What ends chats: which go and what goes with them, and when nothing does.

The program runs on SQLite here, with those columns of Open WebUI 0.11.0 that it names. The tier `browser` holds it
against a real Open WebUI on PostgreSQL.
"""

import http.server
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from components.programs import chat_retention
from components.programs.chat_retention import (
    DAY,
    Chat,
    Refused,
    delete_all,
    delete_chats,
    first_account,
    limit_of,
    token,
    unmentioned,
)
from tests.support.open_webui import Sqlite

SECRET = "a-key-of-sessions-that-is-long-enough"  # noqa: S105 (of nobody)
NOW = int(time.time())
OLD, YOUNG = NOW - 91 * DAY, NOW - 89 * DAY
LIMIT = NOW - 90 * DAY


@pytest.fixture
def base() -> Sqlite:
    return Sqlite()


def test_chats_that_nobody_touched_go_with_all_that_hangs_on_them(base: Sqlite) -> None:
    base.chat("old", OLD)
    base.chat("young", YOUNG)
    gone = delete_chats(base, LIMIT)
    assert gone == {"messages": 1, "attachments": 0, "shares": 1, "grants": 1, "ratings": 0, "chats": 1, "tags": 0}
    assert base.all("chat") == {"young"}
    assert base.all("chat_message") == {"m-young"}
    assert base.all("shared_chat") == {"s-young"}
    assert base.all("access_grant", "resource_id") == {"young"}
    # Runs of an automation stay, and forget which chat theirs was: Open WebUI does the same.
    assert base.made.execute("SELECT id, chat_id FROM automation_run ORDER BY id").fetchall() == [
        ("r-old", None),
        ("r-young", "young"),
    ]
    assert set(delete_chats(base, LIMIT).values()) == {0}


@pytest.mark.parametrize("kept", [{"archived": True}, {"pinned": True}, {"folder": "f"}], ids=str)
def test_no_chat_is_spared_for_where_it_lies(base: Sqlite, kept: dict[str, Any]) -> None:
    base.chat("old", OLD, **kept)
    base.put("folder", "f", None)
    delete_chats(base, LIMIT)
    assert base.all("chat") == set()
    assert base.all("folder") == {"f"}


def test_the_second_of_the_limit_itself_stays(base: Sqlite) -> None:
    base.chat("just", LIMIT)
    base.chat("before", LIMIT - 1)
    delete_chats(base, LIMIT)
    assert base.all("chat") == {"just"}


def test_copies_of_chats_in_ratings_go_too(base: Sqlite) -> None:
    base.put("feedback", "old", '{"chat": "secret"}', OLD)
    base.put("feedback", "young", '{"chat": "secret"}', YOUNG)
    assert delete_chats(base, LIMIT)["ratings"] == 1
    assert base.all("feedback") == {"young"}


def test_a_tag_goes_with_the_last_chat_that_has_it_whatever_letters_it_is_of(base: Sqlite) -> None:
    base.chat("old", OLD, tags=("blå_sag", "fælles"))
    base.chat("young", YOUNG, tags=("fælles",))
    base.put("chat", "other", "u-2", "{}", None, 0, 0, None, YOUNG)
    base.put("tag", "blå_sag", "u-2")
    delete_chats(base, LIMIT)
    assert set(base.made.execute("SELECT id, user_id FROM tag")) == {("fælles", "u-1"), ("blå_sag", "u-2")}


FILES = {name: f"{number:08x}-0000-4000-8000-000000000000" for number, name in enumerate("abcdefgh", 1)}


def test_files_go_that_are_old_and_that_nothing_mentions(base: Sqlite) -> None:
    for name in FILES.values():
        base.put("file", name, OLD, None, None)
    base.put("file", "young", YOUNG, YOUNG, None)
    base.put("file", "written-anew", OLD, YOUNG, None)
    base.put("chat_file", "some", FILES["a"])
    base.put("knowledge_file", FILES["b"])
    base.put("channel_file", FILES["c"])
    base.chat("copied", YOUNG, text={"files": [{"id": FILES["d"]}]})
    base.put("folder", "f", json.dumps({"files": [{"id": FILES["e"]}]}))
    base.put('"user"', "u", "u@x.example", "user", json.dumps({"picture": f"/api/v1/files/{FILES['f']}/content"}))
    base.made.execute("UPDATE file SET data = ? WHERE id = ?", (FILES["h"], FILES["g"]))
    # What a file says of itself, or of another, is no mention.
    assert unmentioned(base, LIMIT) == {FILES["g"], FILES["h"]}


@pytest.mark.parametrize("version", [None, "0123456789ab"])
def test_a_schema_that_is_not_known_is_left_alone(base: Sqlite, version: str | None) -> None:
    base.made.execute("DELETE FROM alembic_version")
    if version:
        base.put("alembic_version", version)
    with pytest.raises(Refused, match=f"unknown schema {version or 'of no version'}"):
        limit_of(base, "90", NOW)


def test_a_database_of_something_else_is_left_alone(base: Sqlite) -> None:
    base.made.execute("DROP TABLE alembic_version")
    with pytest.raises(Refused, match="no database of an Open WebUI"):
        limit_of(base, "90", NOW)


@pytest.mark.parametrize("days", ["", "0", "-1", "1.5", "ninety", "100000"])
def test_days_that_are_none_delete_nothing(base: Sqlite, days: str) -> None:
    with pytest.raises(Refused, match="no number of days"):
        limit_of(base, days, NOW)
    assert limit_of(base, "90", NOW) == LIMIT


def test_a_clock_that_is_years_ahead_deletes_nothing(base: Sqlite) -> None:
    with pytest.raises(Refused, match="clock"):
        limit_of(base, "90", NOW + 365 * DAY)
    assert limit_of(base, "90", NOW + DAY // 2)


def test_files_stay_where_the_first_account_is_no_administrator(base: Sqlite) -> None:
    assert first_account(base, "nobody@chat.example") == "u-nobody"
    base.made.execute("UPDATE \"user\" SET role = 'user'")
    with pytest.raises(Refused, match="no administrator"):
        first_account(base, "nobody@chat.example")


def test_a_session_is_one_that_open_webui_believes_for_a_minute() -> None:
    claims = jwt.decode(token(SECRET, "u-1", NOW), SECRET, algorithms=["HS256"])
    assert claims["id"] == "u-1"
    assert claims["exp"] - claims["iat"] == 60


class Interface(http.server.BaseHTTPRequestHandler):
    """What is asked of an Open WebUI."""

    asked: list[str] = []
    failing: set[str] = set()

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        claims = jwt.decode(self.headers.get("Authorization", "").removeprefix("Bearer "), SECRET, ["HS256"])
        self.asked.append(f"{self.command} {self.path} {claims['id']}")
        self.respond(500 if self.path in self.failing else 200)

    def respond(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.respond(200 if self.path == "/health" else 404)

    do_POST = do_DELETE = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def interface(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of an Open WebUI."""
    monkeypatch.setattr(Interface, "asked", [])
    monkeypatch.setattr(Interface, "failing", set())
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Interface) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def variables(interface: str, base: Sqlite, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Environment of the program, whose database is the base."""
    monkeypatch.setattr(chat_retention, "connected", lambda _: base)
    return {
        "DATABASE_URL": "postgresql://x",
        "WEBUI_SECRET_KEY": SECRET,
        "WEBUI_ADMIN_EMAIL": "nobody@chat.example",
        "ANDEL_CHAT": interface,
        "ANDEL_CHAT_DAYS": "90",
    }


def test_it_says_how_many_and_never_what(
    base: Sqlite, variables: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    base.chat("secret-name", OLD, text="secret-words", tags=("secret-tag",))
    base.put("file", FILES["a"], OLD, OLD, None)
    delete_all(variables)
    assert "1 messages, 1 shares, 1 grants, 1 chats, 1 tags deleted" in caplog.text
    assert "1 of 1 files" in caplog.text
    assert "secret" not in caplog.text
    assert FILES["a"] not in caplog.text
    assert Interface.asked == [
        "POST /api/v1/retrieval/process/file u-nobody",
        "POST /api/v1/retrieval/delete u-nobody",
        f"DELETE /api/v1/files/{FILES['a']} u-nobody",
    ]


@pytest.mark.parametrize("where", ["/api/v1/retrieval/delete", f"/api/v1/files/{FILES['a']}"])
def test_a_file_that_stays_is_told_and_tried_again(base: Sqlite, variables: dict[str, str], where: str) -> None:
    base.put("file", FILES["a"], OLD, OLD, None)
    Interface.failing.add(where)
    with pytest.raises(Refused, match="keeps 1 files"):
        delete_all(variables)
    Interface.failing.clear()
    delete_all(variables)


def test_whatever_fails_on_the_way_leaves_all_as_it_was(base: Sqlite, variables: dict[str, str]) -> None:
    base.chat("old", OLD, tags=("one",))
    base.made.commit()
    base.made.execute("DROP TABLE tag")
    with pytest.raises(sqlite3.OperationalError):
        delete_all(variables)
    assert base.all("chat") == {"old"}
    assert base.all("chat_message") == {"m-old"}


def test_it_waits_for_open_webui_and_gives_up() -> None:
    slept: list[float] = []
    with pytest.raises(Refused, match="doesn't answer"):
        Chat("http://127.0.0.1:9", SECRET).await_answer(slept.append)
    assert sum(slept) == chat_retention.PATIENCE


def test_a_failure_names_its_kind_alone_and_the_container_fails(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An hour later: restarts tell who looks, and the chat beside it goes on meanwhile."""
    slept: list[float] = []
    monkeypatch.setattr(chat_retention, "delete_all", lambda _: (_ for _ in ()).throw(ValueError("secret")))
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("sys.argv", ["retention.py"])
    with pytest.raises(SystemExit, match="1"):
        chat_retention.main()
    assert slept == [chat_retention.HOUR]
    assert "failed: ValueError" in caplog.text
    assert "secret" not in caplog.text
