# SPDX-License-Identifier: Apache-2.0
"""The imports of a portal: which run, which wait, and how far each one is.

An import goes on with every call to the sandbox; nothing runs in the background.

HubSpot docs: "Imports" guide (states, limits).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice

from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.errors.imports import (
    ImportNotActive,
    ImportNotFound,
    ImportTooLarge,
)
from airflow_provider_hubcontact.sandbox.imports.file import Row, UnreadableFile, rows
from airflow_provider_hubcontact.sandbox.imports.request import ImportRequest
from airflow_provider_hubcontact.sandbox.imports.rows import RowError, write

AT_ONCE = 3
"""The most imports that run at the same time; further ones are deferred (D)."""

MAX_ROWS_AT_ONCE = 10_000
"""Rows that are written at once, before another call is answered."""

FIRST_ID = 55_000_001
ACTIVE = ("STARTED", "PROCESSING", "DEFERRED")


@dataclass(frozen=True, slots=True)
class ImportPace:
    """How long imports take, and how large they may be.

    :param delay: seconds before the first row is written.
    :param rows_a_second: rows that are written in a second.
    :param max_rows: the most rows of a file (D).
    :param max_bytes: the most bytes of a file (D).
    """

    delay: float = 0.5
    rows_a_second: float = 5_000
    max_rows: int = 1_048_576
    max_bytes: int = 512 * 1024 * 1024


@dataclass(slots=True)
class Import:
    """One import.

    :param app_id: the app that started it; no other app sees it.
    :param created_at: milliseconds since 1970.
    :param begins_at: when its first row is due, in milliseconds since 1970.
    :param content: the content of the file, until it is not needed any more.
    :param handled: number of rows that were written or refused.
    :param seen: the ids in these rows.
    """

    id: str
    app_id: int
    request: ImportRequest
    rows: Iterator[Row]
    content: bytes
    total: int
    created_at: int
    updated_at: int
    begins_at: float
    state: str = "STARTED"
    handled: int = 0
    counters: Counter[str] = field(default_factory=Counter)
    errors: list[RowError] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)


class Imports:
    """All imports of a portal.

    :param portal: the portal whose contacts they write.
    :param pace: how long imports take.
    """

    def __init__(self, portal: Portal, pace: ImportPace | None = None) -> None:
        self._portal = portal
        self._pace = pace or ImportPace()
        self.reset()

    def reset(self) -> None:
        """Remove all imports; the contacts that they wrote stay."""
        self._imports: dict[str, Import] = {}
        self._active: list[Import] = []

    def start(self, app_id: int, request: ImportRequest, content: bytes) -> Import:
        """Begin an import, or let it wait for its turn.

        :param content: the content of the file.
        :raises ImportTooLarge: if the file has too many bytes or rows.
        """
        if len(content) > self._pace.max_bytes:
            raise ImportTooLarge(f"{self._pace.max_bytes:,} bytes")
        total = _count(content, has_header=request.has_header)
        if total > self._pace.max_rows:
            raise ImportTooLarge(f"{self._pace.max_rows:,} rows")
        now = self._portal.now()
        new = Import(
            str(FIRST_ID + len(self._imports)),
            app_id,
            request,
            rows(content, has_header=request.has_header),
            content,
            total,
            created_at=now,
            updated_at=now,
            begins_at=now + self._pace.delay * 1000,
            state="STARTED" if self._free() else "DEFERRED",
        )
        self._imports[new.id] = new
        self._active.append(new)
        return new

    def get(self, import_id: str, app_id: int) -> Import:
        """Find an import.

        :raises ImportNotFound: if it does not exist, or another app started it (D).
        """
        found = self._imports.get(import_id)
        if found is None or found.app_id != app_id:
            raise ImportNotFound(import_id)
        return found

    def list(self, app_id: int) -> list[Import]:
        """Return the imports of an app, the latest first (U)."""
        return [each for each in reversed(self._imports.values()) if each.app_id == app_id]

    def everything(self) -> Collection[Import]:
        """Return the imports of all apps, the oldest first."""
        return self._imports.values()

    def take(self, kept: Import) -> None:
        """Add an import from before a restart, which goes on where it was."""
        kept.rows = islice(rows(kept.content, has_header=kept.request.has_header), kept.handled, None)
        self._imports[kept.id] = kept
        if kept.state in ACTIVE:
            self._active.append(kept)

    def cancel(self, wanted: Import) -> None:
        """Stop an import. The contacts that it wrote stay.

        :raises ImportNotActive: if it has ended.
        """
        if wanted.state not in ACTIVE:
            raise ImportNotActive(wanted.id, wanted.state)
        self._end(wanted, "CANCELED")

    def advance(self) -> None:
        """Carry out all imports as far as they should be by now."""
        for each in list(self._active):
            if each.state == "DEFERRED" and self._free():
                self._move(each, "STARTED")
                each.begins_at = self._portal.now() + self._pace.delay * 1000
            if each.state == "STARTED" and self._portal.now() >= each.begins_at:
                self._move(each, "PROCESSING")
            if each.state == "PROCESSING":
                self._process(each)

    def _free(self) -> int:
        return AT_ONCE - sum(each.state != "DEFERRED" for each in self._active)

    def _process(self, running: Import) -> None:
        """Write the rows that are due."""
        due = (self._portal.now() - running.begins_at) / 1000 * self._pace.rows_a_second
        most = running.handled + MAX_ROWS_AT_ONCE
        try:
            while running.handled < min(due, most):
                row = next(running.rows, None)
                if row is None:
                    self._end(running, "DONE")
                    return
                self._write(running, row)
        except UnreadableFile as error:
            running.errors.append(RowError("COULD_NOT_PARSE_ROW", str(error), error.line, []))
            self._end(running, "FAILED")

    def _write(self, running: Import, row: Row) -> None:
        running.handled += 1
        self._portal.writer = running.id
        outcome = write(self._portal.collection(CONTACTS), running.request, row, running.seen)
        if isinstance(outcome, RowError):
            running.errors.append(outcome)
            return
        running.errors += outcome.errors
        running.counters["PROPERTY_VALUES_EMITTED"] += outcome.emitted
        running.counters["CREATED_OBJECTS" if outcome.draft.new else "UPDATED_OBJECTS"] += 1
        running.counters["UNIQUE_OBJECTS_WRITTEN"] += 1

    def _move(self, each: Import, state: str) -> None:
        each.state = state
        each.updated_at = self._portal.now()

    def _end(self, each: Import, state: str) -> None:
        self._move(each, state)
        each.content = b""
        self._active.remove(each)


def _count(content: bytes, *, has_header: bool) -> int:
    """Count the rows up to the first one that cannot be read."""
    total = 0
    try:
        for _ in rows(content, has_header=has_header):
            total += 1
    except UnreadableFile:
        pass  # processing it will fail there
    return total
