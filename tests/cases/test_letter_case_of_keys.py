# SPDX-License-Identifier: Apache-2.0
"""Rows that spell a key with other letters in upper case are rows of the contact that HubSpot finds by it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from tests.job.around import Around, run

LOGIN = Definition("login", "Login", unique=True)
BY_LOGIN = Key("login", "login")
ADA = {"login": "ada-1", "email": "ada@example.com", "firstname": "old"}


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=[ADA], properties=[LOGIN]) as sandbox:
        yield sandbox


def people(hubspot: Sandbox) -> list[tuple[str | None, str | None, str | None]]:
    """Login, first name and city of each contact."""
    contacts = hubspot.portal.contacts.values()
    return [tuple(each.properties.get(name) for name in ("login", "firstname", "city")) for each in contacts]  # type: ignore[misc] # three names


@pytest.mark.parametrize("verify", [False, True])
@pytest.mark.parametrize("upsert", [False, True])
def test_a_contact_that_is_spelt_otherwise(hubspot: Sandbox, upsert: bool, verify: bool) -> None:
    """It is updated, and keeps its own spelling."""
    around = Around(hubspot, [{"login": "ADA-1", "firstname": "Ada"}])

    ended = run(around, key=BY_LOGIN, upsert=upsert, verify=verify)

    assert ended.outcomes == {"updated": 1}
    assert people(hubspot) == [("ada-1", "Ada", None)]
    assert run(around, key=BY_LOGIN, upsert=upsert).outcomes == {"unchanged": 1}


@pytest.mark.parametrize("compare", [True, False])
@pytest.mark.parametrize("login", ["ada-1", "new-1"], ids=["there", "new"])
def test_two_spellings_in_one_run(hubspot: Sandbox, login: str, compare: bool) -> None:
    """Each row is written to the one contact."""
    rows = [{"login": login, "firstname": "Ada"}, {"login": login.upper(), "city": "Rome"}]

    ended = run(Around(hubspot, rows), key=BY_LOGIN, upsert=True, writes=Writes(compare=compare))

    assert sum(ended.outcomes.values()) == ended.outcomes.get("updated", 0) + ended.outcomes.get("created", 0)
    assert [each[1:] for each in people(hubspot) if str(each[0]).lower() == login] == [("Ada", "Rome")]
    assert len(people(hubspot)) == len({"ada-1", login})


def test_addresses_have_one_spelling(hubspot: Sandbox) -> None:
    """Rows of one address are rows of one key, however they spell it."""
    rows = [
        {"email": " Ada@Example.com", "firstname": "Ada"},
        {"email": "ADA@example.com", "firstname": "A."},
    ]

    ended = run(Around(hubspot, rows))

    assert ended.outcomes == {"superseded": 1, "updated": 1}
    assert people(hubspot) == [("ada-1", "A.", None)]
