# SPDX-License-Identifier: Apache-2.0
"""Every row of a query is read, over the connection that Airflow's own hook opens, with what it is set to."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow")

from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.providers.postgres.hooks.postgres import PostgresHook

from airflow_provider_hubcontact.cli.files import records_in
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.sources.drivers import NO_SUCH_TIME, driver_of
from airflow_provider_hubcontact.operators.sources.queries import database as hook_of
from airflow_provider_hubcontact.operators.sources.queries import query
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.rows.values import UnreadableValue
from tests.airflow.running import connect, run, stored

ROWS = {
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s LIMIT {}) SELECT n FROM s",
    "postgres": "SELECT n FROM generate_series(1, {}) AS n",
}


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Name the database of the connection ``db``."""
    sqlite = json.dumps({"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")})
    connection = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_uri")
    monkeypatch.setenv("AIRFLOW_CONN_DB", connection)
    return str(request.param)


@pytest.fixture
def postgres(postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set the connection ``db`` to PostgreSQL."""
    monkeypatch.setenv("AIRFLOW_CONN_DB", postgres_uri)
    return postgres_uri


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    contacts = [{"email": f"{name}@example.com"} for name in ("ada", "grace", "alan")]
    with Sandbox(contacts=contacts) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def read(sql: str, hook: DbApiHook | None = None) -> list[dict[str, Any]]:
    with query(hook or hook_of("db"), sql) as rows:
        return list(rows)


@pytest.mark.parametrize("rows", [0, 1, 2, 999, 1_000, 1_001, 2_000, 2_001])
def test_from_the_first_to_the_last(database: str, rows: int) -> None:
    """As many rows as there are, around what is fetched at once."""
    sql = ROWS[database].format(rows)

    assert [row["n"] for row in read(sql)] == list(range(1, rows + 1))
    assert read(f"SELECT count(*) AS c FROM ({sql}) AS r") == [{"c": rows}]  # noqa: S608


@pytest.mark.parametrize("cursor", ["dictcursor", "realdictcursor", "namedtuplecursor"])
def test_the_connections_own_cursor(postgres_uri: str, monkeypatch: pytest.MonkeyPatch, cursor: str) -> None:
    """Rows of mappings are rows."""
    monkeypatch.setenv("AIRFLOW_CONN_DB", f"{postgres_uri}?cursor={cursor}")
    try:
        hook_of("db").get_conn().close()
    except ValueError:
        pytest.skip("psycopg 3 has no such cursor")

    assert read("SELECT 'ada@example.com' AS email, 1 AS n") == [{"email": "ada@example.com", "n": 1}]


def test_another_hook_over_the_same_driver(postgres: str) -> None:
    """The driver of the connection decides, not the connection's type."""

    class OtherHook(PostgresHook):
        conn_type = "other"

    names = "SELECT count(*) FROM pg_cursors WHERE name LIKE 'hubcontact%'"

    assert read(f"SELECT ({names}) AS n", OtherHook("db")) == [{"n": 1}]


def test_the_connections_settings_hold(postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the connection sets for its session is set for the query."""
    options = "-c%20default_transaction_read_only%3Don%20-c%20application_name%3Dmine"
    monkeypatch.setenv("AIRFLOW_CONN_DB", f"{postgres_uri}?options={options}")
    sql = "SELECT current_setting('transaction_read_only') AS r, current_setting('application_name') AS a"

    assert read(sql) == [{"r": "on", "a": "mine"}]


class _Mappings:
    """A cursor that a driver nobody knows would have: its rows are mappings."""

    description = (("email",), ("n",))

    def __init__(self, rows: list[Mapping[str, Any]]) -> None:
        self._rows = rows

    def execute(self, sql: str) -> None:
        pass

    def fetchmany(self, size: int) -> Sequence[Any]:
        some, self._rows = self._rows[:size], self._rows[size:]
        return some

    def close(self) -> None:
        pass


class _Connection:
    is_closed = False

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def cursor(self) -> Any:
        return self._cursor

    def close(self) -> None:
        self.is_closed = True


class _Hook(DbApiHook):
    conn_name_attr = "other_conn_id"

    def __init__(self, cursor: Any) -> None:
        super().__init__()
        self.opened = _Connection(cursor)

    def get_conn(self) -> Any:
        return self.opened


def test_a_driver_that_nobody_knows(caplog: pytest.LogCaptureFixture) -> None:
    """It is read some rows at a time, its connection is closed, and the log tells about memory, once."""
    given = [{"n": n, "email": f"c{n}@example.com"} for n in range(2_001)]
    hook = _Hook(_Mappings(list(given)))

    with caplog.at_level("INFO"), query(hook, "SELECT") as rows:
        assert hook.opened.is_closed
        assert list(rows) == given

    assert caplog.text.count("it may hold all rows in memory") == 1


class _Fancy:
    def __reduce__(self) -> str:
        raise TypeError("it cannot be pickled")


def test_a_type_that_cannot_be_kept_is_named() -> None:
    """With its column and its row."""
    given = [{"email": "a", "n": 1}, {"email": "b", "n": _Fancy()}]

    with pytest.raises(
        SourceError, match="row 2 of the query: a _Fancy in n cannot be stored: cast it in SQL"
    ):
        read("SELECT", _Hook(_Mappings(given)))  # type: ignore[arg-type]


TIMES = ["infinity", "-infinity", "0044-03-15 BC", "12026-01-02"]


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
def test_times_that_python_does_not_have(postgres: str, kind: str) -> None:
    """They stand for themselves in their rows, also in a list, and the other rows are read."""
    values = ", ".join(f"({n}, '{time}'::{kind})" for n, time in enumerate([*TIMES, "2026-01-02"]))

    rows = read(f"SELECT v, ARRAY[v] AS l FROM (VALUES {values}) AS t (n, v) ORDER BY n")  # noqa: S608

    assert [type(row["v"]) for row in rows[:-1]] == [UnreadableValue] * len(TIMES)
    assert [type(row["l"][0]) for row in rows[:-1]] == [UnreadableValue] * len(TIMES)
    with query(hook_of("db"), f"SELECT v FROM (VALUES {values}) AS t (n, v) ORDER BY n") as spool:  # noqa: S608
        assert spool.examples == {"v": rows[-1]["v"]}  # what a column's type is guessed from
    last = rows[-1]["v"]
    assert (last if kind == "date" else last.date()) == date(2026, 1, 2)


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
def test_no_time_is_no_time(postgres: str, kind: str) -> None:
    """Nothing is nothing, and no time that cannot be read; in a list neither."""
    assert read(f"SELECT NULL::{kind} AS v, ARRAY[NULL::{kind}] AS l") == [{"v": None, "l": [None]}]


def test_a_row_with_such_a_time_is_invalid(postgres: str, hubspot: Sandbox) -> None:
    """Row and column are named, and the others go on."""
    sql = (
        "SELECT * FROM (VALUES ('ada@example.com', 'infinity'::date), ('grace@example.com', '1906-12-09'), "
        "('alan@example.com', '0044-03-15 BC')) AS t (email, date_of_birth)"
    )

    ended = run(sql=sql, sql_conn_id="db", status_actions={"invalid": "succeed"})

    assert ended.error is None
    assert ended.outcomes == {"invalid": 2, "updated": 1}
    assert {(each["row"], tuple(each["properties"])) for each in ended.report["problems"]} == {
        (1, ("date_of_birth",)), (3, ("date_of_birth",)),
    }  # fmt: skip
    assert "a time that Python does not have" in ended.reasons
    assert stored(hubspot, "grace@example.com", "date_of_birth") == "1906-12-09"


def test_text_that_is_not_in_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hubspot: Sandbox) -> None:
    """SQLite keeps any bytes as text; their row is invalid, and the others go on."""
    path = tmp_path / "warehouse.db"
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE people (email TEXT, city TEXT)")
        db.execute("INSERT INTO people VALUES ('ada@example.com', CAST(x'636166e9' AS TEXT))")
        db.execute("INSERT INTO people VALUES ('alan@example.com', 'Wilmslow')")

    ended = run(sql="SELECT * FROM people", sql_conn_id="db")

    assert ended.outcomes == {"invalid": 1, "updated": 1}
    assert "city: a text that is not in UTF-8" in ended.reasons


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT no_such_column FROM people",
        "SELECT * FROM no_such_table",
        "SELEC 1",
        "UPDATE people SET email = 'x'",
    ],
)
def test_a_wrong_query_is_not_tried_again(database: str, hubspot: Sandbox, sql: str) -> None:
    """It fails the task with one sentence, before anything is sent."""
    with closing(hook_of("db").get_conn()) as connection:
        connection.cursor().execute("CREATE TABLE IF NOT EXISTS people (email VARCHAR(50))")
        connection.commit()

    ended = run(sql=sql, sql_conn_id="db")

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert str(ended.error).startswith("HC-511: the query ")
    assert ended.error.__suppress_context__


@pytest.mark.parametrize("rows", [1, 1_500])
def test_an_error_quotes_no_value(
    postgres: str, hubspot: Sandbox, caplog: pytest.LogCaptureFixture, rows: int
) -> None:
    """Which value a database could not take is in neither log nor error; which rows it was is."""
    values = (
        f"SELECT CASE WHEN n < {rows} THEN '1' ELSE 'ada@example.com' END AS v "  # noqa: S608
        f"FROM generate_series(1, {rows}) AS n"
    )

    with caplog.at_level("DEBUG"):
        ended = run(sql=f"SELECT v::int AS n, v AS email FROM ({values}) t", sql_conn_id="db")  # noqa: S608

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert f"the query failed in rows {rows // 1_000 * 1_000 + 1:,} to " in str(ended.error)
    assert "22P02" in str(ended.error)
    assert "; if a value cannot be read, cast it in SQL" in str(ended.error)
    assert "ada@" not in str(ended.error) + caplog.text


def test_a_server_that_is_gone(monkeypatch: pytest.MonkeyPatch, hubspot: Sandbox) -> None:
    """It may be back at the next try; the password is not told."""
    monkeypatch.setenv("AIRFLOW_CONN_DB", "postgresql://loader:s3cr%2Ft@127.0.0.1:9/warehouse")

    ended = run(sql="SELECT 1 AS email", sql_conn_id="db")

    assert isinstance(ended.error, HubSpotSyncIncomplete)
    assert "the database of db cannot be reached: " in str(ended.error)
    assert not any(form in str(ended.error) for form in ("s3cr/t", "s3cr%2Ft"))


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        (None, "the connection db does not exist"),
        (
            {"conn_type": "generic", "host": "a"},
            "'generic', for which no hook can be loaded: install the provider",
        ),
        ({"conn_type": "snowflake", "host": "a"}, "install apache-airflow-providers-snowflake"),
        ({"conn_type": "databricks", "host": "a"}, "install apache-airflow-providers-databricks"),
        ({"conn_type": "google_cloud_platform"}, "install apache-airflow-providers-google"),
        ({"conn_type": "hubspot"}, "the connection db is not a SQL database: its type is 'hubspot'"),
    ],
)
def test_what_is_no_database(
    monkeypatch: pytest.MonkeyPatch, hubspot: Sandbox, connection: object, said: str
) -> None:
    """The error names the connection and what to install; the task is not tried again."""
    if connection:
        monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(connection))

    ended = run(sql="SELECT 1 AS email", sql_conn_id="db")

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert said in str(ended.error)


class _Unset(_Hook):
    def get_conn(self) -> Any:
        raise RuntimeError("no connector is set")


def test_a_connection_that_lacks_something(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the hook says of its connection is the error, without the password."""
    connection = {"conn_type": "generic", "password": "connector"}
    monkeypatch.setenv("AIRFLOW_CONN_DEFAULT_CONN_ID", json.dumps(connection))
    wanted = r"the connection default_conn_id cannot be used: no \*\*\* is set \(RuntimeError\)"

    with pytest.raises(SourceError, match=wanted):
        read("SELECT 1", _Unset(None))


@pytest.mark.parametrize("value", ["infinity", "-infinity"])
def test_infinity_of_duckdb(tmp_path: Path, value: str) -> None:
    """It is not the year 9999, nor 1, whether a query gives it or a file."""
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        rows = connection.sql(f"SELECT TIMESTAMP '{value}' AS at, TIMESTAMP '2026-01-01' AS other")
        rows.write_parquet(str(tmp_path / "rows.parquet"))
        (row,) = driver_of(connection).read(rows.fetchall())

    with records_in(str(tmp_path / "rows.parquet")) as source:
        (of_file,) = source

    assert row == (UnreadableValue(NO_SUCH_TIME), datetime(2026, 1, 1))  # noqa: DTZ001 - it has no zone
    assert of_file == dict(zip(("at", "other"), row, strict=True))
