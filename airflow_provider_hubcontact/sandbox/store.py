"""Keeps a portal in a SQLite file, so that it survives a restart.

A change is committed before its answer is sent. SQLite hands each commit to the operating system (write-ahead
log), so that nothing is lost when the process is killed. It does not wait for the disk, so that a power
failure may cost the last changes, but never the whole file.

The file holds tokens, so only its owner may read it.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from airflow_provider_hubcontact.sandbox.access.tokens import Access
from airflow_provider_hubcontact.sandbox.clock import Clock
from airflow_provider_hubcontact.sandbox.crm.async_batches import AsyncBatches
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.crm.record import MAX_WRITES, Record, Write
from airflow_provider_hubcontact.sandbox.crm.records.collection import Collection
from airflow_provider_hubcontact.sandbox.crm.state import (
    dump_associations,
    dump_frame,
    dump_lists,
    dump_record,
    load_record,
    reason,
    restore,
)
from airflow_provider_hubcontact.sandbox.imports import state as import_state
from airflow_provider_hubcontact.sandbox.imports.runs import Import, Imports

VERSION = 2
"""Version of the tables."""

_APPLICATION = 0x48756253
"""Application id, which marks a SQLite file as a sandbox's."""

_TABLES = f"""
BEGIN;
CREATE TABLE record (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE change (place INTEGER PRIMARY KEY, record INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX change_of_record ON change (record);
CREATE TABLE import (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE import_file (id INTEGER PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE part (name TEXT PRIMARY KEY, body BLOB NOT NULL);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
"""
_EMPTY = (
    "DELETE FROM record; DELETE FROM change; DELETE FROM import; DELETE FROM import_file; DELETE FROM part"
)

Journal = list[tuple[Record, Write | None]]


class StoreError(OSError):
    """The file cannot be used; the message says why."""


class _Part(NamedTuple):
    """A small part of the state, which is written as a whole.

    :param mark: returns a value that changes whenever the part changes.
    """

    name: str
    mark: Callable[[], object]
    dump: Callable[[], Any]


class _Marks(NamedTuple):
    """What parts and imports are compared by: two marks differ if what they mark has changed.

    :param parts: name of a part → its mark.
    :param imports: id of an import → its mark.
    """

    parts: dict[str, object]
    imports: dict[str, object]


