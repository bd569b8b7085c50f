# SPDX-License-Identifier: Apache-2.0
"""The rows that are held back, and those that they wait for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.model.ports import Proof
from airflow_provider_hubcontact.sync.model.record import Record


class Compared(NamedTuple):
    """A record, and what is proved of it."""

    record: Record
    proof: Proof

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which the row may have to do with another one: its keys, and its contact's id."""
        proof = self.proof
        return tuple(dict.fromkeys(filter(None, (proof.key, proof.id, *proof.gives))))

    @property
    def contact(self) -> str | None:
        """By what the contact is known: its id, or its key if nobody had that; None if it is not known."""
        proof = self.proof
        return proof.key if proof.origin is Outcome.NOT_FOUND and proof.id is None else proof.id


class HeldRows:
    """Rows that are held back, in their order; each knows its rows before it that have a name in common."""

    def __init__(self) -> None:
        self._rows: OrderedDict[int, Compared] = OrderedDict()  # its first row is found at once
        self._named: dict[str, list[int]] = {}  # name → its rows

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, row: object) -> bool:
        return row in self._rows

    def __getitem__(self, row: int) -> Compared:
        return self._rows[row]

    def __iter__(self) -> Iterator[Compared]:
        return iter(self._rows.values())

    @property
    def first(self) -> Compared:
        """The first row."""
        return next(iter(self._rows.values()))

    def add(self, each: Compared) -> None:
        """Hold a row back, after all that are held back now."""
        self._rows[each.record.row] = each
        for name in each.names:
            self._named.setdefault(name, []).append(each.record.row)

    def have_any(self, names: Iterable[str]) -> bool:
        """Check whether a row has one of some names."""
        return not self._named.keys().isdisjoint(names)

    def after(self, row: int, name: str) -> list[int]:
        """Return the rows of a name that come after a row."""
        return [later for later in self._named.get(name, ()) if later > row]

    def is_first(self, row: int) -> bool:
        """Check whether no row before it has one of its names."""
        return all(self._named[name][0] == row for name in self._rows[row].names)

    def remove(self, row: int) -> list[int]:
        """Remove a row.

        :param row: its number.
        :return: the rows that come first of its names now.
        """
        names = self._rows.pop(row).names
        for name in names:
            rows = self._named[name]
            rows.remove(row)
            if not rows:
                del self._named[name]
        return [self._named[name][0] for name in names if name in self._named]

    def clear(self) -> None:
        """Remove all rows."""
        self._rows.clear()
        self._named.clear()


class Unidentified:
    """Rows that are under way, and whose contacts are not known yet."""

    def __init__(self) -> None:
        self._rows: set[int] = set()
        self._in_order: list[int] = []  # the same, as a heap that also has rows which are known by now
        self._new: list[int] = []  # those among them whose keys have no proof

    def add(self, row: int, *, is_new: bool) -> None:
        """Add a row.

        :param row: its number.
        :param is_new: whether its key has no proof.
        """
        self._rows.add(row)
        heappush(self._in_order, row)
        if is_new:
            heappush(self._new, row)

    def discard(self, rows: Iterable[int]) -> None:
        """Remove rows, if they are there."""
        self._rows.difference_update(rows)

    def any_before(self, row: int) -> bool:
        """Check whether there is a row before another one."""
        return self._has_before(row, self._in_order)

    def any_new_before(self, row: int) -> bool:
        """Check whether there is a row whose key has no proof before another one."""
        return self._has_before(row, self._new)

    def _has_before(self, row: int, heap: list[int]) -> bool:
        while heap and heap[0] not in self._rows:
            heappop(heap)
        return bool(heap) and heap[0] <= row
