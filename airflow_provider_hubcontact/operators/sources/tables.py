# SPDX-License-Identifier: Apache-2.0
"""Tables in memory, read as rows: DataFrames of pandas and polars, tables of Arrow.

None of their libraries is imported: a table is known by its methods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["Table", "table_of"]


SLICE = 1_000
"""Rows that become mappings together: the others take no further memory."""


class Table:
    """The rows of a table, as mappings of its columns to values; they can be read as often as needed.

    :param columns: their names.
    :param size: number of rows.
    :param rows: begins to read.
    """

    def __init__(
        self, columns: list[Any], size: int, rows: Callable[[], Iterator[Mapping[str, Any]]]
    ) -> None:
        self.columns = columns
        self._size = size
        self._rows = rows

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return self._rows()


def table_of(value: Any) -> Table | None:
    """Return the rows of a table, or None if the value is not one that is known."""
    if _has(value, "iter_rows", "columns"):  # polars
        return Table(list(value.columns), len(value), lambda: iter(value.iter_rows(named=True)))
    if _has(value, "to_dict", "iloc", "columns"):  # pandas
        return Table(list(value.columns), len(value), lambda: _pandas(value))
    if _has(value, "to_pylist", "slice", "schema"):  # Arrow: a Table or a RecordBatch
        return Table(list(value.schema.names), value.num_rows, lambda: _arrow(value))
    return None


def _has(value: object, *names: str) -> bool:
    """Check whether the value's class has attributes; a DataFrame's own may be its columns."""
    return all(hasattr(type(value), name) for name in names)


def _pandas(frame: Any) -> Iterator[Mapping[str, Any]]:
    for start in range(0, len(frame), SLICE):
        yield from frame.iloc[start : start + SLICE].to_dict("records")


def _arrow(table: Any) -> Iterator[Mapping[str, Any]]:
    for start in range(0, table.num_rows, SLICE):
        yield from table.slice(start, SLICE).to_pylist()