class Store:
    """A SQLite file that follows a portal.

    :param path: the file. A new one is made; from an existing one the portal is restored.
    :raises StoreError: if the file belongs to another program, is in use, or is damaged.
    """

    def __init__(
        self,
        path: Path,
        portal: Portal,
        access: Access,
        imports: Imports,
        later: AsyncBatches,
        *,
        clock: Clock,
    ) -> None:
        self._path, self._portal, self._access, self._imports = path, portal, access, imports
        self._later, self._clock = later, clock
        self._collections: dict[str, Collection] | None = None
        self._saved = _Marks({}, {})
        self._file: sqlite3.Connection | None = None
        self._parts = (
            _Part("next_id", lambda: portal.next_id, lambda: portal.next_id),
            _Part("frame", lambda: _frame_mark(portal), lambda: dump_frame(portal)),
            _Part("associations", lambda: portal.associations.changes, lambda: dump_associations(portal)),
            _Part("lists", lambda: portal.lists.changes, lambda: dump_lists(portal)),
            _Part("later", later.mark, later.dump),
            _Part("tokens", lambda: access.tokens, access.dump),
            _Part("clock", lambda: clock.ahead, lambda: clock.ahead),
        )
        portal.journal = []
        try:
            self.open()
            if self._connection.execute("SELECT count(*) FROM part").fetchone()[0]:
                self._load()
            self.save()
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            if self._file is not None:
                self._file.close()
            raise StoreError(f"The sandbox cannot keep its state in {path}: {reason(error)}") from error

    def open(self) -> None:
        """Open the file again, for this process alone.

        :raises StoreError: if it cannot be used.
        """
        if self._file is None:
            self._file = _opened(self._path)

    def save(self) -> None:
        """Commit what changed since the last time. If that fails, the next call tries it again.

        :raises sqlite3.Error: if the file cannot be written.
        """
        portal = self._portal
        if portal.collections is not self._collections:  # after a reset, say
            self._begin_anew()
        marks = self._marks()
        if not (portal.journal or portal.erased) and marks == self._saved:
            return
        with self._connection as file:
            if self._collections is None:
                for statement in _EMPTY.split(";"):
                    file.execute(statement)
            self._save_records(portal.journal or [], portal.erased)
            self._save_parts(marks.parts)
            self._save_imports(marks.imports)
        portal.journal = []
        portal.erased.clear()
        self._collections, self._saved = portal.collections, marks

    def close(self) -> None:
        """Save, and close the file, so that another process can open it."""
        if self._file is not None:
            self.save()
            self._file.close()
            self._file = None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._file is None:
            raise sqlite3.ProgrammingError("the file is closed")
        return self._file

    def _begin_anew(self) -> None:
        """Let the next save write everything, into an empty file."""
        self._collections, self._saved = None, _Marks({}, {})
        every = chain.from_iterable(each.everything() for each in self._portal.collections.values())
        self._portal.journal = [(record, write) for record in every for write in (record.writes or (None,))]

    def _marks(self) -> _Marks:
        return _Marks(
            {part.name: part.mark() for part in self._parts},
            {each.id: import_state.mark(each) for each in self._imports.everything()},
        )

    def _save_records(self, journal: Journal, erased: Iterable[str]) -> None:
        gone = [(number,) for number in erased]
        self._connection.executemany("DELETE FROM record WHERE id = ?", gone)
        self._connection.executemany("DELETE FROM change WHERE record = ?", gone)
        touched = {record.id: record for record, _ in journal}
        here = [(each.id, orjson.dumps(dump_record(each))) for each in touched.values()]
        changes = [(record.id, orjson.dumps(list(write))) for record, write in journal if write]
        self._connection.executemany("INSERT OR REPLACE INTO record VALUES (?, ?)", here)
        self._connection.executemany("INSERT INTO change (record, body) VALUES (?, ?)", changes)

    def _save_parts(self, marks: dict[str, object]) -> None:
        for part in self._parts:
            if self._saved.parts.get(part.name) != marks[part.name]:
                row = (part.name, orjson.dumps(part.dump()))
                self._connection.execute("INSERT OR REPLACE INTO part VALUES (?, ?)", row)

    def _save_imports(self, marks: dict[str, object]) -> None:
        for each in self._imports.everything():
            if self._saved.imports.get(each.id) == marks[each.id]:
                continue
            row = (each.id, orjson.dumps(import_state.dump(each)))
            self._connection.execute("INSERT OR REPLACE INTO import VALUES (?, ?)", row)
            if each.id not in self._saved.imports:
                self._connection.execute("INSERT INTO import_file VALUES (?, ?)", (each.id, each.content))
            if not each.content:
                self._connection.execute("DELETE FROM import_file WHERE id = ?", (each.id,))

    def _load(self) -> None:
        parts = {
            name: orjson.loads(body) for name, body in self._connection.execute("SELECT name, body FROM part")
        }
        frame = {**parts["frame"], "associations": parts["associations"], "lists": parts["lists"]}
        restore(self._portal, frame, self._load_records(), parts["next_id"])
        self._clock.load(parts.get("clock", 0.0))  # older files do not have it
        self._access.load(parts["tokens"])
        self._later.load(parts["later"])
        for each in self._load_imports():
            self._imports.take(each)
        self._collections, self._saved = self._portal.collections, self._marks()

    def _load_records(self) -> list[Record]:
        """Read records with the changes that they remember, and delete older ones from the file."""
        changes: dict[int, deque[tuple[int, Any]]] = {}
        old: list[tuple[int]] = []
        for place, record, body in self._connection.execute(
            "SELECT place, record, body FROM change ORDER BY place"
        ):
            own = changes.setdefault(record, deque())
            own.append((place, body))
            if len(own) > MAX_WRITES:
                old.append((own.popleft()[0],))
        with self._connection:
            self._connection.executemany("DELETE FROM change WHERE place = ?", old)
        rows = self._connection.execute("SELECT id, body FROM record ORDER BY id")
        return [
            load_record(orjson.loads(body), (orjson.loads(write) for _, write in changes.get(number, ())))
            for number, body in rows
        ]

    def _load_imports(self) -> Iterator[Import]:
        rows = self._connection.execute(
            "SELECT body, coalesce(content, x'') FROM import LEFT JOIN import_file USING (id) ORDER BY id"
        )
        return (import_state.load(orjson.loads(body), content) for body, content in rows)


def _frame_mark(portal: Portal) -> object:
    """Return a value that changes whenever a property or a group changes."""
    return [
        (dict(each.definitions), dict(each.archived_definitions), dict(each.groups), set(each.blocked))
        for each in portal.collections.values()
    ]


def _opened(path: Path) -> sqlite3.Connection:
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
