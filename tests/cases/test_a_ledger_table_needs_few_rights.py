# SPDX-License-Identifier: Apache-2.0
"""A ledger's table takes each line once: from a role with few rights, many tasks, over broken connections."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow")

from airflow.providers.common.sql.hooks.sql import DbApiHook

from airflow_provider_hubcontact.cli.main import main
from airflow_provider_hubcontact.job.errors import LedgerError
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.sources.queries import database as hook_of
from airflow_provider_hubcontact.operators.stores.ledger_files import all_lines, store_of
from airflow_provider_hubcontact.operators.stores.ledger_table import LedgerTable
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.keep.ledger import FIELDS, Attempt, Line
from tests.airflow.running import connect, run

FIRST = Attempt("dag/run", "task", -1, 1)
LEDGER = "sql://books/contacts_ledger"


def line(row: int, task: str = "task") -> Line:
    known: Line = dict.fromkeys(FIELDS)
    known |= {"run": "dag/run", "task": task, "map_index": -1, "try": 1, "row": row, "outcome": "updated"}
    known |= {"key": f"c{row}@example.com", "properties": ["city"], "time": f"2026-01-01T00:00:{row:06}"}
    return known | {"reason": "odd: \0 \ud800 ' %s ? :x"}


def execute(sql: str, conn_id: str = "books") -> Any:
    with closing(hook_of(conn_id).get_conn()) as connection:
        cursor = connection.cursor()
        cursor.execute(sql)
        rows = cursor.fetchall() if cursor.description else None
        connection.commit()
    return rows


@pytest.fixture
def postgres(postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Set the connection ``books`` to PostgreSQL, without a ledger's table."""
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", postgres_uri)
    execute("DROP TABLE IF EXISTS contacts_ledger")
    yield postgres_uri
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", postgres_uri)
    execute("DROP TABLE IF EXISTS contacts_ledger")


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set the connection ``books`` to SQLite."""
    path = tmp_path / "books.db"
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def books(request: pytest.FixtureRequest) -> str:
    request.getfixturevalue(request.param)
    return str(request.param)


@pytest.fixture
def clerk(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set ``books`` to a role that may read and insert, and nothing else."""
    with store_of(LEDGER, FIRST):
        pass
    execute("CREATE ROLE clerk LOGIN")
    execute("GRANT SELECT, INSERT ON contacts_ledger TO clerk")
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", postgres.replace("postgres@", "clerk@"))
    yield
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", postgres)
    execute("DROP OWNED BY clerk")
    execute("DROP ROLE clerk")


