# SPDX-License-Identifier: MPL-2.0
"""Deletes chats that nobody has touched for so many days, and what hangs on them, from an Open WebUI 0.11.

It runs beside an Open WebUI in its pod, on the Python and the psycopg (3) of its image: once when that answers, then
every day; `--once` ends after the first. Chats go in one transaction. Files that nothing mentions any more go by Open
WebUI itself, which alone holds its disk and its vectors. It says how many went, never what. When it can't do its work
it says why, waits for an hour and fails, so that restarts of its container tell who looks; the chat goes on.

Environment: `DATABASE_URL`, `WEBUI_SECRET_KEY` and `WEBUI_ADMIN_EMAIL` as Open WebUI has them; `ANDEL_CHAT`, where it
answers; `ANDEL_CHAT_DAYS`.
"""

import base64
import hashlib
import hmac
import http.client
import json
import logging
import os
import re
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

DAY = 86_400
HOUR = 3_600
PATIENCE = 15 * 60
"""Seconds until Open WebUI has to answer; it changes its database before it does."""

SCHEMAS = ("f0bd01a18a3d",)
"""Revisions of Open WebUI's database that this program knows (source: open-webui 0.11.0, `migrations/versions`)."""

UNLIKELY = DAY
"""Seconds between the clocks of two machines beyond which neither is believed."""

DELETIONS: tuple[tuple[str, str], ...] = (
    (
        "runs",
        "UPDATE automation_run SET chat_id = NULL WHERE chat_id IN (SELECT id FROM chat WHERE updated_at < %(limit)s)",
    ),
    ("messages", "DELETE FROM chat_message WHERE chat_id IN (SELECT id FROM chat WHERE updated_at < %(limit)s)"),
    ("attachments", "DELETE FROM chat_file WHERE chat_id IN (SELECT id FROM chat WHERE updated_at < %(limit)s)"),
    ("shares", "DELETE FROM shared_chat WHERE chat_id IN (SELECT id FROM chat WHERE updated_at < %(limit)s)"),
    (
        "grants",
        "DELETE FROM access_grant WHERE resource_type = 'shared_chat'"
        " AND resource_id IN (SELECT id FROM chat WHERE updated_at < %(limit)s)",
    ),
    # Each holds a copy of the whole chat as it was (source: `models/feedbacks.py`, `snapshot`).
    ("ratings", "DELETE FROM feedback WHERE updated_at < %(limit)s"),
    ("chats", "DELETE FROM chat WHERE updated_at < %(limit)s"),
)
"""What goes, in this order: what hangs on a chat before the chat."""

TAGS = """
SELECT user_id, CAST(meta AS TEXT), updated_at < %(limit)s FROM chat
WHERE user_id IN (SELECT user_id FROM chat WHERE updated_at < %(limit)s)
"""

LOOSE = """
SELECT id FROM file WHERE COALESCE(updated_at, created_at) < %(limit)s
AND id NOT IN (SELECT file_id FROM chat_file)
AND id NOT IN (SELECT file_id FROM knowledge_file)
AND id NOT IN (SELECT file_id FROM channel_file)
"""

TEXTS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name <> 'file'
AND data_type IN ('json', 'jsonb', 'text', 'character varying')
"""
"""Every column in which a file may be mentioned: a copied chat, a folder, a note, somebody's picture."""

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Refused(Exception):
    """Nothing is deleted, and this is why."""


