# SPDX-License-Identifier: Apache-2.0
"""The SQLite file in which a portal is kept: its tables, and how it is opened."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

VERSION = 3
"""Version of the tables."""

_APPLICATION = 0x48756253
"""Application id, which marks a SQLite file as a sandbox's."""

_TABLES = f"""
BEGIN;
CREATE TABLE record (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE change (place INTEGER PRIMARY KEY, record INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX change_of_record ON change (record);
CREATE TABLE association (contact TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE member (
    list TEXT NOT NULL, record TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (list, record)
) WITHOUT ROWID;
CREATE TABLE import (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE import_file (id INTEGER PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE part (name TEXT PRIMARY KEY, body BLOB NOT NULL);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
"""
EMPTY = (
    "DELETE FROM record",
    "DELETE FROM change",
    "DELETE FROM association",
    "DELETE FROM member",
    "DELETE FROM import",
    "DELETE FROM import_file",
    "DELETE FROM part",
)
"""The statements that remove everything."""


class StoreError(OSError):
    """The file cannot be used; the message says why."""


def opened(path: Path) -> sqlite3.Connection:
    """Open or make a file, for this process alone.

    :raises StoreError: if that is not possible, or the file belongs to another program.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        return _connected(path)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"The sandbox cannot keep its state in {path}: {error}") from error


def _connected(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=1, check_same_thread=False)
    try:
        for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
            file.execute(f"PRAGMA {setting}")
        file.execute("BEGIN EXCLUSIVE")
        file.execute("COMMIT")
        if not file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            file.executescript(_TABLES)
        (kind,) = file.execute("PRAGMA application_id").fetchone()
        (version,) = file.execute("PRAGMA user_version").fetchone()
        if (kind, version) != (_APPLICATION, VERSION):
            raise sqlite3.DatabaseError("it is another program's file, or another version's")
    except sqlite3.Error:
        file.close()
        raise
    return file
