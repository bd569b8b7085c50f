# SPDX-License-Identifier: Apache-2.0
"""The contacts that a run has sent something for, kept on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from functools import cached_property

import orjson


class Touched:
    """Record ids, or keys that nobody had, and digests of their keys; memory does not grow with them."""

    @cached_property
    def _db(self) -> sqlite3.Connection:
        db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
            "CREATE TABLE touched (id TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE spoiled (key TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE given (key TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE left_alone (key TEXT PRIMARY KEY, content TEXT) WITHOUT ROWID;"
            "CREATE TABLE contact (id TEXT, key TEXT, PRIMARY KEY (id, key)) WITHOUT ROWID"
        )
        return db

    def add(self, record_id: str) -> None:
        """Add a contact."""
        self._db.execute("INSERT OR IGNORE INTO touched VALUES (?)", (record_id,))

    def among(self, record_ids: Collection[str]) -> set[str]:
        """Return those of some contacts that are in it."""
        found = self._db.execute(
            "SELECT id FROM touched WHERE id IN (SELECT value FROM json_each(?))",
            (orjson.dumps([*record_ids]).decode(),),
        )
        return {record_id for (record_id,) in found}

    def spoil(self, key: str) -> None:
        """Note that nothing is proved any more for a key by this run."""
        self._db.execute("INSERT OR IGNORE INTO spoiled VALUES (?)", (key,))

    def is_spoiled(self, key: str) -> bool:
        """Check whether nothing is proved for a key by this run."""
        return self._db.execute("SELECT 1 FROM spoiled WHERE key = ?", (key,)).fetchone() is not None

    def give(self, key: str) -> None:
        """Note that a contact may get a key in this run."""
        self._db.execute("INSERT OR IGNORE INTO given VALUES (?)", (key,))

    def is_given(self, key: str) -> bool:
        """Check whether a contact may have got a key in this run."""
        return self._db.execute("SELECT 1 FROM given WHERE key = ?", (key,)).fetchone() is not None

    def leave_alone(self, key: str, content: str) -> None:
        """Note that a contact has drifted from what its key's rows want, and is not written."""
        self._db.execute("INSERT OR REPLACE INTO left_alone VALUES (?, ?)", (key, content))

    def is_left_alone(self, key: str, content: str) -> bool:
        """Check whether a key's contact has drifted from this content, and is not written."""
        found = self._db.execute("SELECT 1 FROM left_alone WHERE key = ? AND content = ?", (key, content))
        return found.fetchone() is not None

    def write_again(self, key: str) -> None:
        """Forget that a contact is left alone, since a row of its key wants something else."""
        self._db.execute("DELETE FROM left_alone WHERE key = ?", (key,))

    def add_contact(self, record_id: str, key: str) -> Collection[str]:
        """Note that a key is one of a contact's.

        :param record_id: of the contact.
        :param key: digest.
        :return: digests of its other keys that the run has sent something for.
        """
        self._db.execute("INSERT OR IGNORE INTO contact VALUES (?, ?)", (record_id, key))
        others = self._db.execute("SELECT key FROM contact WHERE id = ? AND key != ?", (record_id, key))
        return [other for (other,) in others]
