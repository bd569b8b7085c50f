# SPDX-License-Identifier: Apache-2.0
"""A ledger's table on real databases; ``make test-databases``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow")
if "DATABASES_RUN" not in os.environ:
    pytest.skip("an environment of its own has the drivers: make test-databases", allow_module_level=True)

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.stores.ledger_files import all_lines, store_of
from airflow_provider_hubcontact.operators.stores.ledger_table import LedgerTable
from airflow_provider_hubcontact.sync.keep.ledger import FIELDS, Attempt, Line
from tests.databases.conftest import PASSWORD, mysql
from tests.databases.mariadb import MariaDB

FIRST = Attempt("dag/run", "task", -1, 1)
LEDGER = "sql://db/Contacts_Ledger"


def hook() -> Any:
    return BaseHook.get_connection("db").get_hook()


def run(statement: str) -> None:
    with closing(hook().get_conn()) as connection:
        with closing(connection.cursor()) as cursor:
            cursor.execute(statement)
        connection.commit()


def line(row: int, task: str = "task", **fields: Any) -> Line:
    known: Line = {
        "run": "dag/run", "task": task, "map_index": -1, "try": 1, "row": row, "key": f"c{row}@example.com",
        "outcome": "updated", "status": 200, "category": None, "reason": None, "properties": ["firstname"],
        "correlation_id": "x", "contact": str(row), "list_id": "101", "membership": "added",
        "changed": ["firstname"], "changes": {"firstname": ["old", "new"]},
        "values": {"firstname": "ä😀 ' %s ? \\ \" :x"}, "digest": f"{row:032}",
        "time": f"2026-01-01T00:00:{row:09}",
    }  # fmt: skip
    return {name: {**known, **fields}[name] for name in FIELDS}


@pytest.fixture
def table(database: str) -> Iterator[str]:
    """Name a database that has no table of a ledger."""
    run("DROP TABLE IF EXISTS Contacts_Ledger")
    yield database
    run("DROP TABLE IF EXISTS Contacts_Ledger")


@pytest.mark.parametrize("lines", [1, 1_001])
def test_it_is_read_back_whole(table: str, lines: int) -> None:
    """Each line comes back as it was written; a table that is there is used as it is."""
    if table == "snowflake":
        lines = min(lines, 51)  # the imitation takes its time
    written = [line(row) for row in range(1, lines + 1)]
    written[0]["values"] = {"notes": "long " * 20_000}
    with store_of(LEDGER, FIRST) as store:
        store.write(written[:1])
        if written[1:]:
            store.write(written[1:])

    # Only MySQL tells names of tables by their case.
    assert list(all_lines(LEDGER if table.startswith("mariadb") else LEDGER.lower())) == written
    with store_of(LEDGER, FIRST._replace(number=2)) as later:
        assert list(later.earlier()) == written
        later.write([{**line(1), "try": 2}])
    with store_of(LEDGER, FIRST._replace(number=2)) as again:
        assert list(again.earlier()) == written


@pytest.mark.parametrize(
    "lacks", [["contact"], ["list_id", "membership"], ["contact", "list_id", "membership"]]
)
def test_a_table_of_an_earlier_version(table: str, lacks: list[str]) -> None:
    """It lacks columns that were added since: lines are written without. One run's can be read alone."""
    with store_of(LEDGER, FIRST):
        for column in lacks:
            run(f"ALTER TABLE Contacts_Ledger DROP COLUMN {column}")
    with store_of(LEDGER, FIRST) as store:
        store.write([line(1), line(2, run="dag/other")])

    ledger = LEDGER if table.startswith("mariadb") else LEDGER.lower()
    assert list(all_lines(ledger, "dag/run")) == [{**line(1), **dict.fromkeys(lacks)}]


def test_eight_tasks_at_once(table: str) -> None:
    """They begin together on a table that is not there; each keeps its lines."""
    if table == "snowflake":
        pytest.skip("the imitation serves one thread")

    def keep(task: int) -> None:
        with store_of(LEDGER, FIRST) as store:
            for row in range(1, 6):
                store.write([line(row, f"task {task}")])

    with ThreadPoolExecutor(8) as tasks:
        list(tasks.map(keep, range(8)))

    kept = [(each["task"], each["row"]) for each in all_lines(LEDGER)]
    assert sorted(kept) == [(f"task {task}", row) for task in range(8) for row in range(1, 6)]


