"""A database that holds a state, over the connection that Airflow's own hook opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, TypeVar

from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import DDLElement

from airflow_provider_hubcontact.job.errors import StateError
from airflow_provider_hubcontact.job.ports import Execute, Statement
from airflow_provider_hubcontact.job.state.tables import NOW
from airflow_provider_hubcontact.operators.sources.database_errors import may_pass, told

T = TypeVar("T")

DIALECTS: Mapping[str, Callable[[], Dialect]] = {
    "sqlite3": SQLiteDialect_pysqlite,
    "psycopg2": PGDialect_psycopg2,
    "psycopg": PGDialect_psycopg2,  # its own is not in SQLAlchemy 1.4, and writes the same
}
"""Module of a driver's connection → what writes SQL for it."""


class StateDatabase:
    """A database by its driver's connections.

    :param connect: opens one.
    :raises StateError: if its database is not one that can hold a state.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._kept: Any = connect()  # between two transactions
        self._texts: dict[Any, tuple[str, Sequence[str] | None, Mapping[str, Any]]] = {}
        try:
            self._dialect = _dialect_of(self._kept)
        except StateError:
            self.close()
            raise

    @property
    def now(self) -> Any:
        """The expression of the database's clock, in seconds since 1970."""
        return NOW[self._dialect.name]

    def transact(self, work: Callable[[Execute], T], /) -> T:
        """Do some work in one transaction; a server may have closed the connection since the last one."""
        was_kept = self._kept is not None
        try:
            return self._carried_out(work)
        except StateError:
            raise
        except Exception as error:  # noqa: BLE001 - every driver has its own
            self.close()
            if not (was_kept and may_pass(error)):
                raise _failure(error) from None
        try:
            return self._carried_out(work)
        except StateError:
            raise
        except Exception as error:  # noqa: BLE001 - same
            self.close()
            raise _failure(error) from None

    def _carried_out(self, work: Callable[[Execute], T]) -> T:
        if self._kept is None:
            self._kept = self._connect()
        connection = self._kept
        with closing(connection.cursor()) as cursor, _undone(connection):
            result = work(lambda statement: self._execute(cursor, statement))
            connection.commit()
        return result

    def _execute(self, cursor: Any, statement: Statement) -> Sequence[tuple[Any, ...]]:
        sql, names, own = self._compiled(statement.text)
        values = {**own, **statement.values}
        if names is not None:
            cursor.execute(sql, [values[name] for name in names])
        elif values:
            cursor.execute(sql, values)
        else:
            cursor.execute(sql)
        return [_plain(row) for row in cursor.fetchall()] if cursor.description else []

    def _compiled(self, statement: Any) -> tuple[str, Sequence[str] | None, Mapping[str, Any]]:
        """Return the text of a statement, its values' order if they have no names, and its own values."""
        if statement not in self._texts:
            compiled = statement.compile(dialect=self._dialect)
            is_plain = isinstance(statement, DDLElement)
            names = None if is_plain else compiled.positiontup
            self._texts[statement] = (str(compiled), names, {} if is_plain else compiled.params)
        return self._texts[statement]

    def close(self) -> None:
        """Close the connection."""
        connection, self._kept = self._kept, None
        if connection is not None:
            with suppress(Exception):  # it may be gone already
                connection.close()


@contextmanager
def _undone(connection: Any) -> Iterator[None]:
    """Undo a transaction if it breaks off."""
    try:
        yield
    except BaseException:
        with suppress(Exception):  # of a connection that is gone
            connection.rollback()
        raise


def _dialect_of(connection: object) -> Dialect:
    modules = [cls.__module__.partition(".")[0] for cls in type(connection).__mro__]
    for module in modules:
        if module in DIALECTS:
            return DIALECTS[module]()
    raise StateError(f"a state needs SQLite or PostgreSQL; the connection's driver is {modules[0]}")


def _plain(row: Any) -> tuple[Any, ...]:
    """Return a row as a tuple, whatever the connection's own cursor makes of it."""
    return tuple(row.values()) if isinstance(row, Mapping) else tuple(row)


def _failure(error: Exception) -> StateError:
    # The database's own words may quote values.
    return StateError(f"the database of the state failed: {told(error)}", may_pass=may_pass(error))
