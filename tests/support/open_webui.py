# SPDX-License-Identifier: MPL-2.0
"""A database with those columns of Open WebUI 0.11.0 that `components/programs/chat_retention.py` names."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from components.programs.chat_retention import SCHEMAS

TABLES = """
CREATE TABLE alembic_version (version_num);
CREATE TABLE "user" (id, email, role, info);
CREATE TABLE chat (id, user_id, chat, meta, archived, pinned, folder_id, updated_at);
CREATE TABLE chat_message (id, chat_id, content);
CREATE TABLE chat_file (chat_id, file_id);
CREATE TABLE shared_chat (id, chat_id, chat);
CREATE TABLE access_grant (resource_type, resource_id);
CREATE TABLE feedback (id, snapshot, updated_at);
CREATE TABLE automation_run (id, chat_id);
CREATE TABLE tag (id, user_id);
CREATE TABLE file (id, created_at, updated_at, data);
CREATE TABLE knowledge_file (file_id);
CREATE TABLE channel_file (file_id);
CREATE TABLE folder (id, data);
"""


class Sqlite:
    """SQLite that takes what is said to PostgreSQL by psycopg."""

    def __init__(self) -> None:
        self.made = sqlite3.connect(":memory:")
        self.made.executescript(TABLES)
        self.made.execute("ATTACH ':memory:' AS information_schema")
        self.made.execute("CREATE TABLE information_schema.columns (table_schema, table_name, column_name, data_type)")
        self.made.create_function("current_schema", 0, lambda: "public")
        for table, column in (("chat", "chat"), ("folder", "data"), ("user", "info"), ("file", "data")):
            self.put("information_schema.columns", "public", table, column, "json")
        self.put("alembic_version", SCHEMAS[0])
        self.put('"user"', "u-nobody", "nobody@chat.example", "admin", None)

    def put(self, table: str, *values: object) -> None:
        """Write a row."""
        self.made.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608

    def chat(self, name: str, touched: int, *, tags: tuple[str, ...] = (), **more: Any) -> None:
        """Write a chat of somebody, and what hangs on it."""
        meta, text = json.dumps({"tags": tags}), json.dumps(more.pop("text", ""))
        values = (more.get("archived", False), more.get("pinned", False), more.get("folder"))
        self.put("chat", name, "u-1", text, meta, *values, touched)
        self.put("chat_message", f"m-{name}", name, "secret")
        self.put("shared_chat", f"s-{name}", name, "secret")
        self.put("access_grant", "shared_chat", name)
        self.put("automation_run", f"r-{name}", name)
        for tag in tags:
            self.made.execute("INSERT INTO tag SELECT ?, 'u-1' WHERE ? NOT IN (SELECT id FROM tag)", (tag, tag))

    def execute(self, query: str, values: dict[str, Any] | None = None) -> sqlite3.Cursor:
        """As psycopg's connection."""
        return self.made.execute(re.sub(r"%\((\w+)\)s", r":\1", query), values or {})

    @contextmanager
    def cursor(self, _: str) -> Iterator["Cursor"]:
        """As psycopg's cursor that the server keeps."""
        yield Cursor(self.made.cursor())

    def all(self, table: str, column: str = "id") -> set[Any]:
        """Values of a column."""
        return {row[0] for row in self.made.execute(f'SELECT "{column}" FROM "{table}"')}  # noqa: S608

    def __enter__(self) -> "Sqlite":
        self.made.commit()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.made.commit() if kind is None else self.made.rollback()


class Cursor:
    """A cursor that may be told how much to fetch at a time."""

    itersize = 0

    def __init__(self, made: sqlite3.Cursor) -> None:
        self.made, self.execute = made, made.execute

    def __iter__(self) -> Iterator[Any]:
        return iter(self.made)
