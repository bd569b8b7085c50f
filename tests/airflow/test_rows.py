# SPDX-License-Identifier: Apache-2.0
"""Sources: an XCom value, or a query that is drained to disk."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.sources.queries import query

MEASURE = """
import json, resource, sys
from airflow.providers.common.compat.sdk import BaseHook
from airflow_provider_hubcontact.operators.sources.queries import query

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

def drain(rows):
    sql = f"SELECT i, 'c-' || i || '@example.com', repeat('x', 100) FROM generate_series(1, {rows}) AS i"
    with query(BaseHook.get_connection("db").get_hook(), sql) as spool:
        return sum(1 for _ in spool)

assert drain(10_000) == 10_000
before = peak()
assert drain(1_000_000) == 1_000_000
print(json.dumps({"before": before, "grown": peak() - before}))
"""


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Name the database of the connection ``db``."""
    if request.param == "sqlite":
        connection = json.dumps({"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")})
    else:
        connection = request.getfixturevalue("postgres_uri")
    monkeypatch.setenv("AIRFLOW_CONN_DB", connection)
    return str(request.param)


class TestQuery:
    def test_types_survive_the_spool(self, database: str) -> None:
        """A value comes back with the type that the driver gave it."""
        sql = "SELECT 1 AS a, 'ä' AS b, NULL AS c, 1.5 AS d"
        if database == "postgres":
            sql += (
                ", DATE '2026-01-02' AS e, TIMESTAMPTZ '2026-01-02 03:04:05Z' AS f, TRUE AS g, BYTEA 'x' AS h"
            )

        with query(BaseHook.get_connection("db").get_hook(), sql) as rows:
            (row,) = rows

        expected = {"a": 1, "b": "ä", "c": None, "d": 1.5 if database == "sqlite" else Decimal("1.5")}
        if database == "postgres":
            moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
            expected |= {"e": date(2026, 1, 2), "f": moment, "g": True, "h": b"x"}
        assert row == expected

    def test_rows_can_be_read_twice(self, database: str) -> None:
        """The spool is no cursor: it starts again."""
        with query(BaseHook.get_connection("db").get_hook(), "SELECT 1 AS a UNION ALL SELECT 2") as rows:
            assert [row["a"] for row in rows] == [row["a"] for row in rows] == [1, 2]
            assert len(rows) == 2

    def test_parameters_are_the_drivers(self, database: str) -> None:
        """Parameters are passed in the driver's own style."""
        sql = "SELECT ? AS a" if database == "sqlite" else "SELECT %s::text AS a"

        with query(BaseHook.get_connection("db").get_hook(), sql, ["it's"]) as rows:
            assert [row["a"] for row in rows] == ["it's"]

    def test_two_columns_of_one_name_are_refused(self, database: str) -> None:
        """A column that would hide another one is named."""
        with (
            pytest.raises(SourceError, match="two columns called a"),
            query(BaseHook.get_connection("db").get_hook(), "SELECT 1 AS a, 2 AS a"),
        ):
            pass

    def test_no_rows(self, database: str) -> None:
        """An empty result is a source with columns and no rows."""
        with query(BaseHook.get_connection("db").get_hook(), "SELECT 1 AS a WHERE 1 = 0") as rows:
            assert (len(rows), list(rows), rows.columns) == (0, [], ("a",))

    def test_a_million_rows_take_constant_memory(
        self, postgres_uri: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Draining a million rows from Postgres needs no more memory than draining ten thousand."""
        monkeypatch.setenv("AIRFLOW_CONN_DB", postgres_uri)

        measured = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)

        memory = json.loads(measured.stdout.splitlines()[-1])
        assert memory["grown"] < 10, f"{memory['grown']} MiB more than {memory['before']} MiB"