def main() -> None:
    """Delete once, or every day."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as the first process of a container it would be deaf
    once = "--once" in sys.argv[1:]
    while True:
        try:
            delete_all(os.environ)
        # Whatever a driver raises may name what is in the database: its kind has to do.
        except Exception as error:  # noqa: BLE001
            logging.error("%s", error if isinstance(error, Refused) else f"failed: {type(error).__name__}")
            time.sleep(0 if once else HOUR)
            sys.exit(1)
        if once:
            return
        time.sleep(DAY)


def delete_all(environment: Mapping[str, str]) -> None:
    """Delete what is older than its days.

    Raises:
        Refused: it can't be told what that is, or Open WebUI doesn't let a file go.
    """
    chat = Chat(environment["ANDEL_CHAT"], environment["WEBUI_SECRET_KEY"])
    chat.await_answer()
    with connected(environment["DATABASE_URL"]) as connection:
        limit = limit_of(connection, environment["ANDEL_CHAT_DAYS"], time.time())
        gone = delete_chats(connection, limit)
    told = ", ".join(f"{count} {what}" for what, count in gone.items() if count) or "nothing"
    logging.info("not touched since %s: %s deleted", datetime.fromtimestamp(limit, UTC).date(), told)
    with connected(environment["DATABASE_URL"]) as connection:
        files = unmentioned(connection, limit)
        account = first_account(connection, environment["WEBUI_ADMIN_EMAIL"]) if files else ""
    kept = [file for file in sorted(files) if not chat.let_go(file, account)]
    if files:
        logging.info("%d of %d files that nothing mentions any more deleted", len(files) - len(kept), len(files))
    if kept:
        raise Refused(f"Open WebUI keeps {len(kept)} files that nothing mentions any more: its own log says why")


def connected(url: str) -> Any:
    """A connection whose block is one transaction: all of it, or nothing where somebody writes into what goes."""
    import psycopg  # here alone: what decides is tested without it

    plain = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url)
    try:
        connection = psycopg.connect(plain, connect_timeout=30)
    except psycopg.Error as error:
        raise Refused(f"the database can't be reached: {str(error).splitlines()[0]}") from None
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return connection


def limit_of(connection: Any, days: str, now: float) -> int:
    """Seconds since 1970 before which a chat has to be touched last to be deleted.

    Raises:
        Refused: the schema is unknown, days are none, or clocks differ so much that one of them is wrong.
    """
    try:
        found = [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]
    except Exception as error:  # noqa: BLE001 (a table that isn't there has another name in each driver)
        raise Refused(f"this is no database of an Open WebUI: {type(error).__name__}") from None
    if not found or not set(found) <= set(SCHEMAS):
        raise Refused(
            f"the database has the unknown schema {', '.join(map(str, found)) or 'of no version'}, and"
            f" {', '.join(SCHEMAS)} is known: run an Open WebUI and a retention of the same release"
        )
    if not re.fullmatch("[1-9][0-9]{0,4}", days):
        raise Refused("ANDEL_CHAT_DAYS is no number of days")
    (told,) = connection.execute("SELECT CAST(CURRENT_TIMESTAMP AS TEXT)").fetchone()
    there = datetime.fromisoformat(told)
    if abs((there if there.tzinfo else there.replace(tzinfo=UTC)).timestamp() - now) > UNLIKELY:
        raise Refused("the database's clock and this machine's differ by more than a day: set them right")
    return int(now) - int(days) * DAY


def delete_chats(connection: Any, limit: int) -> dict[str, int]:
    """Delete chats that were touched last before a moment, whether archived, pinned, shared or in a folder.

    Returns:
        How many of each went.
    """
    values = {"limit": limit}
    unused = list(unused_tags(connection.execute(TAGS, values)))
    gone = {what: connection.execute(statement, values).rowcount for what, statement in DELETIONS}
    for user, tag in unused:
        connection.execute("DELETE FROM tag WHERE user_id = %(user)s AND id = %(tag)s", {"user": user, "tag": tag})
    del gone["runs"]  # they stay, and forget their chat
    return {**gone, "tags": len(unused)}


def unused_tags(rows: Iterator[tuple[str, str | None, bool]]) -> Iterator[tuple[str, str]]:
    """Owner and name of tags that only chats have that go: rows are a chat's owner, its `meta`, and whether it goes."""
    going: set[tuple[str, str]] = set()
    staying: set[tuple[str, str]] = set()
    for user, meta, goes in rows:
        tags = (json.loads(meta or "{}") or {}).get("tags") or []
        (going if goes else staying).update((user, str(tag)) for tag in tags)
    yield from sorted(going - staying)


def unmentioned(connection: Any, limit: int) -> set[str]:
    """Files older than a moment that nothing in the database mentions: no chat, no knowledge, no folder, nobody."""
    loose = {row[0] for row in connection.execute(LOOSE, {"limit": limit})}
    for table, column in connection.execute(TEXTS).fetchall():
        if not loose:
            break
        with connection.cursor("texts") as cursor:  # a named one, so that the server keeps what wasn't read yet
            cursor.itersize = 20
            # Names come from the database's own catalogue.
            cursor.execute(f'SELECT CAST("{column}" AS TEXT) FROM "{table}" WHERE "{column}" IS NOT NULL')  # noqa: S608
            for (text,) in cursor:
                loose.difference_update(ID.findall(text))
    return loose


def first_account(connection: Any, mail: str) -> str:
    """The account that nobody signs on to, an administrator.

    Raises:
        Refused: there is none.
    """
    found = connection.execute("SELECT id FROM \"user\" WHERE email = %(mail)s AND role = 'admin'", {"mail": mail})
    row = found.fetchone()
    if row is None:
        raise Refused("the account that was there before anybody signed on is no administrator: files stay")
    return str(row[0])


class Chat:
    """Open WebUI, asked as its first account."""

    def __init__(self, address: str, secret: str) -> None:
        self._address, self._secret = address, secret

    def await_answer(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Wait until it answers.

        Raises:
            Refused: it doesn't.
        """
        for _ in range(PATIENCE // 10):
            try:
                if self._ask("GET", "/health") == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            sleep(10)
        raise Refused(f"Open WebUI doesn't answer at {self._address}")

    def let_go(self, file: str, account: str) -> bool:
        """Delete a file with its vectors; whether it is gone.

        Open WebUI 0.11.0 leaves the vectors, and the text in them, when it deletes a file (`routers/files.py` names
        neither ids nor a filter to Chroma). It drops all of them when a file gets another text, whatever comes of
        that text; so it gets one of a single sign, whose own vector goes next, and then the file.
        """
        place = {"collection_name": f"file-{file}", "file_id": file}
        try:
            self._ask("POST", "/api/v1/retrieval/process/file", account, {"file_id": file, "content": "-"})
            vectors = self._ask("POST", "/api/v1/retrieval/delete", account, place)
            status = self._ask("DELETE", f"/api/v1/files/{file}", account) if vectors in (200, 400, 404) else vectors
        except (OSError, http.client.HTTPException):
            return False
        return status in (200, 404)

    def _ask(self, method: str, path: str, account: str = "", body: object = None) -> int:
        """The status of its answer."""
        headers = {"Content-Type": "application/json"}
        if account:
            headers["Authorization"] = f"Bearer {token(self._secret, account, int(time.time()))}"
        at = urlsplit(self._address)
        connection = http.client.HTTPConnection(at.hostname or "", at.port or 80, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            return connection.getresponse().status
        finally:
            connection.close()


def token(secret: str, account: str, now: int) -> str:
    """A session of an account for a minute (RFC 7519, HS256), as Open WebUI signs its own."""
    claims = {"id": account, "iat": now, "exp": now + 60, "jti": str(uuid.uuid4())}
    signed = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{encoded(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def encoded(value: bytes) -> str:
    """Base64 as tokens have it (RFC 7515)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


if __name__ == "__main__":
    main()
