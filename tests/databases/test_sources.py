# SPDX-License-Identifier: Apache-2.0
"""Queries on real databases: every row and type, the connection's own settings; ``make test-databases``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

pytest.importorskip("airflow")
if "DATABASES_RUN" not in os.environ:
    pytest.skip("an environment of its own has the drivers: make test-databases", allow_module_level=True)

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.errors import HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.sources.queries import query
from airflow_provider_hubcontact.sync.rows.values import UnreadableValue
from tests.databases.conftest import PASSWORD, USER, mysql
from tests.databases.mariadb import MariaDB

SERIES = {
    "sqlite": "WITH RECURSIVE s(n) AS (VALUES (1) UNION SELECT n + 1 FROM s WHERE n < {}) SELECT n FROM s",
    "postgres": "SELECT generate_series(1, {}) AS n",
    "mariadb": "SELECT seq AS n FROM seq_1_to_{}",
    "duckdb": "SELECT range AS n FROM range(1, {} + 1)",
    "snowflake": "SELECT range AS n FROM range(1, {} + 1)",
}


def run(*statements: str) -> Any:
    """Run statements over the hook's own connection, and return the last one's rows."""
    with closing(BaseHook.get_connection("db").get_hook().get_conn()) as connection:
        with closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else None
        connection.commit()
    return rows


def read(sql: str, parameters: Any = None) -> list[dict[str, Any]]:
    with query(BaseHook.get_connection("db").get_hook(), sql, parameters) as rows:
        found = list(rows)
        assert len(rows) == len(found)
    return [
        {name.lower(): value for name, value in row.items()} for row in found
    ]  # Snowflake's are upper-case


@pytest.fixture
def people(database: str) -> Iterator[str]:
    """Name a table that does not exist."""
    table = "people"
    run(f"DROP TABLE IF EXISTS {table}")
    yield table
    run(f"DROP TABLE IF EXISTS {table}")


@pytest.mark.parametrize("rows", [0, 1, 2, 1_000, 1_001, 100_000])
def test_every_row_is_read(database: str, people: str, rows: int) -> None:
    """As many rows as the database counts, from the first to the last, in its order."""
    if rows > 1_001 and database in {"sqlite", "duckdb", "snowflake"}:
        pytest.skip("servers are what has many rows")
    series = SERIES[database.partition(" ")[0]].format(max(rows, 1))
    run(f"CREATE TABLE {people} AS {series}", *([] if rows else [f"DELETE FROM {people}"]))  # noqa: S608

    ((counted,),) = run(f"SELECT count(*) FROM {people}")  # noqa: S608
    found = read(f"SELECT n FROM {people} ORDER BY n;  -- all of them")  # noqa: S608

    assert counted == rows
    assert [row["n"] for row in found] == list(range(1, rows + 1))


MEASURE = """
import json, resource, sys
from airflow.providers.common.compat.sdk import BaseHook
from airflow_provider_hubcontact.operators.sources.queries import query

def drain(rows):
    with query(BaseHook.get_connection("db").get_hook(), sys.argv[1].replace("ROWS", str(rows))) as spool:
        assert sum(1 for _ in spool) == rows

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

if len(sys.argv) > 2:
    import pymysql
    pymysql.install_as_MySQLdb()
drain(10_000)
before = peak()
drain(100_000)
print(json.dumps({"before": before, "grown": peak() - before}))
"""
WIDE = {
    "postgres": "SELECT i, repeat('x', 300) AS x FROM generate_series(1, ROWS) AS i",
    "mariadb": "SELECT seq, repeat('x', 300) AS x FROM seq_1_to_ROWS",
    "duckdb": "SELECT range, repeat('x', 300) AS x FROM range(1, ROWS + 1)",
}


def test_memory_is_constant(database: str) -> None:
    """A hundred thousand rows, which are 30 MB, take no more memory than ten thousand."""
    sql = WIDE.get(database.partition(" ")[0])
    if sql is None:
        pytest.skip("SQLite has all rows in its file; Snowflake is an imitation here")
    command = [sys.executable, "-c", MEASURE, sql, *(["pymysql"] if database.endswith("pymysql") else [])]

    measured = subprocess.run(command, capture_output=True, text=True, check=False)

    assert measured.returncode == 0, measured.stderr[-2000:]
    memory = json.loads(measured.stdout.splitlines()[-1])
    assert memory["grown"] < 20, f"{memory['grown']} MiB more than {memory['before']} MiB"


VALUES = {
    "text": ("'ä😀'", "ä😀"),
    "none": ("NULL", None),
    "whole": ("7", 7),
    "exact": ("CAST(1.50 AS DECIMAL(10, 2))", Decimal("1.50")),
    "day": ("DATE '2026-01-02'", date(2026, 1, 2)),
    "moment": ("TIMESTAMP '2026-01-02 03:04:05'", datetime(2026, 1, 2, 3, 4, 5)),  # noqa: DTZ001 - it has no zone
}


def test_values_have_their_types(database: str) -> None:
    """What ``docs/mapping.md`` says of types is given what it is about."""
    if database == "sqlite":
        pytest.skip("SQLite has numbers and texts only")

    (row,) = read("SELECT " + ", ".join(f"{sql} AS v_{name}" for name, (sql, _) in VALUES.items()))

    assert row == {f"v_{name}": value for name, (_, value) in VALUES.items()}


def test_parameters_and_percent_signs(database: str) -> None:
    """Parameters are in the driver's style; without them a % is a %."""
    marker = BaseHook.get_connection("db").get_hook().placeholder

    assert read(f"SELECT {marker} AS v", ["it's"]) == [{"v": "it's"}]
    assert read("SELECT 'a%b %s' AS v") == [{"v": "a%b %s"}]


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM no_such_table", "SELEC 1", "SELECT no_such_column FROM people"]
)
def test_a_wrong_statement_is_not_tried_again(database: str, people: str, sql: str) -> None:
    """It is one clear error."""
    run(f"CREATE TABLE {people} (email VARCHAR(50))")

    with pytest.raises(SourceError, match="the query failed: "):
        read(sql)


