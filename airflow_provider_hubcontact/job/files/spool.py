# SPDX-License-Identifier: Apache-2.0
"""Rows of a query, on disk."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.sync.rows.values import UnreadableValue


class Spool:
    """Rows of a query, on disk.

    A quota can stretch a run over hours; no cursor should stay open for so long. Rows are pickled, which
    keeps their types, to an unnamed file of this process.

    :param file: an empty file.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.columns: tuple[str, ...] = ()
        self.examples: dict[str, Any] = {}
        self._file = file
        self._rows = 0

    def fill(self, columns: Sequence[str], chunks: Iterable[Sequence[Any]]) -> None:
        """Write all rows.

        :param columns: their names.
        :param chunks: the rows, some at a time: sequences of values, or mappings of columns to values.
        :raises SourceError: if two columns share a name, or a value cannot be kept.
        """
        twice = {name for name in columns if columns.count(name) > 1}
        if twice:
            raise SourceError(f"the query returns two columns called {', '.join(sorted(twice))}")
        self.columns = tuple(columns)
        for chunk in chunks:
            rows = [self._values(row) for row in chunk]
            try:
                kept = pickle.dumps(rows, protocol=pickle.HIGHEST_PROTOCOL)
            except Exception as error:  # a type's own code may raise anything
                raise SourceError(self._unkept(rows)) from error
            self._file.write(kept)
            self._rows += len(rows)
            self._remember(rows)

    def rename(self, names: Mapping[str, str]) -> None:
        """Give columns other names.

        :param names: column → new name.
        """
        self.columns = tuple(names.get(column, column) for column in self.columns)
        self.examples = {names.get(column, column): value for column, value in self.examples.items()}

    def _values(self, row: Any) -> tuple[Any, ...]:
        values = (row[name] for name in self.columns) if isinstance(row, Mapping) else row
        return tuple(map(_plain, values))

    def _unkept(self, rows: Sequence[Sequence[Any]]) -> str:
        """Name the first value that cannot be pickled."""
        for number, row in enumerate(rows, self._rows + 1):
            for name, value in zip(self.columns, row, strict=True):
                try:
                    pickle.dumps(value)
                except Exception:  # noqa: BLE001 - same
                    kind = type(value).__name__
                    return f"row {number:,} of the query: a {kind} in {name} cannot be stored: cast it in SQL"
        return "the query returns values that cannot be stored: cast them in SQL"

    def _remember(self, rows: Sequence[Sequence[Any]]) -> None:
        """Keep the first value of each column that is one: it tells the column's type."""
        without = [place for place, name in enumerate(self.columns) if name not in self.examples]
        for place in without:
            values = (row[place] for row in rows)
            found = next((v for v in values if v is not None and not isinstance(v, UnreadableValue)), None)
            if found is not None:
                self.examples[self.columns[place]] = found

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._file.seek(0)
        left = self._rows
        while left:
            rows = pickle.load(self._file)  # noqa: S301 - this process wrote the file, which has no name
            left -= len(rows)
            for row in rows:
                yield dict(zip(self.columns, row, strict=True))


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
