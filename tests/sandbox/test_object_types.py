# SPDX-License-Identifier: Apache-2.0
"""How a path may spell an object type, and what it gets if HubSpot has no such type."""

from __future__ import annotations

import pytest

from airflow_provider_hubcontact.sandbox.crm.type_names import STANDARD, canonical
from tests.sandbox.calling import Api

SPELLINGS = ["contacts", "contact", "0-1", "CONTACT", "CONTACTS", "Contact"]
APIS = [
    "/crm/v3/objects/{}",
    "/crm/objects/2026-03/{}",
    "/crm/objects/2026-09/{}",
    "/crm/v3/properties/{}",
    "/crm/properties/2026-03/{}",
    "/crm/properties/2026-09/{}",
    "/crm/v3/properties/{}/groups",
    "/crm/property-validations/2026-09/{}",
]


@pytest.mark.parametrize("api_path", APIS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_the_contacts(api: Api, api_path: str, spelling: str) -> None:
    """Plural, singular and type id lead to the same answer, in any letter case, in every version."""
    answer = api.get(api_path.format(spelling))

    assert answer.status == 200
    assert answer.body["results"] == api.get(api_path.format("contacts")).body["results"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_can_be_written_and_searched(api: Api, spelling: str) -> None:
    """Batches and searches know the spellings, too."""
    root = f"/crm/objects/2026-09/{spelling}"
    ada = api.id("ada@example.com")

    assert api.batch("update", {"id": ada, "properties": {"city": spelling}}, root=root).status == 200
    assert api.patch(f"{root}/{ada}", {"properties": {"jobtitle": spelling}}).status == 200
    assert api.post(f"{root}/search", {"query": "ada"}).body["total"] == 1
    assert api.stored("ada@example.com", "city") == api.stored("ada@example.com", "jobtitle") == spelling


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", api_path) for api_path in APIS),
        ("POST", "/crm/v3/objects/{}"),
        ("POST", "/crm/v3/objects/{}/search"),
        ("POST", "/crm/objects/2026-09/{}/batch/read"),
        ("PATCH", "/crm/objects/2026-09/{}/1"),
        ("GET", "/crm/v4/objects/{}/1/associations/deals"),
    ],
)
@pytest.mark.parametrize(
    ("spelling", "says"),
    [
        ("contcats", "Unable to infer object type from: contcats"),
        ("Contacts%20", "Unable to infer object type from: Contacts "),
        ("0-9999", "Invalid object or event type id: 0-9999"),
        ("2-12345", "Invalid object or event type id: 2-12345"),
    ],
)
def test_an_unknown_type_is_a_400(api: Api, method: str, path: str, spelling: str, says: str) -> None:
    """A typo is HubSpot's refusal, not the sandbox's: a sentence without a category."""
    answer = api.call(method, path.format(spelling), {"inputs": []} if method != "GET" else None)

    assert answer.status == 400
    assert answer.message == says
    assert sorted(answer.body) == ["correlationId", "message", "status"]


def test_an_unknown_type_needs_a_token(api: Api) -> None:
    """Who may not call at all is told that first."""
    assert Api(api.sandbox, "wrong").get("/crm/v3/objects/contcats").status == 401


def test_a_known_type_that_is_not_emulated_is_a_501(api: Api) -> None:
    """HubSpot would answer it; the sandbox cannot."""
    assert api.get("/crm/v3/objects/tickets").status == 501


def test_no_spelling_stands_for_two_types() -> None:
    """Each of HubSpot's types has spellings of its own."""
    spellings = [spelling for type_id, names in STANDARD.items() for spelling in (type_id, *names)]

    assert len(set(spellings)) == len(spellings)
    assert all(canonical(spelling) for spelling in spellings)