@pytest.mark.usefixtures("clerk")
def test_a_role_that_may_read_and_insert(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is enough where the table is there; where it is not, the error says both."""
    with Sandbox(contacts=[{"email": "ada@example.com"}]) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        records = [{"email": "ada@example.com", "city": "Rome"}]
        good = run(records=records, ledger=LEDGER)
        bad = run(records=records, ledger="sql://books/public.other")

    assert good.error is None
    assert [each["outcome"] for each in all_lines(LEDGER)] == ["updated"]
    assert isinstance(bad.error, HubSpotSyncFailed)
    assert "public.other cannot be read: " in str(bad.error)
    assert "nor created: permission denied" in str(bad.error)


@pytest.mark.parametrize("lines", [1, 2, 499, 500, 501, 1_001])
def test_lines_are_read_back_whole(books: str, lines: int) -> None:
    """In their order, with what is in them; what a database cannot hold has a stand-in."""
    written = [line(row) for row in range(1, lines + 1)]
    with store_of(LEDGER, FIRST) as store:
        store.write(written)

    assert list(all_lines(LEDGER)) == [
        {**each, "reason": "odd: \ufffd ? ' %s ? :x"} for each in written
    ]  # fmt: skip


def test_eight_tasks_at_once(books: str) -> None:
    """They begin together on a table that is not there, time and again; each keeps its lines."""

    def keep(task: int) -> None:
        with store_of(LEDGER, FIRST) as store:
            for row in range(1, 4):
                store.write([line(row, f"task {task}")])

    for _ in range(5):
        with ThreadPoolExecutor(8) as tasks:
            list(tasks.map(keep, range(8)))

        kept = [(each["task"], each["row"]) for each in all_lines(LEDGER)]
        assert sorted(kept) == [(f"task {task}", row) for task in range(8) for row in range(1, 4)]
        execute("DROP TABLE contacts_ledger")


@pytest.mark.usefixtures("postgres")
def test_no_transaction_stays_open() -> None:
    """Between two writes nothing is locked: a table can be altered, and a server's time limits hold."""
    idle = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
    with store_of(LEDGER, FIRST) as store:
        assert execute(idle)[0][0] == 0
        store.write([line(1)])
        assert execute(idle)[0][0] == 0
        execute("SET lock_timeout = '1s'; ALTER TABLE contacts_ledger ADD COLUMN note TEXT")
        store.write([line(2)])


@pytest.mark.usefixtures("postgres")
def test_a_server_that_hangs_up_between_writes() -> None:
    """The connection is opened again, once for each write, and each line is there once."""
    others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with store_of(LEDGER, FIRST) as store:
        for row in range(1, 5):
            store.write([line(row)])
            assert execute(f"{others} AND datname IS NOT NULL")[0][0] == 1

    assert [each["row"] for each in all_lines(LEDGER)] == [1, 2, 3, 4]


class _Flaky:
    """A connection that is lost as the database answers to the commit."""

    def __init__(self, connection: sqlite3.Connection, *, commits: bool) -> None:
        self._connection = connection
        self._commits = commits

    def cursor(self) -> sqlite3.Cursor:
        return self._connection.cursor()

    def commit(self) -> None:
        if self._commits:
            self._connection.commit()
        raise sqlite3.OperationalError("server closed the connection unexpectedly")

    def close(self) -> None:
        self._connection.close()


class _FlakyHook(DbApiHook):
    conn_name_attr = "flaky_conn_id"
    _placeholder = "?"

    def __init__(self, path: Path) -> None:
        super().__init__("books")
        self.path = path

    def get_conn(self) -> Any:
        return sqlite3.connect(self.path)


@pytest.mark.parametrize("commits", [True, False])
def test_a_commit_whose_answer_is_lost(sqlite: Path, commits: bool) -> None:
    """The table is looked at before lines are written again: each is there once."""
    with closing(LedgerTable(_FlakyHook(sqlite), "contacts_ledger", FIRST)) as store:
        store.write([line(1)])
        store._kept = _Flaky(store._kept, commits=commits)  # noqa: SLF001 - the server's side of it
        store.write([line(2), line(3)])
        store.write([line(4)])

    assert [each["row"] for each in all_lines(LEDGER)] == [1, 2, 3, 4]


def test_a_database_that_is_gone_takes_no_lines(sqlite: Path) -> None:
    """A second try is all there is."""
    hook = _FlakyHook(sqlite)
    with closing(LedgerTable(hook, "contacts_ledger", FIRST)) as store:
        store.write([line(1)])
        store._kept = _Flaky(store._kept, commits=False)  # noqa: SLF001 - same
        hook.path = sqlite / "gone"
        with pytest.raises(LedgerError, match="the table contacts_ledger accepts no lines of the ledger: "):
            store.write([line(2)])


@pytest.mark.parametrize("address", [LEDGER, "sql://gone/contacts_ledger", "sql://nobody/contacts_ledger"])
def test_the_command_line_says_what_it_cannot_read(
    sqlite: Path, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table that is not there and a server that does not answer are a sentence, and exit status 2."""
    monkeypatch.setenv("AIRFLOW_CONN_GONE", "postgresql://me@127.0.0.1:9/books")

    assert main(["ledger", "summary", address]) == 2

    said = " ".join(capsys.readouterr().err.split())
    assert "Traceback" not in said
    assert any(
        part in said for part in ("no such table: contacts_ledger", "cannot be reached", "does not exist")
    )
