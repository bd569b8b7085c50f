"""The contacts that a run has sent something for, kept on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

import orjson


class Touched:
    """Record ids, and digests of their keys, whose memory does not grow with them."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
            "CREATE TABLE touched (id TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE spoiled (key TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE contact (id TEXT, key TEXT, PRIMARY KEY (id, key)) WITHOUT ROWID"
        )

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

    def add_contact(self, record_id: str, key: str) -> Collection[str]:
        """Note that a key is one of a contact's.

        :param record_id: of the contact.
        :param key: digest.
        :return: digests of its other keys that the run has sent something for.
        """
        self._db.execute("INSERT OR IGNORE INTO contact VALUES (?, ?)", (record_id, key))
        others = self._db.execute("SELECT key FROM contact WHERE id = ? AND key != ?", (record_id, key))
        return [other for (other,) in others]
