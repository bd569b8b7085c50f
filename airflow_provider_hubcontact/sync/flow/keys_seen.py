# SPDX-License-Identifier: Apache-2.0
"""The keys that a run has seen, kept on disk."""

from __future__ import annotations

import sqlite3


class KeysSeen:
    """A set of keys whose memory does not grow with it."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
            "CREATE TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID"
        )

    def add(self, key: str) -> bool:
        """Add a key.

        :return: whether it is new.
        """
        return self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,)).rowcount == 1