def test_an_error_quotes_no_value(database: str, people: str) -> None:
    """A database says which value it could not take; that gets into no error."""
    if database in {"sqlite", "mariadb with mysqlclient", "mariadb with pymysql"} or "connector" in database:
        pytest.skip("it takes any text for a number")
    run(f"CREATE TABLE {people} (email VARCHAR(50))", f"INSERT INTO {people} VALUES ('ada@example.com')")  # noqa: S608

    with pytest.raises(SourceError) as caught:
        read(f"SELECT CAST(email AS INTEGER) AS n FROM {people}")  # noqa: S608

    assert "ada@" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_two_columns_of_one_name(database: str) -> None:
    """One would hide the other."""
    with pytest.raises(SourceError, match=r"two columns called [aA]"):
        read("SELECT 1 AS a, 2 AS a")


@pytest.mark.parametrize(
    "client", [{}, {"cursor": "dictcursor"}, {"cursor": "ssdictcursor"}, {"cursor": "sscursor"}]
)
@pytest.mark.parametrize("driver", ["mysqlclient", "pymysql"])
def test_mysql_with_tls_and_any_cursor(
    mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch, client: dict[str, str], driver: str,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    """A user that must use TLS can be used, and the query goes over it; rows of any cursor are rows."""
    if driver == "pymysql":
        request.getfixturevalue("pymysql")
    mariadb.admin(
        f"CREATE USER IF NOT EXISTS safe@'127.0.0.1' IDENTIFIED BY '{PASSWORD}' REQUIRE SSL; "
        "GRANT ALL ON warehouse.* TO safe@'127.0.0.1'"
    )
    monkeypatch.setenv("AIRFLOW_CONN_DB", mysql(mariadb, "safe", ssl={"ca": str(mariadb.ca)}, **client))

    (row,) = read("SHOW STATUS LIKE 'Ssl_cipher'")

    assert row["variable_name"] == "Ssl_cipher"
    assert row["value"]


@pytest.mark.parametrize("driver", ["mysqlclient", "pymysql"])
def test_days_that_are_none(
    mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch, driver: str, request: pytest.FixtureRequest
) -> None:
    """MySQL's zero date is no value; half a date is one that cannot be read, and the others go on."""
    if driver == "pymysql":
        request.getfixturevalue("pymysql")
    monkeypatch.setenv("AIRFLOW_CONN_DB", mysql(mariadb))
    days = ("0000-00-00", "2024-00-00", "2024-02-03")

    rows = read(" UNION ALL ".join(f"SELECT CAST('{day}' AS DATE) AS day" for day in days))

    assert [row["day"] for row in rows][::2] == [None, date(2024, 2, 3)]
    assert isinstance(rows[1]["day"], UnreadableValue)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("driver", ["mysqlclient", "pymysql"])
def test_a_server_that_breaks_off(
    mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch, driver: str, request: pytest.FixtureRequest
) -> None:
    """Rows that did not come are not taken for the end: the task is tried again."""
    if driver == "pymysql":
        request.getfixturevalue("pymysql")
    monkeypatch.setenv("AIRFLOW_CONN_DB", mysql(mariadb))
    killer = Thread(target=kill_what_sleeps, args=[mariadb])
    killer.start()

    with pytest.raises(HubSpotSyncIncomplete, match=r"the query failed in rows .*[0-9],001 to "):
        read("SELECT seq, repeat('x', 500) AS x, IF(seq = 50000, SLEEP(60), 0) AS y FROM seq_1_to_100000")
    killer.join()


def kill_what_sleeps(server: MariaDB) -> None:
    """End the connection whose query sleeps."""
    running = "SELECT id FROM information_schema.processlist WHERE state = 'User sleep'"
    while not (found := server.admin(running).split()):
        time.sleep(0.05)
    server.admin(f"KILL CONNECTION {found[0]}")


def test_duckdb_is_read_only_and_let_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The connection's own settings hold, and the file is free again when the last row is on disk."""
    import duckdb  # noqa: PLC0415 - only this environment has it

    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(path) as made:
        made.execute("CREATE TABLE people AS SELECT 'ada@example.com' AS email")
    extra = {"read_only": True, "threads": 1, "settings": {"default_null_order": "nulls_first"}}
    monkeypatch.setenv(
        "AIRFLOW_CONN_DB", json.dumps({"conn_type": "duckdb", "host": str(path), "extra": extra})
    )
    settings = "current_setting('access_mode') AS mode, current_setting('threads') AS threads"
    writes = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('INSERT INTO people VALUES (1)')"

    with query(BaseHook.get_connection("db").get_hook(), f"SELECT {settings} FROM people") as rows:  # noqa: S608
        assert list(rows) == [{"mode": "read_only", "threads": 1}]
        done = subprocess.run([sys.executable, "-c", writes, str(path)], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr


def test_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that cannot be reached may be back at the next try; the password is not told."""
    connection = {"conn_type": "mysql", "host": "127.0.0.1", "port": 9, "login": USER, "password": PASSWORD}
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(connection))

    with pytest.raises(HubSpotSyncIncomplete, match="the database of db cannot be reached: ") as caught:
        read("SELECT 1")

    assert PASSWORD not in str(caught.value)
