# SPDX-License-Identifier: Apache-2.0
"""How far the source has been synced, so that the next run begins there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeGuard

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.ports import MarkStore
from airflow_provider_hubcontact.job.source.statements import one_statement
from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.decide.policy import Action, Policy
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Tally
from airflow_provider_hubcontact.sync.rows.values import MAX_BITS, UnreadableValue, plain, type_of

log = printable_logger(__name__)

FINAL = {Action.SUCCEED, Action.SKIP}


class Watermark:
    """Lets through what is not older than the mark, and moves the mark over what has ended well.

    The mark itself is let through again: a row with the same value may have come later. Rows without a value
    are always let through, as are those with an infinite one, or one that its source could not read.

    :param column: of the source, which grows with every change of a row.
    :param store: where the mark is kept.
    :param policy: says which outcomes are an end: those that succeed or are skipped. Any other holds the
        mark, so that its row is read again.
    """

    def __init__(self, column: str, store: MarkStore, policy: Policy) -> None:
        self.column = column
        self._store = store
        self._policy = policy
        self.since = _value(store.get())
        self._passed = 0  # rows from the first on that an earlier try has ended
        self._passed_well = True
        self._under_way: dict[int, Any] = {}
        self._read: Any = None  # the largest value that was read
        self._held: Any = None  # the smallest value that has not ended well
        self._is_sorted = False  # in the order of the column, as the query asks for
        self._is_whole = False

    def marked(self, source: Iterable[object]) -> Iterable[object]:
        """Return the rows that are not older than the mark; they can be read as often as the source."""
        return _Marked(self._rows, source)

    def _rows(self, source: Iterable[object]) -> Iterator[object]:
        self._under_way.clear()
        self._read, self._is_whole = None, False
        number = 0
        is_there = None  # no row yet
        for row in source:
            value = self._of(row)
            is_there = is_there or self._is_in(row)
            if value is not None and self.since is not None and value < self.since:
                continue
            number += 1
            if value is not None:
                self._take(number, value)
            yield row
        if is_there is False:
            raise SourceError(f"watermark: no row has a column {self.column}")
        self._is_whole = True

    def _take(self, number: int, value: Any) -> None:
        """Note the value of a row that goes through."""
        self._is_sorted = self._is_sorted and (self._read is None or value >= self._read)
        self._read = value if self._read is None else max(self._read, value)
        if number > self._passed:
            self._under_way[number] = value
        elif not self._passed_well:
            self._hold(value)

    def go_on(self, rows: int, tally: Tally) -> None:
        """Pass over the first rows, which an earlier try has ended.

        :param rows: how many.
        :param tally: how. If any did not end well, all of them hold the mark: which one it was is not known.
        """
        self._passed = rows
        self._passed_well = all(self._is_well(*ended) for ended in tally)

    def since_query(self, sql: str, parameters: Any, marker: str) -> tuple[str, Any]:
        """Wrap a query so that it gives rows from the mark on, in the order of their values.

        With named parameters it stays as it is, and older rows are left out as they are read.

        :param parameters: the query's.
        :param marker: what the driver writes for a parameter.
        :return: query and parameters.
        """
        if isinstance(parameters, Mapping):
            return sql, parameters
        self._is_sorted = True
        where = "" if self.since is None else f" WHERE {self.column} >= {marker} OR {self.column} IS NULL"
        if (
            where and not parameters and marker == "%s"
        ):  # the driver looks for markers only where it has values
            sql = sql.replace("%", "%%")
        inner = f"SELECT * FROM (\n{one_statement(sql)}\n) hubcontact_rows"  # noqa: S608 - the DAG's author's
        own = () if self.since is None else (self.since,)
        return f"{inner}{where} ORDER BY {self.column}", (*(parameters or ()), *own) or None

    def settled(self, result: Result) -> None:
        """Note how a row has ended."""
        value = self._under_way.pop(result.row, None)
        if value is not None and not self._is_well(result.outcome, result.status):
            self._hold(value)

    def move(self) -> None:
        """Keep the new mark, if all rows before it are known to have ended well."""
        for value in self._under_way.values():  # read, and not accounted for: the run broke off
            self._hold(value)
        if self._read is None or not (self._is_whole or self._is_sorted):
            return
        mark = self._read if self._held is None else self._held
        if self.since is None or mark > self.since:
            self._store.set(_kept(mark))
            # The mark is a value of a record.
            log.info("The watermark has moved: the next run begins at a later %s.", self.column)

    def _is_well(self, outcome: Outcome, status: int | None) -> bool:
        return self._policy.action(outcome, status) in FINAL

    def _hold(self, value: Any) -> None:
        self._held = value if self._held is None else min(self._held, value)

    def _is_in(self, row: object) -> TypeGuard[Mapping[str, Any]]:
        """Check whether a row has the column; a row that cannot be read has an outcome of its own."""
        try:
            return isinstance(row, Mapping) and self.column in row
        except Exception:  # noqa: BLE001 - a row may be of any class
            return False

    def _of(self, row: object) -> Any:
        try:
            value = plain(row[self.column]) if self._is_in(row) else None
        except Exception:  # noqa: BLE001 - as above
            value = None
        if value is None or _has_no_place(value):
            return None
        if type(value).__name__ not in _KINDS:
            raise SourceError(
                f"watermark: a {type_of(value)} in {self.column} cannot be stored; "
                f"it must be one of {', '.join(_KINDS)}"
            )
        known = self.since if self.since is not None else self._read
        if known is not None and _kind(value) != _kind(known):
            raise SourceError(
                f"watermark: {self.column} was a {_kind(known)} before, and is a {_kind(value)} now"
            )
        return value


def _has_no_place(value: object) -> bool:
    """Check for what is not a value to begin at, so that its row is let through every time.

    A mark at infinity would leave out every later row.
    """
    if isinstance(value, int):
        return value.bit_length() > MAX_BITS
    is_infinite = isinstance(value, Decimal) and not value.is_finite()
    return is_infinite or isinstance(value, UnreadableValue)


class _Marked:
    def __init__(
        self, rows: Callable[[Iterable[object]], Iterator[object]], source: Iterable[object]
    ) -> None:
        self._rows, self._source = rows, source

    def __iter__(self) -> Iterator[object]:
        return self._rows(self._source)


_KINDS: Mapping[str, Any] = {
    "int": int,
    "str": str,
    "Decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}
"""Type of a mark → how it is read again."""


def _kind(value: Any) -> str:
    """Name what can be compared with each other."""
    name = type(value).__name__
    return f"{name} without a zone" if isinstance(value, datetime) and value.tzinfo is None else name


def _kept(value: Any) -> dict[str, str]:
    text = value.isoformat() if isinstance(value, date) else str(value)
    return {"type": type(value).__name__, "value": text}


def _value(kept: dict[str, str] | None) -> Any:
    """Read a mark.

    :raises SourceError: if it is not one.
    """
    if kept is None:
        return None
    try:
        value = _KINDS[kept["type"]](kept["value"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        value = None
    if value is None or _has_no_place(value):
        raise SourceError(
            "watermark: the stored watermark cannot be read: delete it (the asset's state, or the Variable "
            "hubcontact_watermark.…), and the next run reads every row"
        )
    return value
