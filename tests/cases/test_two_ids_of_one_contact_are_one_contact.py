# SPDX-License-Identifier: Apache-2.0
"""A record id from before a merge finds the contact that it has become, and no two writes of it overlap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from tests.cases.syncing import synced

BY_ID: dict[str, Any] = {"key": "id", "id_property": "hs_object_id"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    contacts = [
        {"email": "ada@example.com", "firstname": "Ada", "hs_merged_object_ids": "101;102"},
        {"email": "grace@example.com", "firstname": "Grace"},
    ]
    with Sandbox(contacts) as running:
        yield running


def value(sandbox: Sandbox, name: str) -> str | None:
    contact = sandbox.portal.contact("ada@example.com")
    assert contact is not None
    return contact.properties.get(name)


@pytest.mark.parametrize("former", ["101", 102, 101.0, "102.0"])
def test_an_id_before_a_merge(sandbox: Sandbox, former: object) -> None:
    """Its record is written, and a second run has nothing to do."""
    rows = [{"id": former, "firstname": "Augusta"}]

    (first,) = synced(sandbox, rows, **BY_ID)
    (again,) = synced(sandbox, rows, **BY_ID)

    assert (first.outcome, again.outcome) == (Outcome.UPDATED, Outcome.UNCHANGED)
    assert value(sandbox, "firstname") == "Augusta"


def test_rows_of_one_contact_are_written_in_order(sandbox: Sandbox) -> None:
    """Whatever its ids; the last row wins."""
    contact = sandbox.portal.contact("ada@example.com")
    assert contact is not None
    ids = ["101", contact.id, "102"]
    rows = [{"id": each, "firstname": f"from {each}", "address": each} for each in ids]

    results = synced(sandbox, rows, **BY_ID)

    assert [each.outcome for each in results] == [Outcome.UPDATED] * 3
    assert value(sandbox, "firstname") == "from 102"
    writes = [each for each in sandbox.requests if each.path.endswith("/batch/update")]
    assert len(writes) == 3


def test_an_id_that_nobody_ever_had(sandbox: Sandbox) -> None:
    """It is not found; the others go on."""
    rows = [{"id": "103", "firstname": "x"}, {"id": "101", "firstname": "y"}]

    results = synced(sandbox, rows, **BY_ID)

    assert [each.outcome for each in results] == [Outcome.NOT_FOUND, Outcome.UPDATED]