WRITER = """
import os, sys
from airflow_provider_hubcontact.operators.stores.ledger_files import store_of
from tests.databases.test_ledger_tables import FIRST, LEDGER, line
os.environ["AIRFLOW_CONN_DB"] = sys.argv[2]  # the tests' Airflow begins without any
with store_of(LEDGER, FIRST) as store:
    for row in range(1, 21):
        store.write([line(row, sys.argv[1])])
"""


def test_processes_share_a_duckdb_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """DuckDB lets one process in at a time: a ledger lets go of the file after each write, and waits."""
    connection = {"conn_type": "duckdb", "host": str(tmp_path / "books.duckdb")}
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(connection))

    command = [sys.executable, "-c", WRITER]
    tasks = [subprocess.Popen([*command, f"task {each}", json.dumps(connection)]) for each in range(2)]

    assert [task.wait(timeout=120) for task in tasks] == [0, 0]
    assert len(list(all_lines(LEDGER))) == 40


def test_a_table_that_is_not_there_is_told(table: str) -> None:
    """Reading a ledger creates none."""
    with pytest.raises(SourceError, match="reading the ledger's table Contacts_Ledger failed: "):
        list(all_lines(LEDGER))


CLIENTS = pytest.mark.parametrize("client", [{}, {"client": "mysql-connector-python"}])


@CLIENTS
def test_a_role_that_may_not_create(
    mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch, client: dict[str, str]
) -> None:
    """To read and to insert is enough."""
    monkeypatch.setenv("AIRFLOW_CONN_DB", mysql(mariadb, **client))
    run("DROP TABLE IF EXISTS Contacts_Ledger")
    with store_of(LEDGER, FIRST):
        pass
    mariadb.admin(
        f"CREATE OR REPLACE USER clerk@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'; "
        "GRANT SELECT, INSERT ON warehouse.* TO clerk@'127.0.0.1'"
    )
    monkeypatch.setenv("AIRFLOW_CONN_DB", mysql(mariadb, "clerk", **client))

    with store_of(LEDGER, FIRST) as store:
        store.write([line(1)])

    assert list(all_lines(LEDGER)) == [line(1)]
    with pytest.raises(
        SourceError, match=r"the ledger's table other cannot be read: .*; nor created: .*denied"
    ):
        LedgerTable(hook(), "other", FIRST)
    mariadb.admin("DROP TABLE warehouse.Contacts_Ledger")


@CLIENTS
def test_a_server_that_closed_an_idle_connection(
    mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch, client: dict[str, str]
) -> None:
    """It is opened again, and each line is there once."""
    monkeypatch.setenv("AIRFLOW_CONN_DB", mysql(mariadb, **client))
    idle = "SELECT group_concat(id) FROM information_schema.processlist WHERE user = 'loader'"
    with store_of(LEDGER, FIRST) as store:
        for row in range(1, 4):
            store.write([line(row)])
            for number in mariadb.admin(idle).split()[0].split(","):
                mariadb.admin(f"KILL {number}")

    assert [each["row"] for each in all_lines(LEDGER)] == [1, 2, 3]
    run("DROP TABLE Contacts_Ledger")


def test_a_line_that_a_table_refuses(table: str) -> None:
    """All lines of a write are kept, or none."""
    if table in {"sqlite", "snowflake"}:
        pytest.skip("SQLite takes a text for a number; the imitation of Snowflake inserts row by row")
    with store_of(LEDGER, FIRST) as store:
        store.write([line(1)])
        with pytest.raises(RuntimeError, match="accepts no lines of the ledger") as refused:
            store.write([line(2), line(3, status="c3@example.com")])

    assert "c3@" not in str(refused.value)
    assert [each["row"] for each in all_lines(LEDGER)] == [1]
