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
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from airflow_provider_hubcontact.sandbox.access.tokens import Access
from airflow_provider_hubcontact.sandbox.crm.async_batches import AsyncBatches
from airflow_provider_hubcontact.sandbox.crm.contact import MAX_WRITES, Contact, Write
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.crm.state import dump_contact, dump_frame, load_contact, restore
from airflow_provider_hubcontact.sandbox.imports import state as import_state
from airflow_provider_hubcontact.sandbox.imports.runs import Import, Imports

VERSION = 1
"""Version of the tables."""

_APPLICATION = 0x48756253
"""Application id, which marks a SQLite file as a sandbox's."""

_TABLES = f"""
BEGIN;
CREATE TABLE contact (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE change (place INTEGER PRIMARY KEY, contact INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE import (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE import_file (id INTEGER PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE part (name TEXT PRIMARY KEY, body BLOB NOT NULL);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
"""
_EMPTY = (
    "DELETE FROM contact; DELETE FROM change; DELETE FROM import; DELETE FROM import_file; DELETE FROM part"
)

Journal = list[tuple[Contact, Write | None]]


class StoreError(OSError):
    """The file cannot be used; the message says why."""


class _Part(NamedTuple):
    """A small part of the state, which is written as a whole.

    :param mark: returns a value that changes whenever the part changes.
    """

    name: str
    mark: Callable[[], object]
    dump: Callable[[], Any]


class Store:
    """A SQLite file that follows a portal.

    :param path: the file. A new one is made; from an existing one the portal is restored.
    :raises StoreError: if the file belongs to another program, is in use, or is damaged.
    """

    def __init__(
        self, path: Path, portal: Portal, access: Access, imports: Imports, later: AsyncBatches
    ) -> None:
        self._path, self._portal, self._access, self._imports = path, portal, access, imports
        self._later = later
        self._contacts: dict[str, Contact] | None = None
        self._saved_parts: dict[str, object] = {}
        self._saved_imports: dict[str, object] = {}
        self._file: sqlite3.Connection | None = None
        self._parts = (
            _Part("next_id", lambda: portal.next_id, lambda: portal.next_id),
            _Part(
                "frame",
                lambda: (dict(portal.definitions), dict(portal.archived_definitions), dict(portal.groups)),
                lambda: dump_frame(portal),
            ),
            _Part("later", later.mark, later.dump),
            _Part("tokens", lambda: access.tokens, access.dump),
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
            raise StoreError(f"The sandbox cannot keep its state in {path}: {error}") from error

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
        if portal.contacts is not self._contacts:  # after a reset, say
            self._forget()
            everyone = chain(portal.contacts.values(), portal.archived.values())
            portal.journal = [(c, w) for c in everyone for w in (c.writes or (None,))]
        journal = portal.journal or []
        parts = {part.name: part.mark() for part in self._parts}
        imports = {each.id: import_state.mark(each) for each in self._imports.everything()}
        if not journal and (parts, imports) == (self._saved_parts, self._saved_imports):
            return
        with self._connection as file:
            if self._contacts is None:
                for statement in _EMPTY.split(";"):
                    file.execute(statement)
            self._save_contacts(journal)
            self._save_parts(parts)
            self._save_imports(imports)
        del journal[:]
        self._contacts, self._saved_parts, self._saved_imports = portal.contacts, parts, imports

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

    def _forget(self) -> None:
        """Let the next save write everything."""
        self._contacts, self._saved_parts, self._saved_imports = None, {}, {}

    def _save_contacts(self, journal: Journal) -> None:
        touched = {contact.id: contact for contact, _ in journal}
        here = [(each.id, orjson.dumps(dump_contact(each))) for each in touched.values()]
        changes = [(contact.id, orjson.dumps(list(write))) for contact, write in journal if write]
        self._connection.executemany("INSERT OR REPLACE INTO contact VALUES (?, ?)", here)
        self._connection.executemany("INSERT INTO change (contact, body) VALUES (?, ?)", changes)

    def _save_parts(self, marks: dict[str, object]) -> None:
        for part in self._parts:
            if self._saved_parts.get(part.name) != marks[part.name]:
                row = (part.name, orjson.dumps(part.dump()))
                self._connection.execute("INSERT OR REPLACE INTO part VALUES (?, ?)", row)

    def _save_imports(self, marks: dict[str, object]) -> None:
        for each in self._imports.everything():
            if self._saved_imports.get(each.id) == marks[each.id]:
                continue
            row = (each.id, orjson.dumps(import_state.dump(each)))
            self._connection.execute("INSERT OR REPLACE INTO import VALUES (?, ?)", row)
            if each.id not in self._saved_imports:
                self._connection.execute("INSERT INTO import_file VALUES (?, ?)", (each.id, each.content))
            if not each.content:
                self._connection.execute("DELETE FROM import_file WHERE id = ?", (each.id,))

    def _load(self) -> None:
        parts = {
            name: orjson.loads(body) for name, body in self._connection.execute("SELECT name, body FROM part")
        }
        restore(self._portal, parts["frame"], self._load_contacts(), parts["next_id"])
        self._access.load(parts["tokens"])
        self._later.load(parts["later"])
        for each in self._load_imports():
            self._imports.take(each)
        self._contacts = self._portal.contacts
        self._saved_parts = {part.name: part.mark() for part in self._parts}
        self._saved_imports = {each.id: import_state.mark(each) for each in self._imports.everything()}

    def _load_contacts(self) -> list[Contact]:
        """Read contacts with the changes that they remember, and delete older ones from the file."""
        changes: dict[int, deque[tuple[int, Any]]] = {}
        old: list[tuple[int]] = []
        for place, contact, body in self._connection.execute(
            "SELECT place, contact, body FROM change ORDER BY place"
        ):
            own = changes.setdefault(contact, deque())
            own.append((place, body))
            if len(own) > MAX_WRITES:
                old.append((own.popleft()[0],))
        with self._connection:
            self._connection.executemany("DELETE FROM change WHERE place = ?", old)
        rows = self._connection.execute("SELECT id, body FROM contact ORDER BY id")
        return [
            load_contact(orjson.loads(body), (orjson.loads(write) for _, write in changes.get(number, ())))
            for number, body in rows
        ]

    def _load_imports(self) -> Iterator[Import]:
        rows = self._connection.execute(
            "SELECT body, coalesce(content, x'') FROM import LEFT JOIN import_file USING (id) ORDER BY id"
        )
        return (import_state.load(orjson.loads(body), content) for body, content in rows)


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
