"""The keys and contacts that a run has sent something for, kept on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection


class Touched:
    """Sets of keys and record ids whose memory does not grow with them."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
            "CREATE TABLE touched (name TEXT PRIMARY KEY, spoiled INT) WITHOUT ROWID;"
            "CREATE TABLE contact (id TEXT, key TEXT, PRIMARY KEY (id, key)) WITHOUT ROWID"
        )

    def add(self, name: str) -> None:
        """Add the digest of a key, or a record id."""
        self._db.execute("INSERT OR IGNORE INTO touched VALUES (?, 0)", (name,))

    def spoil(self, key: str) -> None:
        """Note that nothing is proved any more for a key by this run."""
        self._db.execute("INSERT OR REPLACE INTO touched VALUES (?, 1)", (key,))

    def __contains__(self, name: str | None) -> bool:
        return self._flag(name) is not None

    def is_spoiled(self, key: str) -> bool:
        """Check whether nothing is proved for a key by this run."""
        return self._flag(key) == 1

    def _flag(self, name: str | None) -> int | None:
        found = self._db.execute("SELECT spoiled FROM touched WHERE name = ?", (name,)).fetchone()
        return None if found is None else int(found[0])

    def add_contact(self, record_id: str, key: str) -> Collection[str]:
        """Note that a key is one of a contact's.

        :param record_id: of the contact.
        :param key: digest.
        :return: digests of its other keys that the run has sent something for.
        """
        self._db.execute("INSERT OR IGNORE INTO contact VALUES (?, ?)", (record_id, key))
        others = self._db.execute("SELECT key FROM contact WHERE id = ? AND key != ?", (record_id, key))
        return [other for (other,) in others]
