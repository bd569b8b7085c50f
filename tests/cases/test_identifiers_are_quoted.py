# SPDX-License-Identifier: Apache-2.0
"""What names a table is a name and nothing more; a statement ends where its author ended it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("airflow")

from airflow_provider_hubcontact.cli.main import main
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.settings.checks import is_table
from airflow_provider_hubcontact.job.source.statements import one_statement
from airflow_provider_hubcontact.job.source.watermark import Watermark
from airflow_provider_hubcontact.operators.sources.drivers import driver_of
from airflow_provider_hubcontact.operators.sources.queries import database as hook_of
from airflow_provider_hubcontact.operators.sources.queries import query
from airflow_provider_hubcontact.operators.stores.ledger_files import all_lines
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.decide.policy import Policy
from tests.airflow.running import connect, run

INJECTIONS = [
    "l(a int); DROP TABLE victim; --",
    'l"; DROP TABLE victim; --',
    "l` (a int); DROP TABLE victim",
    "victim WHERE 1=1",
    "a.b.c.d",
    "a..b",
    ".a",
    "1a",
    "l?x=1",
    "l#x",
    "l/m",
    "l%20m",
    "l-m",
    "",
    "l\nDROP",
]


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A SQLite database behind the connection ``c``, with a table that must stay."""
    path = tmp_path / "books.db"
    monkeypatch.setenv("AIRFLOW_CONN_C", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE victim (a INT)")
    return path


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as db:
        return {name for (name,) in db.execute("SELECT name FROM sqlite_master")}


@pytest.mark.parametrize("name", INJECTIONS)
def test_a_ledgers_table_is_only_a_name(
    name: str, books: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever else stands in its place is refused with a sentence, for writing and for reading."""
    with pytest.raises(ValueError, match="ledger must be sql://conn_id/table") as refused:
        run(records=[{"email": "ada@example.com", "city": "Rome"}], ledger=f"sql://c/{name}")

    assert str(refused.value).isprintable()
    assert tables(books) == {"victim"}
    assert main(["ledger", "summary", f"sql://c/{name}"]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["order", "main.group", "Müller", "l$1", "_a"])
def test_names_that_are_words_of_sql(name: str, books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is quoted, and may so be any word; a schema may stand before it."""
    with Sandbox(contacts=[{"email": "ada@example.com"}]) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        ended = run(records=[{"email": "ada@example.com", "city": "Rome"}], ledger=f"sql://c/{name}")

    assert ended.error is None
    assert [line["outcome"] for line in all_lines(f"sql://c/{name}")] == ["updated"]
    assert name.rpartition(".")[2] in tables(books)


@given(st.text(max_size=20))
def test_a_quoted_name_cannot_end_its_quotation(name: str) -> None:
    """A name that is taken has nothing in it that any database could take for more."""
    if is_table(name):
        quoted = driver_of(sqlite3.connect(":memory:")).quoted(name)
        assert quoted == ".".join(f'"{part}"' for part in name.split("."))
        assert not set(name) & set("\"'`;()-/*\\ \t\n")


ENDS = [
    "",
    ";",
    " ;\n",
    "; -- it's all; of it",
    ";-- a\n;\n-- b",
    "; /* it's; */ ;",
    "; # MySQL's\n -- x",
    "\n-- a",
]
STATEMENTS = [
    "SELECT 1 AS at",
    "SELECT ';' AS a, 1 AS at",
    "SELECT '--;' AS a, 1 AS at",
    "SELECT 'it''s; /*' AS a, 1 AS at",
    'SELECT 2 AS ";--", 1 AS at',
    "SELECT 1 /* ; */ AS at",
    "SELECT 1 -- ;\n AS at",
]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_ends_a_query(statement: str, end: str, books: Path) -> None:
    """A semicolon and comments at the end change nothing, with and without a watermark."""
    for since in (None, {"type": "int", "value": "0"}):
        watermark = Watermark("at", _Mark(since), Policy.of({}, 0))
        sql, parameters = watermark.since_query(statement + end, None, "?")
        with query(hook_of("c"), sql, parameters) as rows:
            assert [row["at"] for row in rows] == [1]
    with query(hook_of("c"), statement + end) as rows:
        assert [row["at"] for row in rows] == [1]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "SELECT $$;--$$",
        "SELECT $a$ ; $a$ -- b",
        r"SELECT '\'; -- '",
        "SELECT `;` FROM t",
        "",
    ],
)
def test_what_is_not_the_end(sql: str) -> None:
    """What a semicolon in a text, or another statement after it, looks like is left as it is."""
    assert one_statement(sql) == sql


class _Mark:
    def __init__(self, value: dict[str, str] | None) -> None:
        self._value = value

    def get(self) -> dict[str, str] | None:
        return self._value

    def set(self, value: dict[str, str]) -> None:
        raise AssertionError(value)


@pytest.mark.parametrize("address", ["sql://", "sql://c", "sql:///t", "sql://[/t"])
def test_an_address_without_both_parts(address: str, books: Path) -> None:
    """A connection and a table are needed."""
    with pytest.raises(SourceError):
        list(all_lines(address))
    _: Any = books
