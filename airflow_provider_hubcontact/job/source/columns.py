# SPDX-License-Identifier: Apache-2.0
"""What would go unnoticed: names in settings that no row has, and rows that have nothing to send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.ports import Journal
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.words import nearest

MOST_NAMED = 20
"""Columns that a message names at most."""


class SourceColumns:
    """Looks at rows until every column that a setting names was there, and one that is sent.

    Rows may leave columns out. So a column that no row has is a warning, and an error if nothing but the key
    is sent, or if contacts would leave lists since no row names any. A row without its key is told anyway,
    unless a ledger chooses the rows by it.

    :param settings: what the run was asked to do.
    """

    def __init__(self, settings: Settings) -> None:
        key, timestamp = settings.key, settings.writes.timestamp
        self._settings = settings
        self._mapped = settings.columns
        of_lists = settings.lists.column if settings.lists else None
        others = filter(None, (timestamp, key.becomes, of_lists))
        self._missing = {*others, *(self._mapped or ())} - {key.column}
        if self._mapped is None:  # each property has a column of its name
            self._missing.update(name for _, name in settings.named if name != key.property)
        if settings.source.replay:
            self._missing.add(key.column)
        self._is_sent = False
        self._seen: dict[str, None] = {}

    def look(self, rows: Iterable[object]) -> None:
        """Look at rows that can be read again, no further than necessary."""
        for _ in self.watched(rows):
            if self._is_done:
                return

    def watched(self, rows: Iterable[object]) -> Iterator[object]:
        """Return the rows, and look at them as they pass."""
        for row in rows:
            if not self._is_done:
                self._take(row)
            yield row

    def take(self, names: Iterable[str]) -> None:
        """Take the names of a row's columns."""
        names = list(names)
        self._missing.difference_update(names)
        self._is_sent = self._is_sent or any(map(self._is_one_that_is_sent, names))
        if len(self._seen) < MOST_NAMED:
            self._seen.update(dict.fromkeys(names[:MOST_NAMED]))

    def problems(self) -> list[str]:
        """Return what keeps every row from being sent; nothing if no row could be read."""
        if not self._seen:
            return []
        key, seen = self._settings.key, ", ".join(self._seen)
        if key.column in self._missing:
            column = nearest(key.column, self._seen)
            return [f"no row has a column {column}, the key by which the ledger chooses; {_has(seen)}"]
        mirrored = (
            self._settings.lists.column if self._settings.lists and self._settings.lists.mirror else None
        )
        if mirrored in self._missing:
            column = nearest(str(mirrored), self._seen)
            return [f"no row has a column {column}, so all contacts would leave their lists; {_has(seen)}"]
        if self._is_sent:
            return []
        if self._mapped is not None:  # a mapping of the key alone misses nothing: it asks for just this
            return self._not_found()
        bare = f"; for contacts that have nothing else, say mapping={{{key.column!r}: {key.property!r}}}"
        told = f"no row has a column to send besides the key {key.column}; {_has(seen)}"
        return [told + bare if self._settings.upsert else told]

    def warnings(self) -> list[str]:
        """Return a sentence about columns that were not found, if that is not a problem."""
        return [] if self.problems() or not self._seen else self._not_found()

    @property
    def _is_done(self) -> bool:
        return self._is_sent and not self._missing

    def _is_one_that_is_sent(self, name: str) -> bool:
        key = self._settings.key
        if name == key.becomes:
            return True
        if self._mapped is not None:
            return self._mapped.get(name, key.property) != key.property
        return name not in self._settings.own_columns

    def _not_found(self) -> list[str]:
        if not self._missing:
            return []
        missing = ", ".join(nearest(column, self._seen) for column in sorted(self._missing))
        return [f"no row has a column {missing}; {_has(', '.join(self._seen))}"]

    def _take(self, row: object) -> None:
        try:
            names = [name for name in row if isinstance(name, str)] if isinstance(row, Mapping) else []
        except Exception:  # noqa: BLE001 - a row may be of any class; its own outcome says what is wrong
            return
        self.take(names)


class EmptyRows:
    """A journal that counts rows without values: their contact is looked at, or created bare.

    :param report: has the count.
    :param journal: that remembers the results; None for none.
    """

    def __init__(self, report: Report, journal: Journal | None) -> None:
        self._report = report
        self._journal = journal

    def earlier(self, record: Record, /) -> Result | None:
        """Count the row, and return the result that it had in an earlier try."""
        self._report.without_values += not record.properties
        return self._journal.earlier(record) if self._journal else None

    def settled(self, result: Result, /) -> None:
        """Hand a result on."""
        if self._journal:
            self._journal.settled(result)

    def flush(self) -> None:
        """Keep what was settled."""
        if self._journal:
            self._journal.flush()


def _has(seen: str) -> str:
    return f"the rows have {seen}"
