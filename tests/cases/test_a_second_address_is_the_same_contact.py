# SPDX-License-Identifier: Apache-2.0
"""A contact is found by any of its addresses, and rows for two of them are rows of one contact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("airflow")

from airflow_provider_hubcontact.operators.options import Key
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import connect, run, stored

FIRST, SECOND, THIRD = "p@example.com", "s@example.com", "t@example.com"
MANY = 60
PEOPLE = [
    {"email": f"p{n}@example.com", "hs_additional_emails": f"s{n}@example.com", "firstname": "B"}
    for n in range(MANY)
]

BOTH = pytest.mark.parametrize("api", ["2026-09", "v3", "v1"])


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    one = {"email": FIRST, "hs_additional_emails": f"{SECOND};{THIRD}", "firstname": "B"}
    with Sandbox(contacts=[one, *PEOPLE]) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def writes(hubspot: Sandbox) -> list[int]:
    """The sizes of the batches that were sent."""
    return [each.inputs for each in hubspot.requests if each.operation.endswith(("update", "create"))]


@BOTH
@pytest.mark.parametrize("mode", ["update", "upsert"])
@pytest.mark.parametrize("key", [FIRST, SECOND, f" {THIRD.upper()} "])
def test_it_is_found(hubspot: Sandbox, api: str, mode: str, key: str) -> None:
    """Whichever address a row has, this contact is updated, and none is created."""
    before = len(hubspot.portal.contacts)

    ended = run(records=[{"email": key, "firstname": "A"}], api_version=api, upsert=mode == "upsert")

    assert ended.outcomes == {"updated": 1}
    assert stored(hubspot, FIRST, "firstname") == "A"
    assert stored(hubspot, FIRST, "email") == FIRST
    assert len(hubspot.portal.contacts) == before


@pytest.mark.parametrize("api", ["2026-09", "v1"])
def test_it_is_read_back(hubspot: Sandbox, api: str) -> None:
    """``verify`` finds it by the row's address, too."""
    ended = run(records=[{"email": SECOND, "firstname": "A"}], api_version=api, verify=True)

    assert ended.outcomes == {"updated": 1}
    assert ended.report["verified"]["records"] == 1


def test_it_is_known_to_be_equal(hubspot: Sandbox) -> None:
    """What the contact has already is not written."""
    ended = run(records=[{"email": SECOND, "firstname": "B"}])

    assert ended.outcomes == {"unchanged": 1}
    assert writes(hubspot) == []


def test_a_ledger_knows_the_row_by_its_own_address(hubspot: Sandbox, tmp_path: Path) -> None:
    """A retry does not send it again."""
    records = [{"email": SECOND, "firstname": "A"}]
    run(records=records, ledger=str(tmp_path), retries=1)
    sent = writes(hubspot)
    again = run(records=records, ledger=str(tmp_path), retries=1, try_number=2)

    assert again.outcomes == {"updated": 1}
    assert writes(hubspot) == sent == [1]


def test_two_addresses_in_one_run(hubspot: Sandbox) -> None:
    """Rows for both are never under way together: no batch has a contact twice, and each row is written."""
    records = [
        {"email": f"{letter}{n}@example.com", "firstname": f"by {letter}"}
        for letter in "ps"
        for n in range(MANY)
    ]

    ended = run(records=records)

    assert ended.outcomes == {"updated": 2 * MANY}
    assert sum(writes(hubspot)) == 2 * MANY
    assert max(writes(hubspot)) <= MANY
    assert {stored(hubspot, person["email"], "firstname") for person in PEOPLE} <= {"by p", "by s"}


def test_a_new_address_that_it_has_already(hubspot: Sandbox) -> None:
    """A second address becomes the first one, of the same contact."""
    ended = run(records=[{"id": FIRST, "new": SECOND}], key=Key("id", becomes="new"))

    assert ended.outcomes == {"updated": 1}
    assert stored(hubspot, SECOND, "email") == SECOND
    assert stored(hubspot, SECOND, "firstname") == "B"


@pytest.mark.parametrize("api", ["2026-09", "v3"])
def test_a_new_address_that_is_anothers_second_one(hubspot: Sandbox, api: str) -> None:
    """The look-up of the new key tells it before anything is sent, in the same call."""
    ended = run(
        records=[{"id": "p0@example.com", "new": SECOND}], key=Key("id", becomes="new"), api_version=api
    )

    assert ended.outcomes == {"conflict": 1}
    assert ended.report["problems"][0]["code"] == "HC-221"
    assert stored(hubspot, FIRST, "email") == FIRST
    assert writes(hubspot) == []
    assert sum(each.operation == "batches.read" for each in hubspot.requests) == 1
