# SPDX-License-Identifier: Apache-2.0
"""A value that another contact has is a conflict, whether HubSpot tells it with a 409 or with a 400."""

from __future__ import annotations

from typing import Literal

import pytest

from airflow_provider_hubcontact.sandbox import Definition, Sandbox, Switches
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from tests.cases.syncing import synced

PEOPLE = [
    {"email": "ada@example.com", "firstname": "Ada", "number": "1"},
    {"email": "grace@example.com", "firstname": "Grace", "number": "2"},
]
NUMBER = Definition("number", "Number", unique=True)


def stored(sandbox: Sandbox, email: str, name: str) -> str | None:
    contact = sandbox.portal.contact(email)
    return None if contact is None else contact.properties.get(name)


@pytest.mark.parametrize("traced", ["207", "400"])
def test_an_update_to_a_unique_value_of_another(traced: Literal["207", "400"]) -> None:
    """It ends as a conflict and names the other contact; the rows beside it are written."""
    rows = [
        {"email": "ada@example.com", "number": "2", "city": "Bath"},
        {"email": "grace@example.com", "city": "Rome"},
    ]
    switches = Switches(batch_update_with_trace_ids=traced)
    with Sandbox(PEOPLE, properties=[NUMBER], switches=switches) as sandbox:
        first, second = synced(sandbox, rows)
        grace = sandbox.portal.contact("grace@example.com")

        assert (first.outcome, first.status, first.properties) == ("conflict", 400, ("number",))
        assert first.refusal is not None
        assert grace is not None
        assert first.refusal.existing_id == grace.id
        assert second.outcome == "updated"
        assert stored(sandbox, "ada@example.com", "city") is None
        assert stored(sandbox, "grace@example.com", "city") == "Rome"


def test_a_creation_with_a_unique_value_of_another() -> None:
    """It ends as a conflict; the contacts beside it are created."""
    rows = [{"email": f"new{n}@example.com", "number": "2" if n == 3 else f"x{n}"} for n in range(6)]
    with Sandbox(PEOPLE, properties=[NUMBER]) as sandbox:
        results = synced(sandbox, rows, create=True)

        assert [each.outcome for each in results].count(Outcome.CREATED) == 5
        assert (results[3].outcome, results[3].status) == ("conflict", 400)
        assert sandbox.portal.contact("new3@example.com") is None


@pytest.mark.parametrize("told", ["409", "400"])
def test_two_contacts_exchange_addresses(told: Literal["409", "400"]) -> None:
    """Each waits for the other to give its address up, however HubSpot says that it is taken."""
    rows = [{"id": "1", "mail": "grace@example.com"}, {"id": "2", "mail": "ada@example.com"}]
    with Sandbox(PEOPLE, switches=Switches(taken_email=told), properties=[NUMBER]) as sandbox:
        results = synced(sandbox, rows, key="id", id_property="number", mapping={"mail": "email"})

        assert [each.outcome for each in results] == ["updated", "updated"]
        assert stored(sandbox, "ada@example.com", "firstname") == "Grace"
