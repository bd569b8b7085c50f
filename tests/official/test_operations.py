# SPDX-License-Identifier: Apache-2.0
"""The table of the docs says of each operation of HubSpot's Python clients whether it works."""

from __future__ import annotations

import pytest

pytest.importorskip("hubspot", reason="hubspot-api-client is not installed in this environment")
pytest.importorskip("hubspot_sdk", reason="hubspot-sdk is not installed in this environment")

from tests.official.operations import DOCS, Operation, emulated, in_docs, misread, operations, table


@pytest.fixture(scope="module")
def found() -> list[Operation]:
    return operations()


@pytest.fixture(scope="module")
def works(found: list[Operation]) -> set[Operation]:
    return emulated(found)


def test_the_table_is_true(found: list[Operation], works: set[Operation]) -> None:
    """Each operation is called over HTTP; ``python -m tests.official.operations`` writes it anew."""
    assert in_docs(DOCS.read_text(encoding="utf-8")) == table(found, works)


def test_operations_were_found(found: list[Operation]) -> None:
    """Each client has hundreds, and those of contacts are among them."""
    names = {(each.client, each.area, each.name): each for each in found}

    assert len({each for each in found if each.client == "hubspot"}) > 300
    assert len({each for each in found if each.client == "hubspot_sdk"}) > 200
    old = names["hubspot", "crm.contacts.basic_api", "update"]
    new = names["hubspot_sdk", "crm.objects.contacts.contacts", "list"]
    assert (old.method, old.sample) == ("PATCH", "/crm/v3/objects/contacts/1")
    assert (new.method, new.sample) == ("GET", "/crm/objects/2026-03/contacts")


def test_no_word_is_taken_for_a_parameter(found: list[Operation]) -> None:
    """A 404 of a record that is called like a part of a path would count as an answer."""
    assert misread(found) == []
    no_route = Operation("hubspot", "crm.lists", "get", "GET", "/crm/v3/lists/overview")
    assert misread([no_route]) == [no_route]


def test_contacts_work(found: list[Operation], works: set[Operation]) -> None:
    """Single ones, batches, searches, properties, owners, imports."""
    contacts = ("crm.contacts.batch_api", "crm.contacts.search_api")
    areas = (*contacts, "crm.properties", "crm.owners", "crm.imports")

    lacking = [each for each in found if each.client == "hubspot" and each.area.startswith(areas)]

    assert [each for each in lacking if each not in works] == []
