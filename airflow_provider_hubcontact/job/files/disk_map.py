# SPDX-License-Identifier: Apache-2.0
"""Values of this process by number, kept on disk."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from typing import Any, Generic, TypeVar

from airflow_provider_hubcontact.job.files.disk_queue import pickler

T = TypeVar("T")


class DiskMap(Generic[T]):
    """Number → value, in an unnamed file once they are many.

    :param db: an empty database.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._db.execute("CREATE TABLE value (number INTEGER PRIMARY KEY, content BLOB)")
        self._is_empty = True

    def __setitem__(self, number: int, value: T) -> None:
        content = BytesIO()
        pickler(content).dump(value)
        self._db.execute("INSERT OR REPLACE INTO value VALUES (?, ?)", (number, content.getvalue()))
        self._is_empty = False

    def get(self, number: int) -> T | None:
        """Return the value of a number; None if it has none."""
        if self._is_empty:
            return None
        query = "SELECT content FROM value WHERE number = ?"
        found = self._db.execute(query, (number,)).fetchone()
        if found is None:
            return None
        value: T = pickle.loads(found[0])  # noqa: S301 - this process wrote the file, which has no name
        return value


@contextmanager
def disk_map() -> Iterator[DiskMap[Any]]:
    """Open an empty map for as long as the context lasts."""
    with closing(sqlite3.connect("", isolation_level=None)) as db:
        db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN")
        yield DiskMap(db)
