"""A SQL query becomes rows, never all of them at once."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath
    from airflow.providers.common.sql.hooks.sql import DbApiHook

CHUNK = 1_000
"""Rows fetched and spooled together."""


class UnusableSource(ValueError):
    """The source as a whole gives no records."""


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

    def fill(self, columns: Sequence[str], chunks: Iterable[Sequence[Sequence[Any]]]) -> None:
        """Write all rows.

        :param columns: their names.
        :param chunks: the rows, some at a time.
        :raises UnusableSource: if two columns share a name, or a value cannot be kept.
        """
        twice = {name for name in columns if columns.count(name) > 1}
        if twice:
            raise UnusableSource(f"the query returns two columns called {', '.join(sorted(twice))}")
        self.columns = tuple(columns)
        for chunk in chunks:
            rows = [tuple(map(_plain, row)) for row in chunk]
            try:
                pickle.dump(rows, self._file, protocol=pickle.HIGHEST_PROTOCOL)
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                raise UnusableSource(f"the query returns a value to cast in SQL first: {error}") from error
            self._rows += len(rows)
            self._remember(rows)

    def _remember(self, rows: Sequence[Sequence[Any]]) -> None:
        """Keep the first value of each column that is one: it tells the column's type."""
        without = [place for place, name in enumerate(self.columns) if name not in self.examples]
        for place in without:
            found = next((row[place] for row in rows if row[place] is not None), None)
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


def folder_of(address: str) -> ObjectStoragePath:
    """Give a folder: a path of this machine, or one of a store that Airflow knows."""
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    # Airflow 2 takes a path that is not absolute from where its process once began.
    return ObjectStoragePath(address if "://" in address else str(Path(address).absolute()))


def database(conn_id: str) -> DbApiHook:
    """Give the database of an Airflow connection.

    :raises UnusableSource: if it is none.
    """
    from airflow.providers.common.compat.sdk import BaseHook
    from airflow.providers.common.sql.hooks.sql import DbApiHook  # it brings pandas along

    hook = BaseHook.get_connection(conn_id).get_hook()
    if not isinstance(hook, DbApiHook):
        raise UnusableSource(f"the connection {conn_id} is no SQL database")
    return hook


@contextmanager
def query(hook: DbApiHook, sql: str, parameters: Any = None) -> Iterator[Spool]:
    """Drain a query to disk, in constant memory, as fast as the database gives.

    :param hook: the database.
    :param sql: one statement that returns rows.
    :param parameters: its parameters, in the style of the database's driver.
    :return: the rows, for as long as the context lasts; the database is let go before.
    :raises UnusableSource: if it returns no rows at all, or rows that no record can be made of.
    """
    with TemporaryFile(prefix="hubcontact-") as file:
        spool = Spool(file)
        with _cursor(hook, sql, parameters) as cursor:
            first = cursor.fetchmany(CHUNK)
            if cursor.description is None:
                raise UnusableSource("the query returns no rows, it is no SELECT")
            spool.fill([column[0] for column in cursor.description], _chunks(first, cursor))
        yield spool


def _chunks(first: Sequence[Any], cursor: Any) -> Iterator[Sequence[Any]]:
    chunk = first
    while chunk:
        yield chunk
        chunk = cursor.fetchmany(CHUNK)


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


@contextmanager
def _cursor(hook: DbApiHook, sql: str, parameters: Any) -> Iterator[Any]:
    """Open a cursor that fetches as it goes; many drivers' default cursor first loads everything."""
    if hook.conn_type == "postgres":
        name = f"hubcontact_{uuid4().hex}"
        with closing(hook.get_conn()) as connection, connection.cursor(name=name) as cursor:
            cursor.execute(sql, parameters)
            yield cursor
        return
    engine = engine_of(hook)
    if engine is None:
        with closing(hook.get_conn()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(sql, parameters or ())
            yield cursor
        return
    with engine.connect() as connection:
        # Without parameters a % is a %, as with the drivers themselves.
        streaming = connection.execution_options(stream_results=True, no_parameters=True)
        values = tuple(parameters) if isinstance(parameters, list) else parameters
        yield streaming.exec_driver_sql(sql, values).cursor


def engine_of(hook: DbApiHook, **settings: Any) -> Any:
    """Give the SQLAlchemy engine, which can stream from any database that it knows, and write in bulk.

    :param settings: of the engine.
    :return: None for SQLite, which needs none, and where SQLAlchemy does not know the database.
    """
    if hook.conn_type == "sqlite":
        return None
    try:
        return hook.get_sqlalchemy_engine(settings)
    except Exception as error:  # noqa: BLE001 - not installed, no such dialect, …: the plain cursor works too
        # Its message may quote the URL, and so the password in a form that is not masked.
        hook.log.warning(
            "SQLAlchemy cannot be used, which takes more memory and time: %s", type(error).__name__
        )
        return None
