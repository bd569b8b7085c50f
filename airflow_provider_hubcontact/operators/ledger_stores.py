"""Where a ledger is kept: files of any store that Airflow knows, or a SQL table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import orjson

from airflow_provider_hubcontact.operators.private_files import is_local, make_folder, open_private
from airflow_provider_hubcontact.operators.rows import (
    UnusableSource,
    database,
    engine_of,
    folder_of,
    query,
)
from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.ledger import FIELDS, Attempt, LedgerStore, Line

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath
    from airflow.providers.common.sql.hooks.sql import DbApiHook

log = printable_logger(__name__)

LINES_IN_A_PART = 50_000

REMOTE_PACE = 2.0
"""Seconds between two parts in an object store, which cannot append: so much more a crash can lose."""


def store_of(ledger: str, attempt: Attempt) -> LedgerStore:
    """Give the store of a try's lines.

    :param ledger: a folder, or ``sql://conn_id/table``.
    :raises UnusableSource: if it is neither.
    """
    table = _table(ledger)
    if table is None:
        return LedgerFiles(folder_of(ledger), attempt)
    conn_id, name = table
    return LedgerTable(database(conn_id), name, attempt)


def all_lines(ledger: str) -> Iterator[Line]:
    """Give the lines of a ledger, or of a folder in one; part by part, as they were written."""
    table = _table(ledger)
    if table is None:
        for part in parts_of(folder_of(ledger)):
            yield from lines_of(part)
        return
    conn_id, name = table
    yield from _selected(database(conn_id), f"SELECT {', '.join(_COLUMNS)} FROM {name} ORDER BY settled_at")  # noqa: S608 - named by the DAG's author


def _table(ledger: str) -> tuple[str, str] | None:
    """Give connection and table of ``sql://conn_id/table``; None for a folder."""
    url = urlsplit(ledger)
    if url.scheme != "sql":
        return None
    name = url.path.strip("/")
    if not url.netloc or not name:
        raise UnusableSource(f"a ledger in a table is sql://conn_id/table, not {ledger}")
    return url.netloc, name


class UnusableLedger(RuntimeError):
    """The ledger takes no lines."""


class LedgerFiles:
    """JSON lines: one folder a task instance, ``<run>/<task>/<map index>/<try>-<part>.jsonl``.

    :param root: folder of the ledger.
    :param attempt: the try.
    """

    def __init__(self, root: ObjectStoragePath, attempt: Attempt) -> None:
        self._folder = root / quote(attempt.run, safe="=") / quote(attempt.task) / str(attempt.map_index)
        self._attempt = attempt
        self._appends = is_local(root)
        self._part = len(self._parts_of_this_try())
        self._lines = LINES_IN_A_PART  # what is there is left as it is

    @property
    def pace(self) -> float:
        """Seconds between two writes."""
        return 0.0 if self._appends else REMOTE_PACE

    def write(self, lines: Sequence[Line], /) -> None:
        """Keep lines of this try: in the part that is open, or in a new one."""
        if not self._appends or self._lines >= LINES_IN_A_PART:
            self._part, self._lines = self._part + 1, 0
            make_folder(self._folder)
        self._lines += len(lines)
        text = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
        path = self._folder / f"{self._attempt.number:03}-{self._part:06}.jsonl"
        with open_private(path, append=self._appends) as file:
            file.write(text)

    def _parts_of_this_try(self) -> list[ObjectStoragePath]:
        names = f"{self._attempt.number:03}-"
        return [part for part in parts_of(self._folder) if part.name.startswith(names)]

    def earlier(self) -> Iterator[Line]:
        """Give the lines of the earlier tries, and of this one before it waited, try by try."""
        for part in parts_of(self._folder):
            if int(part.name.partition("-")[0]) <= self._attempt.last_known:
                yield from lines_of(part)


def parts_of(folder: ObjectStoragePath) -> list[ObjectStoragePath]:
    """Give the parts below a folder, in the order in which they were written."""
    return sorted(folder.glob("**/*.jsonl"), key=str) if folder.exists() else []


