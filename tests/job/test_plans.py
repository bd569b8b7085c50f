"""Plans without Airflow: made, kept, checked, and applied as they were made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_hubcontact.job.settings import Ledger
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.job.around import Around, apply, plan

CONTACTS = [
    {"email": "ada@example.com", "firstname": "Ada", "lifecyclestage": "customer"},
    {"email": "grace@example.com", "firstname": "Grace"},
    {"email": "alan@example.com", "firstname": "Alan"},
]
RECORDS = [
    {"email": "ada@example.com", "firstname": "Augusta"},
    {"email": "grace@example.com", "firstname": "Grace B."},
    {"email": "alan@example.com", "firstname": "Alan"},
]


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        yield sandbox


def stored(hubspot: Sandbox, email: str, name: str) -> str | None:
    contact = hubspot.portal.contact(email)
    assert contact is not None
    return contact.properties.get(name)


def test_a_plan_has_no_lines_in_the_ledger(hubspot: Sandbox, tmp_path: Path) -> None:
    """It is opened, since a wrong one is better told now; its lines come when the plan is applied."""
    around = Around(hubspot, RECORDS)

    made = plan(around, tmp_path, ledger=Ledger("l"), verify=True)
    before = list(around.books.lines)
    applied = apply(around, tmp_path)

    assert (made.error, made.report["ledger"], made.report["verified"]) == (None, None, None)
    assert (before, len(around.books.lines)) == ([], 2)
    assert (applied.report["ledger"], applied.report["verified"]) == ("l", {"records": 2, "calls": 1})
