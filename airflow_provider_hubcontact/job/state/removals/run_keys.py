# SPDX-License-Identifier: Apache-2.0
"""The keys of a run, and those of the state that it lacks, kept on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

SIZE = 1_000
"""Keys that are handed out at once."""


class Gone(NamedTuple):
    """A key of the state that no row of the run has.

    :param key: digest.
    :param id: record id of its contact.
    :param origin: how the contact came to have its values, as the state has it.
    :param missing: completed runs in a row before this one that lacked the key.
    """

    key: str
    id: str
    origin: str
    missing: int


class RunKeys:
    """Digests of keys, and record ids, whose memory does not grow with them."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
            "CREATE TABLE given (key TEXT);"
            "CREATE TABLE failed (key TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE doubted (id TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE contact (id TEXT PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE gone (key TEXT PRIMARY KEY, id TEXT, origin TEXT, missing INT,"
            " spared INT DEFAULT 0) WITHOUT ROWID;"
            "CREATE TABLE back (key TEXT PRIMARY KEY) WITHOUT ROWID"
        )
        self._is_indexed = False

    def close(self) -> None:
        """Forget everything."""
        self._db.close()

    def give(self, keys: Iterable[str]) -> None:
        """Note keys of the run; all of them before any is looked for."""
        self._db.executemany("INSERT INTO given VALUES (?)", ((key,) for key in keys))

    def given(self) -> int:
        """Count the keys of the run."""
        count: int = self._db.execute("SELECT count(DISTINCT key) FROM given").fetchone()[0]
        return count

    def is_given(self, key: str) -> bool:
        """Check whether a row of the run has a key."""
        if not self._is_indexed:
            self._db.execute("CREATE INDEX of_given ON given (key)")
            self._is_indexed = True
        return self._has("SELECT 1 FROM given WHERE key = ?", key)

    def fail(self, key: str) -> None:
        """Note that a row of a key did not end well."""
        self._db.execute("INSERT OR IGNORE INTO failed VALUES (?)", (key,))

    def failed(self) -> Iterator[Sequence[str]]:
        """Return the keys of which a row did not end well."""
        for some in _parts(self._db.execute("SELECT key FROM failed")):
            yield [key for (key,) in some]

    def meet(self, ids: Iterable[str]) -> None:
        """Note contacts that rows of the run are about."""
        self._db.executemany("INSERT OR IGNORE INTO contact VALUES (?)", ((each,) for each in ids))

    def has_met(self, record_id: str) -> bool:
        """Check whether a row of the run is about a contact, as far as that was noted."""
        return self._has("SELECT 1 FROM contact WHERE id = ?", record_id)

    def doubt(self, record_id: str) -> None:
        """Note a contact of which the state knows nothing, although a plan removes it."""
        self._db.execute("INSERT OR IGNORE INTO doubted VALUES (?)", (record_id,))

    def is_doubted(self, record_id: str) -> bool:
        """Check whether a contact is to be removed of which the state knows nothing."""
        return self._has("SELECT 1 FROM doubted WHERE id = ?", record_id)

    def lose(self, gone: Iterable[Gone]) -> None:
        """Note keys of the state that the run lacks."""
        self._db.executemany("INSERT INTO gone (key, id, origin, missing) VALUES (?, ?, ?, ?)", gone)

    def spare(self, keys: Iterable[str]) -> None:
        """Count keys that the run lacks no longer, since nothing is left to be done for them."""
        self._db.executemany("UPDATE gone SET spared = 1 WHERE key = ?", ((key,) for key in keys))

    def gone(self, *, least: int = 0, most: int | None = None) -> Iterator[Sequence[Gone]]:
        """Return the keys that the run lacks, in parts; in between, keys may be spared.

        :param least: completed runs before that lacked them, at least.
        :param most: the same, at most; None for any number.
        """
        after = ""
        query = (
            "SELECT key, id, origin, missing FROM gone "
            "WHERE key > ? AND missing BETWEEN ? AND ? AND NOT spared ORDER BY key LIMIT ?"
        )
        limit = 2**31 if most is None else most
        while some := [Gone(*row) for row in self._db.execute(query, (after, least, limit, SIZE))]:
            after = some[-1].key
            yield some

    def of_gone(self, keys: Collection[str]) -> dict[str, Gone]:
        """Return those of some keys that the run lacks, spared or not."""
        query = "SELECT key, id, origin, missing FROM gone WHERE key = ?"
        found = (self._db.execute(query, (key,)).fetchone() for key in keys)
        return {row[0]: Gone(*row) for row in found if row}

    def count(self, origins: Collection[str] | None = None, *, least: int = 0) -> int:
        """Count the keys that the run lacks.

        :param origins: of their contacts; None for any.
        :param least: completed runs before that lacked them, at least.
        """
        query = "SELECT origin, count(*) FROM gone WHERE missing >= ? AND NOT spared GROUP BY origin"
        counts = self._db.execute(query, (least,))
        return sum(count for origin, count in counts if origins is None or origin in origins)

    def come_back(self, keys: Iterable[str]) -> None:
        """Note keys that earlier runs lacked, and this one has."""
        self._db.executemany("INSERT OR IGNORE INTO back VALUES (?)", ((key,) for key in keys))

    def back(self) -> Iterator[Sequence[str]]:
        """Return the keys that earlier runs lacked, and this one has."""
        for some in _parts(self._db.execute("SELECT key FROM back")):
            yield [key for (key,) in some]

    def _has(self, query: str, value: str) -> bool:
        return self._db.execute(query, (value,)).fetchone() is not None


def _parts(rows: Iterator[tuple[str]]) -> Iterator[list[tuple[str]]]:
    while some := list(islice(rows, SIZE)):
        yield some
