# SPDX-License-Identifier: Apache-2.0
"""A ledger in a SQL table, over the connection that Airflow's own hook opens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.errors import HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.sources.database_errors import may_pass, told
from airflow_provider_hubcontact.operators.sources.drivers import Driver, driver_of
from airflow_provider_hubcontact.operators.sources.queries import connect, connected, failure, query
from airflow_provider_hubcontact.sync.keep.ledger import FIELDS, Attempt, Line

if TYPE_CHECKING:
    from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow_provider_hubcontact.job.errors import LedgerError

LOOKS, PAUSE = 10, 0.1
"""How often, and with how many seconds between, a table is looked for that another task may have created."""


class LedgerTable:
    """A SQL table, one row a line; it is created if it does not exist.

    A table of an earlier version lacks columns, such as that of record ids: lines are written without them.

    :param hook: the database.
    :param table: name, with its schema if need be.
    :param attempt: the try.
    :param clock: waits while another task creates the table.
    :raises SourceError: if the table cannot be used, or not be created.
    :raises HubSpotSyncIncomplete: if the database cannot be reached now.
    """

    pace = 1.0

    def __init__(self, hook: DbApiHook, table: str, attempt: Attempt, clock: Clock = SYSTEM_CLOCK) -> None:
        self._hook = hook
        self._table = table
        self._attempt = attempt
        self._kept: Any = None  # the connection, between two writes
        self._fields = _make_sure_of(hook, table, clock)

    def write(self, lines: Sequence[Line], /) -> None:
        """Insert lines, all or none of them.

        A server may have closed the connection since the last time, so there is a second try over a new one.

        :raises LedgerError: if the database does not take them.
        """
        was_kept = self._kept is not None
        try:
            self._insert(lines)
        except Exception as error:  # noqa: BLE001 - every driver has its own
            self.close()
            if not (was_kept and may_pass(error)):
                raise self._unusable(error) from None
            try:
                if not self._has(lines):  # or only the database's word on it was lost
                    self._insert(lines)
            except Exception as second:  # noqa: BLE001 - same
                self.close()
                raise self._unusable(second) from None

    def _unusable(self, error: Exception) -> LedgerError:
        # The database's own words may quote lines, and so the values of records.
        words = str(error) if isinstance(error, SourceError | HubSpotSyncIncomplete) else told(error)
        return LedgerError(f"the table {self._table} accepts no lines of the ledger: {words}")

    def _insert(self, lines: Sequence[Line]) -> None:
        rows = [tuple(_cell(line[name]) for name in self._fields) for line in lines]
        marks = f"({', '.join([self._hook.placeholder] * len(self._fields))})"
        with self._cursor() as (cursor, driver):
            insert = f"INSERT INTO {driver.quoted(self._table)} ({_columns(self._fields)}) VALUES "  # noqa: S608 - a checked name
            if not driver.rows_in_insert:
                cursor.executemany(insert + marks, rows)
                return
            for first in range(0, len(rows), driver.rows_in_insert):
                some = rows[first : first + driver.rows_in_insert]
                cursor.execute(insert + ", ".join([marks] * len(some)), tuple(chain.from_iterable(some)))

    def _has(self, lines: Sequence[Line]) -> bool:
        """Check whether lines are there: all are, if the last one is."""
        where = " AND ".join(f"{_column(name)} = {self._hook.placeholder}" for name in _OF_A_LINE)
        with self._cursor() as (cursor, driver):
            sql = f"SELECT run FROM {driver.quoted(self._table)} WHERE {where}"  # noqa: S608 - same
            cursor.execute(sql, tuple(_cell(lines[-1][name]) for name in _OF_A_LINE))
            return bool(cursor.fetchall())

    @contextmanager
    def _cursor(self) -> Iterator[tuple[Any, Driver]]:
        """Open a transaction over the connection that was kept, or a new one."""
        if self._kept is None:
            self._kept = connect(self._hook)
        connection, driver = self._kept, driver_of(self._kept)
        cursor = connection.cursor()
        try:
            if driver.begins:
                cursor.execute("BEGIN TRANSACTION")
            yield cursor, driver
            if driver.begins:
                cursor.execute("COMMIT")
            else:
                connection.commit()
        finally:
            with suppress(Exception):  # of a connection that is gone
                cursor.close()
        if driver.locks:
            self.close()

    def close(self) -> None:
        """Close the connection."""
        connection, self._kept = self._kept, None
        if connection is not None:
            with suppress(Exception):  # it may be gone already
                connection.close()

    def earlier(self) -> Iterator[Line]:
        """Return the lines of the earlier tries, and of this one before it waited, try by try."""
        marker, attempt = self._hook.placeholder, self._attempt
        clause = (
            f" WHERE run = {marker} AND task = {marker} AND map_index = {marker} AND attempt <= {marker} "
            "ORDER BY attempt, line, settled_at"
        )
        where = (attempt.run, attempt.task, attempt.map_index, attempt.last_known)
        return _selected(self._hook, self._table, self._fields, clause, where)


def lines_of_table(hook: DbApiHook, table: str, run: str | None = None) -> Iterator[Line]:
    """Return the lines of a table, as they were written.

    :param run: whose lines alone are returned; None for all.
    :raises SourceError: if it cannot be read.
    :raises HubSpotSyncIncomplete: if its database cannot be reached now.
    """
    order = " ORDER BY settled_at, attempt, line"
    fields = _fields_of(hook, table)
    if run is None:
        return _selected(hook, table, fields, order)
    return _selected(hook, table, fields, f" WHERE run = {hook.placeholder}{order}", (run,))


def _selected(
    hook: DbApiHook, table: str, fields: Sequence[str], clause: str, parameters: Any = None
) -> Iterator[Line]:
    def sql(driver: Driver) -> str:
        return f"SELECT {_columns(fields)} FROM {driver.quoted(table)}{clause}"  # noqa: S608 - a checked name

    with query(hook, sql, parameters, name=f"reading the ledger's table {table}") as spool:
        for row in spool:
            line: Line = {**dict.fromkeys(FIELDS), **dict(zip(fields, row.values(), strict=True))}
            yield {**line, **{name: json.loads(line[name]) if line[name] else None for name in _JSON}}


def _fields_of(hook: DbApiHook, table: str) -> Sequence[str]:
    """Return the fields that a table has; all of them if it cannot be read, which reading it then tells."""
    found = _found(hook, table)
    return FIELDS if isinstance(found, Exception) else found


def _found(hook: DbApiHook, table: str) -> Sequence[str] | Exception:
    """Return the fields that a table has, or why it is not there, or is no ledger.

    A table of an earlier version lacks some of the columns that were added since.
    """
    missing = _tried(hook, lambda driver: _look(driver, table, FIELDS))
    if missing is None:
        return FIELDS
    first = [name for name in FIELDS if name not in _ADDED]
    if _tried(hook, lambda driver: _look(driver, table, first)) is not None:
        return missing
    return [name for name in FIELDS if name in first or _has_column(hook, table, name)]


def _has_column(hook: DbApiHook, table: str, name: str) -> bool:
    return _tried(hook, lambda driver: _look(driver, table, (name,))) is None


def _make_sure_of(hook: DbApiHook, table: str, clock: Clock) -> Sequence[str]:
    """Look for the table, and create it if it is not there; another task may do the same just now.

    A role that may only read and insert is enough where the table is there.

    :return: the fields that it has.
    :raises SourceError: if it cannot be used.
    :raises HubSpotSyncIncomplete: if the database does not serve now.
    """
    if not isinstance(missing := _found(hook, table), Exception):
        return missing
    if (refused := _tried(hook, lambda driver: _creation(driver, table))) is None:
        return FIELDS
    for _ in range(LOOKS):
        if _tried(hook, lambda driver: _look(driver, table, FIELDS)) is None:
            return FIELDS
        clock.sleep(PAUSE)
    if _tried(hook, lambda driver: _look(driver, table, ())) is None:
        raise SourceError(f"the table {table} is not a ledger: it needs the columns {_columns(FIELDS)}")
    text = f"the ledger's table {table} cannot be read: {told(missing)}; nor created: {told(refused)}"
    raise failure(text, missing if may_pass(missing) else refused)


def _tried(hook: DbApiHook, sql: Callable[[Driver], str]) -> Exception | None:
    """Carry out a statement that needs no values; return its error, if it has one."""
    with connected(hook) as (connection, driver):
        cursor = connection.cursor()
        try:
            cursor.execute(sql(driver))
            if cursor.description:  # some drivers commit only when a result has been read
                cursor.fetchall()
            connection.commit()
        except Exception as error:  # noqa: BLE001 - every driver has its own
            return error
        finally:
            with suppress(Exception):
                cursor.close()
    return None


def _look(driver: Driver, table: str, fields: Sequence[str]) -> str:
    return f"SELECT {_columns(fields) or '1'} FROM {driver.quoted(table)} WHERE 1 = 0"  # noqa: S608 - a checked name


def _creation(driver: Driver, table: str) -> str:
    kinds = (
        "INTEGER" if name in _NUMBERS else "VARCHAR(64)" if name in _SHORT else driver.text for name in FIELDS
    )
    columns = ", ".join(f"{_column(name)} {kind}" for name, kind in zip(FIELDS, kinds, strict=True))
    return f"CREATE TABLE {driver.quoted(table)} ({columns}){driver.options}"


_WORDS_OF_SQL = {
    "try": "attempt",
    "row": "line",
    "key": "record_key",
    "values": "record_values",
    "time": "settled_at",
}
"""Field → column, where the field's name is a word of SQL."""


_ADDED = frozenset({"contact", "list_id", "membership"})
"""Fields that tables of earlier versions lack."""


def _column(field: str) -> str:
    return _WORDS_OF_SQL.get(field, field)


def _columns(fields: Sequence[str]) -> str:
    """Return columns as a statement names them."""
    return ", ".join(map(_column, fields))


_NUMBERS = frozenset({"map_index", "try", "row", "status"})


_SHORT = frozenset({"outcome", "digest", "time"})


_JSON = ("properties", "changed", "changes", "values")


_OF_A_LINE = ("run", "task", "map_index", "try", "row", "time")
"""Fields that tell a line from all others."""


def _cell(value: object) -> Any:
    """Return what a column holds: not every database has zero characters and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return json.dumps(value) if isinstance(value, list | dict) else value
