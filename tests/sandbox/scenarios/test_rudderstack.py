# SPDX-License-Identifier: Apache-2.0
"""What RudderStack's destination does with contacts of a real portal in its live tests, against the sandbox.

The situations are those of ``test/integrations/destinations/hs/live`` in rudderlabs/rudder-transformer as of
August 2026: what it sends, and what it finds afterwards. Its tests wait for HubSpot's search index; so do
these, with an index that is five seconds behind and a clock that every search moves on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.sandbox.calling import Answer, Api, Clock

V3 = "/crm/v3/objects/contacts"
PRIMARY, SECOND = "ci-run@example.com", "ci-run-additional@example.com"
CREATED = {"firstname": "CI", "lastname": "run", "company": "Live Test"}
UPDATED = {"firstname": "CI-Updated", "lastname": "run-v2", "lifecyclestage": "customer"}
LEGACY = {"firstname": "CI-V1", "lastname": "run"}
LAG, POLLS = 5.0, 25


class Live(Api):
    """A client that lets time pass before it searches, as the live tests do."""

    def __init__(self, sandbox: Sandbox, clock: Clock) -> None:
        super().__init__(sandbox)
        self.clock = clock

    def search(self, body: dict[str, Any]) -> Answer:
        self.clock.now += 0.5
        answer = self.post(f"{V3}/search", body)
        assert answer.status == 200
        return answer

    def until(self, holds: Callable[[], object]) -> None:
        """Ask every two seconds, fifty seconds at most."""
        for _ in range(POLLS):
            if holds():
                return
            self.clock.now += 2
        pytest.fail("the index never knew it")


@pytest.fixture
def api() -> Iterator[Live]:
    clock = Clock()
    with Sandbox(search_lag=LAG, v1_batch_delay=0, clock=clock) as sandbox:
        yield Live(sandbox, clock)


def find(api: Live, name: str, value: str) -> str | None:
    """Search as the live tests do: one result, one property."""
    wanted = {"propertyName": name, "operator": "EQ", "value": value}
    body = {"filterGroups": [{"filters": [wanted]}], "properties": [name], "limit": 1}
    results = api.search(body).body["results"]
    return str(results[0]["id"]) if results else None


def look_up(api: Live, name: str, value: str) -> Answer:
    """Search as the destination does before it writes one contact, with its odd sort."""
    wanted = {"propertyName": name, "value": value, "operator": "EQ"}
    groups = [{"filters": [wanted]}]
    body = {"filterGroups": groups, "sorts": ["ascending"], "properties": [name], "limit": 2, "after": 0}
    return api.search(body)


def look_up_many(api: Live, *emails: str) -> dict[str, str]:
    """Search as the destination does before it writes many: first and further addresses, address → id."""
    groups = [
        {"filters": [{"propertyName": name, "values": list(emails), "operator": "IN"}]}
        for name in ("email", "hs_additional_emails")
    ]
    names = ["email", "hs_additional_emails"]
    answer = api.search({"filterGroups": groups, "properties": names, "limit": 100, "after": 0})
    return {
        address: each["id"]
        for each in answer.body["results"]
        for name in names
        for address in (each["properties"][name] or "").split(";")
        if address
    }


def create(api: Live, **more: str) -> str:
    """Create the contact of a scenario, and wait until a search finds it."""
    made = api.post(V3, {"properties": {"email": PRIMARY, "firstname": "CI-RETL", "lastname": "run", **more}})
    assert made.status == 201
    api.until(lambda: find(api, "email", PRIMARY) == made.body["id"])
    return str(made.body["id"])


def ends_with(api: Live, expected: dict[str, str]) -> None:
    """Search for the address until the contact has all of the values."""
    wanted = {"propertyName": "email", "operator": "EQ", "value": PRIMARY}
    body = {"filterGroups": [{"filters": [wanted]}], "properties": list(expected), "limit": 1}

    def seen() -> bool:
        results = api.search(body).body["results"]
        return bool(results) and expected.items() <= results[0]["properties"].items()

    api.until(seen)


def upsert(api: Live, address: str, values: dict[str, str]) -> Answer:
    one = {"id": address, "idProperty": "email", "properties": values, "objectWriteTraceId": "1"}
    return api.batch("upsert", one, root=V3)


def legacy_properties(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"property": name, "value": value} for name, value in values.items()]


def test_the_properties_are_read_first(api: Live) -> None:
    """v1's types of properties, and v3's answer whether the address is unique."""
    types = {each["name"]: each["type"] for each in api.get("/properties/v1/contacts/properties").body}
    unique = api.get("/crm/v3/properties/contacts").body["results"]

    assert (types["firstname"], types["hs_additional_emails"]) == ("string", "enumeration")
    assert all(isinstance(each["hasUniqueValue"], bool) for each in unique)


@pytest.mark.parametrize("batch", ["upsert", "create"])
def test_es_contacts_create_v3(api: Live, batch: str) -> None:
    """A new person: by upsert where the address counts as unique, otherwise searched for and created."""
    values = {"email": PRIMARY, **CREATED, "lifecyclestage": "lead"}
    if batch == "upsert":
        answer = upsert(api, PRIMARY, values)
        assert (answer.status, answer.body["results"][0]["new"]) == (200, True)
    else:
        assert look_up(api, "email", PRIMARY).body["results"] == []
        assert api.batch("create", {"properties": values}, root=V3).status == 201

    ends_with(api, {**CREATED, "lifecyclestage": "lead"})


@pytest.mark.parametrize("batch", ["upsert", "update"])
def test_es_contacts_update_v3(api: Live, batch: str) -> None:
    """A known person gets other values, and a later stage."""
    contact = create(api)
    if batch == "upsert":
        answer = upsert(api, PRIMARY, {"email": PRIMARY, **UPDATED})
        assert (answer.status, answer.body["results"][0]["new"]) == (200, False)
    else:
        (found,) = look_up(api, "email", PRIMARY).body["results"]
        values = {"id": found["id"], "properties": {"email": PRIMARY, **UPDATED}}
        assert api.batch("update", values, root=V3).status == 200

    ends_with(api, UPDATED)
    assert find(api, "email", PRIMARY) == contact


def test_es_contacts_create_v1(api: Live) -> None:
    """A new person by a batch of the legacy API."""
    body = [{"email": PRIMARY, "properties": legacy_properties(LEGACY)}]

    assert api.post("/contacts/v1/contact/batch/", body).status == 202
    ends_with(api, LEGACY)


def test_es_contacts_update_v1(api: Live) -> None:
    """A known person by the same; what is not sent stays."""
    create(api, company="Live Test")
    body = [{"email": PRIMARY, "properties": legacy_properties({"firstname": "CI-V1-Updated"})}]

    assert api.post("/contacts/v1/contact/batch/", body).status == 202
    ends_with(api, {"firstname": "CI-V1-Updated", "company": "Live Test"})


def test_es_contacts_dontbatch_v3(api: Live) -> None:
    """One person alone, as a batch of one."""
    assert upsert(api, PRIMARY, {"email": PRIMARY, **CREATED}).status == 200
    ends_with(api, CREATED)


def test_es_contacts_dontbatch_v1(api: Live) -> None:
    """One person alone, by createOrUpdate."""
    path = f"/contacts/v1/contact/createOrUpdate/email/{PRIMARY}"

    answer = api.post(path, {"properties": legacy_properties({"email": PRIMARY, **LEGACY})})

    assert (answer.status, answer.body["isNew"]) == (200, True)
    ends_with(api, LEGACY)


def test_es_contacts_by_hscontactid_v3(api: Live) -> None:
    """A person whose record id is known is updated by it."""
    contact = create(api)

    answer = api.patch(f"{V3}/{contact}", {"properties": {"email": PRIMARY, **UPDATED}})

    assert (answer.status, answer.body["id"]) == (200, contact)
    ends_with(api, UPDATED)


def test_es_contacts_nonunique_lookup_v3(api: Live) -> None:
    """Nobody has the first name that is searched for, so that a contact is created."""
    assert look_up(api, "firstname", "ci-run").body["results"] == []

    answer = api.post(V3, {"properties": {"email": PRIMARY, "firstname": "ci-run", "lastname": "run"}})

    assert answer.status == 201
    ends_with(api, {"firstname": "ci-run", "lastname": "run"})


def test_es_contacts_nonunique_lookup_existing_v3(api: Live) -> None:
    """Somebody has it, and is updated."""
    contact = create(api, firstname="ci-run")
    api.until(lambda: find(api, "firstname", "ci-run"))
    (found,) = look_up(api, "firstname", "ci-run").body["results"]
    values = {"email": PRIMARY, "lastname": "run-v2", "lifecyclestage": "customer"}

    assert found["id"] == contact
    assert api.patch(f"{V3}/{contact}", {"properties": values}).status == 200
    ends_with(api, {"firstname": "ci-run", "lastname": "run-v2", "lifecyclestage": "customer"})


def test_retl_contacts_create_v3(api: Live) -> None:
    """Neither a first nor a further address is known, so that a batch creates the contact."""
    assert look_up_many(api, PRIMARY) == {}

    assert api.batch("create", {"properties": {"email": PRIMARY, **CREATED}}, root=V3).status == 201
    ends_with(api, CREATED)


def test_retl_contacts_update_v3(api: Live) -> None:
    """The search finds the contact, and a batch updates it; before that a creation would have been a 409."""
    made = api.post(V3, {"properties": {"email": PRIMARY}})
    early = {"properties": {"email": PRIMARY, **UPDATED}}
    assert look_up_many(api, PRIMARY) == {}
    assert api.batch("create", early, root=V3).status == 409
    api.until(lambda: look_up_many(api, PRIMARY))

    found = look_up_many(api, PRIMARY)

    assert found == {PRIMARY: made.body["id"]}
    assert api.batch("update", {"id": found[PRIMARY], **early}, root=V3).status == 200
    ends_with(api, UPDATED)


def test_retl_contacts_upsert_v3(api: Live) -> None:
    """Without any search an upsert by address updates the contact."""
    contact = create(api)

    answer = upsert(api, PRIMARY, UPDATED)

    assert [(each["id"], each["new"]) for each in answer.body["results"]] == [(contact, False)]
    ends_with(api, UPDATED)


@pytest.mark.parametrize("way", ["upsert", "search"])
def test_retl_contacts_upsert_additional_email_v3(api: Live, way: str) -> None:
    """Two addresses of one contact lead to the same contact, and each write keeps what the other wrote."""
    contact = create(api, hs_additional_emails=SECOND)
    first = {"firstname": "CI-Upsert-Primary", "jobtitle": "primary"}
    second = {"lastname": "secondary", "lifecyclestage": "customer"}

    for address, values in ((PRIMARY, first), (SECOND, second)):
        if way == "upsert":
            answer = upsert(api, address, values)
        else:
            found = look_up_many(api, address)[address]
            answer = api.batch("update", {"id": found, "properties": values}, root=V3)
        assert answer.status == 200
        assert [each["id"] for each in answer.body["results"]] == [contact]

    read = api.get(f"{V3}/{contact}?properties={','.join(first | second)}").body["properties"]
    assert (first | second).items() <= read.items()
    assert find(api, "email", PRIMARY) == contact
    assert len(api.sandbox.portal.contacts) == 1


def test_retl_contacts_create_v1(api: Live) -> None:
    """The older way to write many uses v3's single calls."""
    assert look_up_many(api, PRIMARY) == {}

    assert api.post(V3, {"properties": {"email": PRIMARY, **CREATED}}).status == 201
    ends_with(api, CREATED)


