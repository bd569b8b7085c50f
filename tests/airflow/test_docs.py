"""What the pages of ``docs`` show can be done."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.ledger import FIELDS
from tests.airflow.running import CONTACTS, connect, run

DOCS = Path(__file__).parent.parent.parent / "docs"
RECORDS = [
    {"email": "ada@example.com", "firstname": "Augusta"},
    {"email": "grace@example.com", "firstname": "Grace"},
    {"email": "nobody@example.com"},
]


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with a ledger in ``ledger``, and a database with the same in ``books.db``."""
    monkeypatch.chdir(tmp_path)
    books = {"conn_type": "sqlite", "host": str(tmp_path / "books.db")}
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", json.dumps(books))
    for settings in ({"ledger": "ledger"}, {"ledger": "sql://books/contacts_ledger"}):
        with Sandbox(contacts=CONTACTS) as sandbox:
            connect(monkeypatch, sandbox.url, sandbox.token)
            run(records=RECORDS, **settings)
    return tmp_path


COUNTS = {"updated": 1, "unchanged": 1, "not_found": 1}


def test_the_ledger_in_duckdb(ledger: Path) -> None:
    """The page's line of DuckDB counts the outcomes."""
    duckdb = pytest.importorskip("duckdb")
    (code,) = [block for block in blocks("ledger.md", "python") if block.startswith("duckdb")]

    assert dict(eval(code, {"duckdb": duckdb}).fetchall()) == COUNTS  # noqa: S307 - our own page


def test_the_ledger_in_pandas(ledger: Path) -> None:
    """The page's line of pandas does."""
    pandas = pytest.importorskip("pandas")
    (code,) = [block for block in blocks("ledger.md", "python") if block.startswith("pandas")]

    assert dict(eval(code, {"pandas": pandas, "Path": Path})) == COUNTS  # noqa: S307 - our own page


def test_the_ledger_in_sql(ledger: Path) -> None:
    """The page's query does."""
    (query,) = blocks("ledger.md", "sql")
    with sqlite3.connect(ledger / "books.db") as books:
        assert dict(books.execute(query).fetchall()) == COUNTS


def test_every_field_is_told() -> None:
    """The table of fields has them all."""
    text = (DOCS / "ledger.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"\| field \|.*?\n\n", text, re.DOTALL)
    named = [
        name for row in table.strip().splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]

    assert sorted(named) == sorted(FIELDS)


@pytest.mark.parametrize("page", ["ledger.md", "plans.md"])
def test_operators_can_be_made(page: str) -> None:
    """Every operator that a page shows has the keywords that the page gives it."""
    shown = [block for block in blocks(page, "python") if "HubSpotUpdateContactOperator(" in block]
    names: dict[str, Any] = {"HubSpotUpdateContactOperator": HubSpotUpdateContactOperator}

    assert shown
    with DAG("shown", schedule=None):
        for block in shown:
            call = block[block.index("HubSpotUpdateContactOperator(") :]
            assert isinstance(eval(call, names), HubSpotUpdateContactOperator)  # noqa: S307 - our own page
