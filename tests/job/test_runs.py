"""A run without Airflow: what it finds, what it writes, and what becomes of its records."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.job.errors import PreflightError
from airflow_provider_hubcontact.job.settings import Key, Ledger, Query, Source, Writes
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.job.around import FROM_SQL, Around, run

CONTACTS = [
    {"email": "ada@example.com", "firstname": "Ada", "lifecyclestage": "customer"},
    {"email": "grace@example.com", "firstname": "Grace"},
]
RECORDS = [
    {"email": "ada@example.com", "firstname": "Augusta"},
    {"email": "grace@example.com", "firstname": "Grace"},
    {"email": "new@example.com", "firstname": "New"},
]


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        yield sandbox


def written(hubspot: Sandbox) -> list[str]:
    """Paths of the calls that wrote something."""
    return [each.path for each in hubspot.requests if each.path.endswith(("/update", "/create"))]


def test_a_query_says_how_many_rows_it_returned(hubspot: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """In the log, before the first of them is sent."""
    with caplog.at_level(logging.INFO):
        run(Around(hubspot, RECORDS), source=FROM_SQL)

    assert "The query returned 3 rows." in caplog.text


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"mapping": "firstname"}, ["mapping is column → property, not 'firstname'"]),
        ({"mapping": {"a": "city", "b": "city"}}, ["mapping has two columns for city"]),
        ({"mapping": {"a": "b"}, "key": Key(["email"])}, ["key: its column is a name, not ['email']"]),  # type: ignore[arg-type]
        ({"mapping": ["a"], "key": Key(becomes="new")}, ["mapping is column → property, not ['a']"]),
        (
            {"writes": Writes(nulls="drop", properties="x"), "upsert": "yes"},  # type: ignore[arg-type]
            ["upsert is True or False", "writes.nulls is one of", "writes.properties is property →"],
        ),
    ],
)
@pytest.mark.parametrize("source", [Source(), FROM_SQL], ids=["records", "query"])
def test_settings_that_are_not_valid(
    hubspot: Sandbox, settings: dict[str, Any], says: list[str], source: Source
) -> None:
    """A template may give anything: all is told, every record is accounted for, and none is sent."""
    around = Around(hubspot, RECORDS)

    ended = run(around, source=source, ledger=Ledger("l"), **settings)

    assert isinstance(ended.error, PreflightError)
    assert len(ended.error.problems) == len(says)
    assert all(told.startswith(part) for told, part in zip(ended.error.problems, says, strict=True))
    assert ended.outcomes == {"not_attempted": 3}
    assert [(line["row"], line["category"]) for line in around.books.lines] == [
        (1, "PREFLIGHT"),
        (2, "PREFLIGHT"),
        (3, "PREFLIGHT"),
    ]
    assert says[0] in ended.reasons
    assert written(hubspot) == []


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"source": Source(has_records=False)}, "give either records or sql"),
        ({"source": Source(has_records=False, query=Query("SELECT 1"))}, "sql needs sql_conn_id"),
        ({"ledger": Ledger("")}, "ledger is a path"),
        ({"max_failures": -1}, "max_failures is a count"),
        ({"max_failures": -1, "mapping": {}}, "mapping names no column"),
    ],
)
def test_settings_that_nothing_can_be_opened_with(
    hubspot: Sandbox, settings: dict[str, Any], says: str
) -> None:
    """They are told before anything is asked."""
    around = Around(hubspot, RECORDS)

    ended = run(around, **settings)

    assert isinstance(ended.error, PreflightError)
    assert says in ended.says
    assert (ended.outcomes, around.opened, hubspot.requests) == ({}, [], [])
