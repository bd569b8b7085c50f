# SPDX-License-Identifier: Apache-2.0
"""A database that holds a state, over the connection that Airflow's own hook opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import BigInteger, cast, func
from sqlalchemy.dialects.mysql.mysqldb import MySQLDialect_mysqldb
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.schema import DDLElement

from airflow_provider_hubcontact.job.errors import StateDatabaseError, StateError
from airflow_provider_hubcontact.job.ports import Execute, Statement
from airflow_provider_hubcontact.operators.sources.database_errors import may_pass, told
from airflow_provider_hubcontact.operators.sources.drivers import driver_of
from airflow_provider_hubcontact.printable import printable_logger

log = printable_logger(__name__)

T = TypeVar("T")


class _Snowflake(DefaultDialect):
    """Writes SQL for Snowflake, whose own dialect is a package that Airflow does not bring along."""

    supports_multivalues_insert = True


class Language(NamedTuple):
    """How a database is spoken to.

    :param dialect: makes what writes SQL for it.
    :param now: the expression of its clock, in seconds since 1970.
    :param is_begun: whether a transaction is begun and ended by statements, since the driver begins none.
    :param file: selects the file of the database; empty where it is not in a file of this machine.
    """

    dialect: Callable[[], Dialect]
    now: Any
    is_begun: bool = False
    file: str = ""


_POSTGRES = Language(PGDialect_psycopg2, cast(func.extract("epoch", func.now()), BigInteger))
_MYSQL = Language(MySQLDialect_mysqldb, cast(func.unix_timestamp(), BigInteger))
_DUCKDB = Language(
    partial(PGDialect, paramstyle="qmark"),
    cast(func.epoch(func.now()), BigInteger),
    is_begun=True,
    file="SELECT path FROM duckdb_databases() WHERE database_name = current_database() AND type = 'duckdb'",
)
_SNOWFLAKE = Language(
    partial(_Snowflake, paramstyle="pyformat"),
    cast(func.date_part("epoch_second", func.current_timestamp()), BigInteger),
    is_begun=True,
)

LANGUAGES: Mapping[str, Language] = {
    "sqlite3": Language(
        SQLiteDialect_pysqlite,
        cast(func.strftime("%s", "now"), BigInteger),
        file="SELECT file FROM pragma_database_list WHERE name = 'main'",
    ),
    "psycopg2": _POSTGRES,
    "psycopg": _POSTGRES,  # its own dialect is not in SQLAlchemy 1.4, and writes the same
    "MySQLdb": _MYSQL,
    "pymysql": _MYSQL,
    "mysql": _MYSQL,
    "duckdb": _DUCKDB,
    "_duckdb": _DUCKDB,
    "snowflake": _SNOWFLAKE,
}
"""Module of a driver's connection → the language of its database."""


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
            self._language = _language_of(self._kept)
        except StateError:
            self.close()
            raise
        self._dialect = self._language.dialect()

    @property
    def now(self) -> Any:
        """The expression of the database's clock, in seconds since 1970."""
        return self._language.now

    def check_file(self, conn_id: str, host: str | None) -> None:
        """Make sure that the next run finds the same database again, if it is in a file.

        :param conn_id: Airflow's id of the connection.
        :param host: of Airflow's connection.
        :raises StateError: if the database is in memory, or in a file that is removed with the connection.
        """
        if not self._language.file:
            return
        with closing(self._kept.cursor()) as cursor:
            cursor.execute(self._language.file)
            files = [file for (file,) in cursor.fetchall()]
        if not all(files):
            raise StateError(
                f"the connection {conn_id} names no file, so its database ends with the run, and the next "
                "run would look all rows up: set its host to the whole path of a file"
            )
        if files and host and not Path(host).is_absolute():
            log.warning(
                "The connection %s has a relative path, which is %s here. Set its host to the whole path of "
                "the file: a worker that stands in another folder begins another state.",
                *(conn_id, files[0]),
            )

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
        with closing(connection.cursor()) as cursor, self._transaction(connection, cursor):
            result = work(lambda statement: self._execute(cursor, statement))
        if driver_of(connection).locks:
            self.close()
        return result

    @contextmanager
    def _transaction(self, connection: Any, cursor: Any) -> Iterator[None]:
        """Commit what is done within, or undo it if that breaks off."""
        is_begun = self._language.is_begun
        try:
            if is_begun:
                cursor.execute("BEGIN TRANSACTION")
            yield
            if is_begun:
                cursor.execute("COMMIT")
            else:
                connection.commit()
        except BaseException:
            with suppress(Exception):  # of a connection that is gone
                cursor.execute("ROLLBACK") if is_begun else connection.rollback()
            raise

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


def _language_of(connection: object) -> Language:
    modules = [cls.__module__.partition(".")[0] for cls in type(connection).__mro__]
    for module in modules:
        if module in LANGUAGES:
            return LANGUAGES[module]
    raise StateError(
        "a state needs SQLite, PostgreSQL, MySQL, MariaDB, DuckDB or Snowflake; "
        f"the connection's driver is {modules[0]}"
    )


def _plain(row: Any) -> tuple[Any, ...]:
    """Return a row as a tuple, whatever the connection's own cursor makes of it."""
    return tuple(row.values()) if isinstance(row, Mapping) else tuple(row)


def _failure(error: Exception) -> StateError:
    # The database's own words may quote values.
    return StateDatabaseError(f"the database of the state failed: {told(error)}", may_pass=may_pass(error))
