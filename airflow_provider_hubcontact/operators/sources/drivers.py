# SPDX-License-Identifier: Apache-2.0
"""What is particular to a database's driver: one line of a table for each driver that was tried.

Every query runs over the connection that Airflow's hook opens, since that has the settings of the user. How
such a connection streams, and what its SQL is like, depends on the driver behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from airflow_provider_hubcontact.sync.rows.values import UnreadableValue


@dataclass(frozen=True, slots=True)
class Driver:
    """A driver of a database.

    :param streams: whether its cursor hands rows on as they come, and does not collect all of them first.
    :param cursor: opens such a cursor, which gives tuples whatever the connection's own cursor gives.
    :param prepare: makes values that Python does not have become :class:`UnreadableValue`.
    :param read: does the same to what the driver itself puts in the place of such a value.
    :param abandon: lets a cursor go whose connection is closed, and which has rows left.
    :param locks: whether an open connection keeps other processes from the database.
    :param begins: whether a transaction is begun and ended by statements, since the driver begins none.
    :param rows_in_insert: rows that one INSERT takes, where the driver's ``executemany`` is slow; else 0.
    :param quote: character around an identifier; empty where none is known to fit.
    :param fold: what the database does to an identifier that is not quoted.
    :param text: type of a column that holds a text of any length.
    :param options: of a new table.
    """

    streams: bool = True
    cursor: Callable[[Any], Any] = lambda connection: connection.cursor()
    prepare: Callable[[Any], None] = lambda _: None
    read: Callable[[Sequence[Any]], Sequence[Any]] = lambda rows: rows
    abandon: Callable[[Any], None] = lambda _: None
    locks: bool = False
    begins: bool = False
    rows_in_insert: int = 0
    quote: str = ""
    fold: Callable[[str], str] = lambda name: name
    text: str = "TEXT"
    options: str = ""

    def quoted(self, name: str) -> str:
        """Return a table's name for a statement: it means what it means unquoted, and is only a name.

        :param name: identifiers with dots between them.
        """
        parts = name.split(".")
        return (
            ".".join(f"{self.quote}{self.fold(part)}{self.quote}" for part in parts) if self.quote else name
        )


def driver_of(connection: object) -> Driver:
    """Return what is known of the driver behind a connection."""
    modules = (cls.__module__.partition(".")[0] for cls in type(connection).__mro__)
    return next((_DRIVERS[module] for module in modules if module in _DRIVERS), UNKNOWN)


def _psycopg2_cursor(connection: Any) -> Any:
    from psycopg2.extensions import cursor  # type: ignore[import-untyped]

    return connection.cursor(name=_name(), cursor_factory=cursor)


def _psycopg_cursor(connection: Any) -> Any:
    from psycopg.rows import tuple_row

    return connection.cursor(name=_name(), row_factory=tuple_row)


def _mysqlclient_cursor(connection: Any) -> Any:
    from MySQLdb.cursors import SSCursor

    return connection.cursor(SSCursor)


def _pymysql_cursor(connection: Any) -> Any:
    from pymysql.cursors import SSCursor

    return connection.cursor(SSCursor)


def _abandon_pymysql(cursor: Any) -> None:
    """Keep PyMySQL from reading the rows that are left, over a connection that is closed."""
    result = cursor._result  # noqa: SLF001 - it has no public name
    if result is not None:
        result.unbuffered_active = False


def _name() -> str:
    """Return a name for a cursor that the server keeps."""
    return f"hubcontact_{uuid4().hex}"


NO_SUCH_TIME = "a time that Python does not have: infinity, a year outside 1 to 9999, or a day 0"


NO_SUCH_TEXT = "a text that is not in UTF-8"


_TIMES = {1082: 1182, 1114: 1115, 1184: 1185}
"""PostgreSQL's numbers of date, timestamp and timestamptz → of arrays of them."""


def _prepare_psycopg2(connection: Any) -> None:
    from psycopg2 import DataError, extensions  # type: ignore[import-untyped]

    def lenient(cast: Any) -> Callable[[str | None, Any], Any]:
        def read(text: str | None, cursor: Any) -> Any:
            if text is None:
                return None
            if text.endswith("infinity"):  # psycopg2 takes it for the year 9999, or 1
                return UnreadableValue(NO_SUCH_TIME)
            try:
                return cast(text, cursor)
            except (ValueError, OverflowError, DataError):
                return UnreadableValue(NO_SUCH_TIME)

        return read

    casts = {1082: extensions.PYDATE, 1114: extensions.PYDATETIME, 1184: extensions.PYDATETIMETZ}
    for number, array in _TIMES.items():
        one = extensions.new_type((number,), f"TIME_{number}", lenient(casts[number]))
        extensions.register_type(one, connection)
        extensions.register_type(extensions.new_array_type((array,), f"TIMES_{number}", one), connection)


