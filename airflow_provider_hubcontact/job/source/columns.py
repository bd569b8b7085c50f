"""The columns that settings name, looked for in the rows: a name that matches nothing would go unnoticed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from airflow_provider_hubcontact.job.settings import Settings

MOST_NAMED = 20
"""Columns that a message names at most."""


class SourceColumns:
    """Looks at rows until every column that a setting names was there; a row without its key is told anyway.

    Rows may leave columns out. So one that no row has is a warning, and an error if nothing else is sent.

    :param settings: what the run was asked to do.
    """

    def __init__(self, settings: Settings) -> None:
        key, named = settings.key, {*filter(None, (settings.writes.timestamp, settings.key.becomes))}
        self._sent = frozenset(settings.columns or ()) - {key.column}
        self._missing = {*self._sent, *named} - {key.column}
        self._seen: dict[str, None] = {}

    def look(self, rows: Iterable[object]) -> None:
        """Look at rows that can be read again, no further than it takes."""
        for _ in self.watched(rows):
            if not self._missing:
                return

    def watched(self, rows: Iterable[object]) -> Iterator[object]:
        """Return the rows, and look at them as they pass."""
        for row in rows:
            if self._missing:
                self._take(row)
            yield row

    def problems(self) -> list[str]:
        """Return a sentence if nothing would be sent; a source of which no row can be read has no problem."""
        return self._sentences() if self._sent and self._missing >= self._sent else []

    def warnings(self) -> list[str]:
        """Return a sentence about columns that were not found, if that is not a problem."""
        return [] if self.problems() else self._sentences()

    def _sentences(self) -> list[str]:
        if not self._missing or not self._seen:
            return []
        named, seen = ", ".join(sorted(self._missing)), ", ".join(self._seen)
        return [f"no row has a column {named}; the rows have {seen}"]

    def _take(self, row: object) -> None:
        try:
            names = [name for name in row if isinstance(name, str)] if isinstance(row, Mapping) else []
        except Exception:  # noqa: BLE001 - a row may be of any class; its own outcome says what is wrong
            return
        self._missing.difference_update(names)
        if len(self._seen) < MOST_NAMED:
            self._seen.update(dict.fromkeys(names[:MOST_NAMED]))