def test_retl_contacts_update_v1(api: Live) -> None:
    """The same for a known contact."""
    create(api)
    found = look_up_many(api, PRIMARY)[PRIMARY]

    assert api.patch(f"{V3}/{found}", {"properties": {"email": PRIMARY, **UPDATED}}).status == 200
    ends_with(api, UPDATED)


def test_retl_associations_v3(api: Live) -> None:
    """A company is associated with a contact."""
    company = api.post(
        "/crm/v3/objects/companies", {"properties": {"name": "CI", "domain": "ci.example.com"}}
    )
    contact = api.post(V3, {"properties": {"email": PRIMARY, "firstname": "CI-ASSOC"}}).body["id"]
    path = "/crm/v3/associations/companies/contacts/batch/create"
    ids: dict[str, Any] = {"from": {"id": company.body["id"]}, "to": {"id": contact}}
    made = api.post(path, {"inputs": [{**ids, "type": "company_to_contact"}]})

    read = api.get(f"/crm/v4/objects/companies/{company.body['id']}/associations/contacts")

    assert made.status in {200, 201}
    assert contact in [str(each["toObjectId"]) for each in read.body["results"]]


def test_who_was_there_is_removed(api: Live) -> None:
    """Each scenario ends so: the contact is searched for, and deleted by its id."""
    contact = create(api)

    assert api.call("DELETE", f"{V3}/{contact}").status == 204
    api.until(lambda: find(api, "email", PRIMARY) is None)
