# SPDX-License-Identifier: Apache-2.0
"""Builds each kind of SQL statement once, to be executed with different values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Table, bindparam, insert

from airflow_provider_hubcontact.job.ports import Statement

T = TypeVar("T")

MOST = 1_024
"""The most values of one statement."""


class Statements:
    """Keeps the statements that were built."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, int], Any] = {}  # kind and size → statement

    def of_list(self, kind: str, values: Sequence[str], make: Callable[[Any], Any]) -> Iterator[Statement]:
        """Yield statements about some values, each with at most :data:`MOST` of them.

        The last value is repeated up to a power of two, so that few different statements are built.
        """
        for some in parts_of(values):
            size = 1 << (len(some) - 1).bit_length()
            statement = self.kept(kind, lambda size: make([bindparam(f"p_{n}") for n in range(size)]), size)
            filled = (*some, *[some[-1]] * (size - len(some)))
            yield Statement(statement, {f"p_{place}": value for place, value in enumerate(filled)})

    def insertion(
        self, kind: str, table: Table, rows: Sequence[Mapping[str, Any]], **same: Any
    ) -> Iterator[Statement]:
        """Yield statements that insert rows, so many with each that few different ones are built.

        :param table: gets the rows.
        :param rows: column → value; all have the same columns.
        :param same: column → the expression of its value in each row.
        """

        def row(place: int) -> dict[str, Any]:
            return {name: bindparam(f"p_{name}_{place}") for name in rows[0]} | same

        def make(size: int) -> Any:
            return insert(table).values([row(place) for place in range(size)])

        for some in _in_powers(rows):
            values = {f"p_{name}_{place}": each[name] for place, each in enumerate(some) for name in each}
            yield Statement(self.kept(kind, make, len(some)), values)

    def kept(self, kind: str, make: Callable[[int], Any], size: int = 0) -> Any:
        """Return the statement of a kind and size, which is built at its first use."""
        if (kind, size) not in self._made:
            self._made[kind, size] = make(size)
        return self._made[kind, size]


def parts_of(values: Sequence[T]) -> Iterator[list[T]]:
    """Yield values in parts of at most :data:`MOST`."""
    rest = iter(values)
    while some := list(islice(rest, MOST)):
        yield some


def _in_powers(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield values in parts whose sizes are powers of two."""
    place = 0
    while place < len(values):
        size = min(MOST, 1 << ((len(values) - place).bit_length() - 1))
        yield values[place : place + size]
        place += size
