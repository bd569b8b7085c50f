# SPDX-License-Identifier: Apache-2.0
"""Matches columns to the names in settings and portal whose upper and lower case differs.

Snowflake and Oracle return column names in upper case, whatever a query says. HubSpot's property names are in
lower case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Sized
from itertools import islice
from typing import Any

from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.printable import printable, printable_logger

log = printable_logger(__name__)

FIRST_ROWS = 100
"""The first row with columns is looked for among this many rows of a list."""


MOST_KINDS = 1_000
"""Sets of columns that are remembered. The rows of one source have few different ones."""


Renames = Mapping[str, str]
"""Column → the name by which it is read."""


class LetterCase:
    """Renames columns to the names that settings or properties have, where only the letter case differs.

    A column is renamed only if no column has exactly this name, and no second one differs from it in letter
    case only.

    :param settings: what the run was asked to do; they are valid.
    :param properties: names of the portal's properties; None if they are not known. Those that the run
        creates are added.
    :ivar read_as: column → the name by which it is read, of the first row.
    :ivar problems: a sentence for each name that fits several columns of the first row.
    """

    def __init__(self, settings: Settings, properties: Collection[str] | None) -> None:
        key, created = settings.key, settings.writes.create_properties
        of_lists = settings.lists.column if settings.lists else None
        others = (key.becomes, settings.writes.timestamp, settings.source.watermark, of_lists)
        self.read_as: Renames = {}
        self.problems: list[str] = []
        self._named = dict.fromkeys((key.column, *(settings.mapping or ()), *filter(None, others)))
        self._sends_all = settings.mapping is None
        self._creates_all = created is True and properties is not None
        self._exact = {*(properties or ()), *(created if isinstance(created, Mapping) else ())}
        self._properties = {} if properties is None else {name.lower(): name for name in self._exact}
        self._known: dict[tuple[str, ...], Renames] = {}

    @property
    def told(self) -> str | None:
        """A sentence about the columns that were renamed; None if there are none."""
        if not self.read_as:
            return None
        pairs = ", ".join(f"{column} as {name}" for column, name in self.read_as.items())
        return f"columns are read under names in another letter case: {pairs}"

    def fitted(self, rows: Iterable[object]) -> Iterable[object]:
        """Return rows with renamed columns; the same object if its first row needs no renaming.

        The rows of an iterator are renamed as they are read.
        """
        if isinstance(rows, Spool):
            rows.rename(self._learn(rows.columns))
            return rows
        if iter(rows) is rows:
            return self._passing(iter(rows))
        first = next(filter(None, map(_columns, islice(rows, FIRST_ROWS))), None)
        if first is None or not self._learn(first):
            return rows
        return _SizedRows(rows, self) if isinstance(rows, Sized) else _Rows(rows, self)

    def renamed(self, row: object) -> object:
        """Return a row with renamed columns; unchanged if it needs no renaming, or cannot be read."""
        columns = _columns(row)
        if columns is None or not isinstance(row, Mapping):
            return row
        renames = self._known.get(columns)
        if renames is None:
            renames = self._renames(columns, [])
            if len(self._known) < MOST_KINDS:
                self._known[columns] = renames
        if not renames:
            return row
        try:
            return {renames.get(column, column): row[column] for column in columns}
        except Exception:  # noqa: BLE001 - a row may be of any class; its own outcome says what is wrong
            return row

    def _passing(self, rows: Iterator[object]) -> Iterator[object]:
        for row in rows:
            if (columns := _columns(row)) is None:
                yield row
            elif self._learn(columns):
                yield self.renamed(row)
                yield from map(self.renamed, rows)
            else:
                yield row
                yield from rows

    def _learn(self, columns: Sequence[str]) -> Renames:
        """Note how the columns of the first row are renamed."""
        self.read_as = self._renames(columns, self.problems)
        if self.told:
            log.info("%s.", printable(self.told))
        return self.read_as

    def _renames(self, columns: Sequence[str], problems: list[str]) -> dict[str, str]:
        present, alike = {*columns}, dict[str, list[str]]()
        for column in columns:
            if column not in self._named:
                alike.setdefault(column.lower(), []).append(column)
        renames: dict[str, str] = {}
        for name in self._named:
            found = alike.get(name.lower(), []) if name not in present else []
            if len(found) == 1 and found[0] not in renames:
                renames[found[0]] = name
            elif found:
                several = f"the columns {' and '.join(found)}" if len(found) > 1 else f"the column {found[0]}"
                too = "" if len(found) > 1 else f", and so does {renames[found[0]]}"
                fits = f"{name} fits {several} if upper and lower case are ignored{too}"
                problems.append(f"{fits}: write it as the source does")
        return renames | self._of_properties(alike, present, renames)

    def _of_properties(
        self, alike: Mapping[str, Sequence[str]], present: Collection[str], taken: Renames
    ) -> dict[str, str]:
        """Return the new names of columns that are sent under their own names: those of properties."""
        renames: dict[str, str] = {}
        for lower, found in alike.items() if self._sends_all else ():
            # A property that is created gets a name in lower case: HubSpot takes no other.
            name = self._properties.get(lower, lower if self._creates_all else None)
            if name is None or len(found) > 1 or found[0] in taken or found[0] in self._exact:
                continue
            if name not in present and name not in taken.values():
                renames[found[0]] = name
        return renames


class _Rows:
    """Rows with renamed columns, which can be read again.

    :param rows: of the source.
    :param names: renames their columns.
    """

    def __init__(self, rows: Iterable[object], names: LetterCase) -> None:
        self._rows: Any = rows
        self._names = names

    def __iter__(self) -> Iterator[object]:
        return map(self._names.renamed, self._rows)


class _SizedRows(_Rows):
    def __len__(self) -> int:
        return len(self._rows)


def _columns(row: object) -> tuple[str, ...] | None:
    """Return the names of a row's columns; None if they cannot be read."""
    try:
        columns = tuple(row) if isinstance(row, Mapping) else ()
    except Exception:  # noqa: BLE001 - a row may be of any class; its own outcome says what is wrong
        return None
    return columns if columns and all(type(column) is str for column in columns) else None
