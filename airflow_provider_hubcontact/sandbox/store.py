# SPDX-License-Identifier: Apache-2.0
"""Keeps a portal in a SQLite file, so that it survives a restart.

A change is committed before its answer is sent. SQLite hands each commit to the operating system (write-ahead
log), so that nothing is lost when the process is killed. It does not wait for the disk, so that a power
failure may cost the last changes, but never the whole file.

The file holds tokens, so only its owner may read it.
"""

from __future__ import annotations

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
    dump_frame,
    dump_record,
    load_record,
    reason,
    restore,
)
from airflow_provider_hubcontact.sandbox.database import EMPTY, StoreError, opened
from airflow_provider_hubcontact.sandbox.imports import state as import_state
from airflow_provider_hubcontact.sandbox.imports.runs import Import, Imports

Journal = list[tuple[Record, Write | None]]


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
            _Part("labels", lambda: len(portal.associations.types), lambda: _dump_labels(portal)),
            _Part("lists", lambda: portal.lists.changes, lambda: _dump_lists(portal)),
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
            self._file = opened(self._path)

    def save(self) -> None:
        """Commit what changed since the last time. If that fails, the next call tries it again.

        :raises sqlite3.Error: if the file cannot be written.
        """
        portal = self._portal
        if portal.collections is not self._collections:  # after a reset, say
            self._begin_anew()
        marks, links, members = self._marks(), portal.associations.changed, portal.lists.changed
        if not (portal.journal or portal.erased or links or members) and marks == self._saved:
            return
        with self._connection as file:
            if self._collections is None:
                for statement in EMPTY:
                    file.execute(statement)
            self._save_records(portal.journal or [], portal.erased)
            self._save_associations(links or ())
            self._save_members(members or ())
            self._save_parts(marks.parts)
            self._save_imports(marks.imports)
        self._expect_changes()
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
        """Prepare for writing everything, into an empty file."""
        self._collections, self._saved = None, _Marks({}, {})
        every = chain.from_iterable(each.everything() for each in self._portal.collections.values())
        portal = self._portal
        portal.journal = [(record, write) for record in every for write in (record.writes or (None,))]
        portal.associations.changed = set(portal.associations.contacts())
        lists = portal.lists.everything().values()
        portal.lists.changed = {(each.id, member) for each in lists for member in each.members}

    def _expect_changes(self) -> None:
        """Begin to collect the changes after a save."""
        portal = self._portal
        portal.journal = []
        portal.erased.clear()
        portal.associations.changed, portal.lists.changed = set(), set()

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

    def _save_associations(self, contacts: Iterable[str]) -> None:
        links = {each: self._portal.associations.links(each) for each in contacts}
        here = [(contact, orjson.dumps(own)) for contact, own in links.items() if own]
        gone = [(contact,) for contact, own in links.items() if not own]
        self._connection.executemany("INSERT OR REPLACE INTO association VALUES (?, ?)", here)
        self._connection.executemany("DELETE FROM association WHERE contact = ?", gone)

    def _save_members(self, changed: Iterable[tuple[str, str]]) -> None:
        lists = self._portal.lists.everything()
        now = {(each, member): lists[each].members.get(member) for each, member in changed}
        here = [(*key, since) for key, since in now.items() if since is not None]
        gone = [key for key, since in now.items() if since is None]
        self._connection.executemany("INSERT OR REPLACE INTO member VALUES (?, ?, ?)", here)
        self._connection.executemany("DELETE FROM member WHERE list = ? AND record = ?", gone)

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
        associations = {"labels": parts["labels"], "links": list(self._load_links())}
        lists = self._load_lists(parts["lists"])
        frame = {**parts["frame"], "associations": associations, "lists": lists}
        restore(self._portal, frame, self._load_records(), parts["next_id"])
        self._clock.load(parts["clock"])
        self._access.load(parts["tokens"])
        self._later.load(parts["later"])
        for each in self._load_imports():
            self._imports.take(each)
        self._expect_changes()
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

    def _load_links(self) -> Iterator[Any]:
        for contact, body in self._connection.execute("SELECT contact, body FROM association"):
            for company, types in orjson.loads(body):
                yield contact, company, types

    def _load_lists(self, lists: list[Any]) -> list[Any]:
        members: dict[str, dict[str, int]] = {}
        for each, record, since in self._connection.execute("SELECT list, record, since FROM member"):
            members.setdefault(each, {})[record] = since
        return [{**each, "members": members.get(each["id"], {})} for each in lists]

    def _load_imports(self) -> Iterator[Import]:
        rows = self._connection.execute(
            "SELECT body, coalesce(content, x'') FROM import LEFT JOIN import_file USING (id) ORDER BY id"
        )
        return (import_state.load(orjson.loads(body), content) for body, content in rows)


def _dump_labels(portal: Portal) -> list[Any]:
    return portal.associations.dump_labels()


def _dump_lists(portal: Portal) -> list[Any]:
    """Return the lists without their members, which have a table of their own."""
    return [each.without_members() for each in portal.lists.everything().values()]


def _frame_mark(portal: Portal) -> object:
    """Return a value that changes whenever a property or a group changes."""
    return [
        (dict(each.definitions), dict(each.archived_definitions), dict(each.groups), set(each.blocked))
        for each in portal.collections.values()
    ]
