# SPDX-License-Identifier: Apache-2.0
"""Owners: who they are, and how a contact gets one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_hubcontact.sandbox import Owner, Sandbox
from tests.sandbox.calling import CONTACTS, Api

ROOTS = ["/crm/v3/owners", "/crm/v3/owners/", "/crm/owners/2026-03", "/crm/owners/2026-09"]
OWNERS = "/crm/owners/2026-09"


@pytest.mark.parametrize("root", ROOTS)
def test_all_are_listed(api: Api, root: str) -> None:
    """Those that are not removed, by id: people, who have a user, and queues, which have none."""
    answer = api.get(root)

    assert answer.status == 200
    assert answer.body["results"][0] == {
        "id": "4711",
        "email": "olivia@example.com",
        "type": "PERSON",
        "firstName": "Olivia",
        "lastName": "Owner",
        "userId": 900_001,
        "userIdIncludingInactive": 900_001,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
        "archived": False,
    }
    assert [(each["id"], each["type"]) for each in answer.body["results"]] == [
        ("4711", "PERSON"),
        ("4712", "PERSON"),
        ("4713", "QUEUE"),
    ]
    assert "userId" not in answer.body["results"][2]
    assert "paging" not in answer.body


def test_pages_hold_every_owner_once(api: Api) -> None:
    """``after`` leads on until there is no more."""
    first = api.get(f"{OWNERS}?limit=2").body
    second = api.get(f"{OWNERS}?limit=2&after={first['paging']['next']['after']}").body

    assert [each["id"] for each in (*first["results"], *second["results"])] == ["4711", "4712", "4713"]
    assert "paging" not in second


def test_by_address(api: Api) -> None:
    """One address finds one owner, or none."""
    found = api.get(f"{OWNERS}?email=OSCAR%40example.com").body["results"]

    assert [each["id"] for each in found] == ["4712"]
    assert api.get(f"{OWNERS}?email=nobody%40example.com").body == {"results": []}


def test_removed_ones_are_listed_if_asked_for(api: Api) -> None:
    """They have lost their user, whose old id is told."""
    (removed,) = api.get(f"{OWNERS}?archived=true").body["results"]

    assert (removed["id"], removed["archived"], removed["userIdIncludingInactive"]) == ("4714", True, 900_004)
    assert "userId" not in removed


@pytest.mark.parametrize("root", ["/crm/v3/owners", "/crm/owners/2026-03", "/crm/owners/2026-09"])
def test_one_of_them(api: Api, root: str) -> None:
    """By its id, or by its user's; the one is not the other."""
    assert api.get(f"{root}/4712").body["email"] == "oscar@example.com"
    assert api.get(f"{root}/900002?idProperty=userId").body["id"] == "4712"
    assert api.get(f"{root}/4714?archived=true").body["archived"] is True
    for path in ("900002", "4714", "1", "x", "4712?idProperty=userId"):
        assert api.get(f"{root}/{path}").status == 404


@pytest.mark.parametrize("query", ["?limit=0", "?limit=501", "?after=x", "/4711?idProperty=email"])
def test_a_question_that_cannot_be(api: Api, query: str) -> None:
    """400 for a limit, a place or an id property that HubSpot does not have."""
    assert api.get(OWNERS + query).status == 400


def test_they_need_a_scope_of_their_own(api: Api) -> None:
    """403 naming it."""
    api.sandbox.access.allow("narrow", ["crm.objects.contacts.read"])

    answer = Api(api.sandbox, "narrow").get(OWNERS)

    assert answer.status == 403
    assert answer.body["errors"][0]["context"] == {"requiredGranularScopes": ["crm.objects.owners.read"]}


@pytest.mark.parametrize("owner", ["4711", "4713", ""])
def test_a_contact_takes_an_owners_id(api: Api, owner: str) -> None:
    """A person's, a queue's, or none."""
    ada = f"{CONTACTS}/{api.id('ada@example.com')}"

    assert api.patch(ada, {"properties": {"hubspot_owner_id": owner}}).status == 200
    assert (api.stored("ada@example.com", "hubspot_owner_id") or "") == owner


@pytest.mark.parametrize("owner", ["900001", "1", "olivia@example.com"])
def test_a_contact_takes_nothing_else(api: Api, owner: str) -> None:
    """A user's id, an unknown one and an address are refused, with what else is wrong."""
    properties = {"hubspot_owner_id": owner, "points": "many"}

    answer = api.patch(f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": properties})

    assert answer.status == 400
    codes = {each["context"]["propertyName"][0]: each["code"] for each in answer.body["errors"]}
    assert codes == {"hubspot_owner_id": "INVALID_OWNER_ID", "points": "INVALID_INTEGER"}


def test_another_property_may_take_owners(api: Api) -> None:
    """A property that references owners is checked in the same way."""
    helper = {
        "name": "helper",
        "label": "Helper",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "contactinformation",
        "externalOptions": True,
        "referencedObjectType": "OWNER",
    }
    created = api.post("/crm/properties/2026-09/contacts", helper)
    ada = f"{CONTACTS}/{api.id('ada@example.com')}"

    assert created.body["referencedObjectType"] == "OWNER"
    assert api.patch(ada, {"properties": {"helper": "4712"}}).status == 200
    assert api.patch(ada, {"properties": {"helper": "900002"}}).status == 400


class TestOwn:
    @pytest.fixture
    def hubspot(self) -> Iterator[Sandbox]:
        with Sandbox(owners=[Owner("10", "b@x.org"), Owner.parse("9:a@x.org:77")]) as sandbox:
            yield sandbox

    def test_a_portal_may_have_others(self, api: Api) -> None:
        """They replace the usual ones, and are listed by id as a number."""
        assert [each["email"] for each in api.get(OWNERS).body["results"]] == ["a@x.org", "b@x.org"]
        assert api.get(f"{OWNERS}/77?idProperty=userId").body["id"] == "9"

    @pytest.mark.parametrize("text", ["", "9", "x:a@x.org", "9:", "9:a@x.org:x"])
    def test_what_is_no_owner(self, text: str) -> None:
        """The command line refuses it."""
        with pytest.raises(ValueError, match="ID:EMAIL"):
            Owner.parse(text)