def _prepare_psycopg(connection: Any) -> None:
    from psycopg import DataError
    from psycopg.adapt import Loader
    from psycopg.pq import Format

    def lenient(loader: Any) -> type[Loader]:
        class Lenient(Loader):
            format = loader.format

            def __init__(self, oid: int, context: Any = None) -> None:
                super().__init__(oid, context)
                self._loader = loader(oid, context)

            def load(self, data: Any) -> Any:
                try:
                    return self._loader.load(data)
                except (DataError, ValueError, OverflowError):
                    return UnreadableValue(NO_SUCH_TIME)

        return Lenient

    for number in _TIMES:
        for form in (Format.TEXT, Format.BINARY):
            if loader := connection.adapters.get_loader(number, form):
                connection.adapters.register_loader(number, lenient(loader))


_TIMES_OF_MYSQL = (7, 10, 12)
"""MySQL's numbers of timestamp, date and datetime."""


def _prepare_mysql(converters: Any) -> None:
    def lenient(cast: Any) -> Callable[[Any], Any]:
        def read(text: Any) -> Any:
            if isinstance(value := cast(text), date):
                return value
            # 0000-00-00 is how MySQL writes that there is no date; 2024-00-00 is half of one.
            is_zero = str(text.decode() if isinstance(text, bytes) else text).startswith("0000-00-00")
            return None if is_zero else UnreadableValue(NO_SUCH_TIME)

        return read

    for number in _TIMES_OF_MYSQL:
        converters[number] = lenient(converters[number])


def _prepare_sqlite(connection: Any) -> None:
    def decoded(text: bytes) -> str | UnreadableValue:
        try:
            return text.decode()
        except UnicodeDecodeError:
            return UnreadableValue(NO_SUCH_TEXT)

    if connection.text_factory is str:
        connection.text_factory = decoded


_ENDS_OF_TIME = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def _read_ends_of_time(rows: Sequence[Any]) -> Sequence[Any]:
    """Find times that Python does not have, for which a driver gives its first or its last one."""
    return [tuple(map(_finite, row)) for row in rows]


def _finite(value: Any) -> Any:
    is_infinite = type(value) is datetime and value.replace(tzinfo=UTC) in _ENDS_OF_TIME
    return UnreadableValue(NO_SUCH_TIME) if is_infinite else value


_POSTGRES: Mapping[str, Any] = {"rows_in_insert": 500, "quote": '"', "fold": str.lower}


_MYSQL: Mapping[str, Any] = {"quote": "`", "text": "LONGTEXT", "options": " CHARACTER SET utf8mb4"}

_DUCKDB = Driver(read=_read_ends_of_time, locks=True, begins=True, rows_in_insert=50, quote='"')


UNKNOWN = Driver(streams=False)


_DRIVERS: Mapping[str, Driver] = {
    "psycopg2": Driver(cursor=_psycopg2_cursor, prepare=_prepare_psycopg2, **_POSTGRES),
    "psycopg": Driver(cursor=_psycopg_cursor, prepare=_prepare_psycopg, **_POSTGRES),
    "MySQLdb": Driver(cursor=_mysqlclient_cursor, prepare=lambda c: _prepare_mysql(c.converter), **_MYSQL),
    "pymysql": Driver(
        cursor=_pymysql_cursor,
        prepare=lambda c: _prepare_mysql(c.decoders),
        abandon=_abandon_pymysql,
        **_MYSQL,
    ),
    "mysql": Driver(**_MYSQL),
    "sqlite3": Driver(prepare=_prepare_sqlite, quote='"'),
    "_duckdb": _DUCKDB,
    "duckdb": _DUCKDB,
    "snowflake": Driver(quote='"', fold=str.upper),
    # It reads all rows of a statement before it gives the first.
    "redshift_connector": Driver(streams=False, read=_read_ends_of_time),
    "databricks": Driver(),
    "google": Driver(),  # BigQuery's
}
"""Module of the driver's connection → what is known of it."""
