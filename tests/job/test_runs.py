"""A run without Airflow: what it finds, what it writes, and what becomes of its records."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

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