def lines_of(part: ObjectStoragePath) -> Iterator[Line]:
    """Give the lines of a part; a last one that a crash cut off is left out."""
    for text in part.read_bytes().splitlines(keepends=True):
        if text.endswith(b"\n"):
            yield orjson.loads(text)


class LedgerTable:
    """A SQL table, one row a line; it is created if there is none.

    :param hook: the database.
    :param table: name, with its schema if need be.
    :param attempt: the try.
    """

    pace = 1.0

    def __init__(self, hook: DbApiHook, table: str, attempt: Attempt) -> None:
        self._hook = hook
        self._engine = engine_of(hook)
        self._table = table
        self._attempt = attempt
        types = ", ".join(
            f"{column} {'INTEGER' if name in _NUMBERS else 'VARCHAR(64)' if name in _SHORT else 'TEXT'}"
            for column, name in zip(_COLUMNS, FIELDS, strict=True)
        )
        hook.run(f"CREATE TABLE IF NOT EXISTS {table} ({types})")

    def write(self, lines: Sequence[Line], /) -> None:
        """Insert lines.

        :raises UnusableLedger: if the database does not take them.
        """
        try:
            self._insert([{name: _cell(line[name]) for name in FIELDS} for line in lines])
        except Exception as error:  # noqa: BLE001 - every driver has its own
            # The message may quote lines, and so the values of records; the hook's own insertion logs them.
            log.debug("The ledger: %s", error)
            raise UnusableLedger(
                f"the table {self._table} takes no lines of the ledger: {type(error).__name__}; "
                "the log at debug level has the database's own words"
            ) from None

    def _insert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, with as few statements as the database can."""
        if self._engine is None:
            values = ", ".join([self._hook.placeholder] * len(FIELDS))
            sql = f"INSERT INTO {self._table} ({', '.join(_COLUMNS)}) VALUES ({values})"  # noqa: S608 - same
            with closing(self._hook.get_conn()) as connection, closing(connection.cursor()) as cursor:
                cursor.executemany(sql, [tuple(row.values()) for row in rows])
                connection.commit()
            return
        from sqlalchemy import column, table
        from sqlalchemy.sql import quoted_name

        # The names as they are written, so that they mean what they mean in other statements.
        schema, _, name = self._table.rpartition(".")
        target = table(
            quoted_name(name, quote=False),
            *map(column, _COLUMNS),
            schema=quoted_name(schema, quote=False) if schema else None,
        )
        with self._engine.begin() as connection:
            connection.execute(
                target.insert(), [dict(zip(_COLUMNS, row.values(), strict=True)) for row in rows]
            )

    def earlier(self) -> Iterator[Line]:
        """Give the lines of the earlier tries, and of this one before it waited, try by try."""
        marker = self._hook.placeholder
        attempt = self._attempt
        sql = (
            f"SELECT {', '.join(_COLUMNS)} FROM {self._table} WHERE run = {marker} AND task = {marker} "  # noqa: S608 - named by the DAG's author
            f"AND map_index = {marker} AND attempt <= {marker} ORDER BY attempt, line"
        )
        where = (attempt.run, attempt.task, attempt.map_index, attempt.last_known)
        yield from _selected(self._hook, sql, where)


_WORDS_OF_SQL = {
    "try": "attempt",
    "row": "line",
    "key": "record_key",
    "values": "record_values",
    "time": "settled_at",
}
"""Field → column, where the field's name is a word of SQL."""
_COLUMNS = [_WORDS_OF_SQL.get(name, name) for name in FIELDS]
_NUMBERS = frozenset({"map_index", "try", "row", "status"})
_SHORT = frozenset({"outcome", "digest", "time"})
_JSON = ("properties", "changed", "changes", "values")


def _cell(value: object) -> Any:
    if isinstance(value, str):  # PostgreSQL has no text with a zero character in it
        return value.replace("\0", "\ufffd")
    return json.dumps(value) if isinstance(value, list | dict) else value


def _selected(hook: DbApiHook, sql: str, parameters: Any = None) -> Iterator[Line]:
    with query(hook, sql, parameters) as spool:
        for row in spool:
            line = dict(zip(FIELDS, row.values(), strict=True))
            yield {**line, **{name: json.loads(line[name]) if line[name] else None for name in _JSON}}
