# SPDX-License-Identifier: Apache-2.0
"""How ingestr reads contacts from a portal, against the sandbox.

The calls are those of ``pkg/source/hubspot`` in bruin-data/ingestr as of August 2026. HubSpot is a source
there and no destination, and its own tests make no calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.sandbox.calling import Api, Clock

V3 = "/crm/v3/objects/contacts"
COUNT = 230
PEOPLE = [{"email": f"c{number}@example.com", "firstname": f"C{number}"} for number in range(COUNT)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(clock: Clock) -> Iterator[Api]:
    with Sandbox(PEOPLE, clock=clock) as sandbox:
        yield Api(sandbox)


def pages(api: Api, path: str) -> Iterator[dict[str, Any]]:
    """Read a list page by page, as it does: until there is no next one."""
    after = ""
    while True:
        answer = api.get(f"{path}{'&' if '?' in path else '?'}limit=100{after}")
        assert answer.status == 200
        yield from answer.body["results"]
        following = answer.body.get("paging", {}).get("next")
        if following is None:
            return
        after = f"&after={following['after']}"


def test_all_properties_are_asked_for(api: Api) -> None:
    """It lists the properties, and asks for every one of them on every page."""
    names = [each["name"] for each in api.get("/crm/v3/properties/contacts").body["results"]]

    contacts = list(pages(api, f"{V3}?properties={','.join(names)}"))

    assert len({each["id"] for each in contacts}) == COUNT
    assert set(contacts[0]["properties"]) == set(names)


def test_what_has_changed_is_searched_for(api: Api, clock: Clock) -> None:
    """A window of time, in the order of the ids, 200 to a page, and on from the last id."""
    begin = int(clock.now * 1000)
    clock.now += 60
    changed = [str(number) for number in sorted(map(int, api.sandbox.portal.contacts))[5:215]]
    for start in (0, 100, 200):
        inputs = [{"id": each, "properties": {"city": "Bath"}} for each in changed[start : start + 100]]
        assert api.batch("update", *inputs, root=V3).status == 200
    end = int(clock.now * 1000)
    window = [
        {"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(begin + 1)},
        {"propertyName": "lastmodifieddate", "operator": "LTE", "value": str(end)},
    ]
    by_id = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
    body: dict[str, Any] = {"properties": ["city"], "sorts": by_id, "limit": 200}
    found: list[str] = []

    body["filterGroups"] = [{"filters": window}]
    while True:
        answer = api.post(f"{V3}/search", body).body
        found += [each["properties"]["hs_object_id"] for each in answer["results"]]
        if "paging" not in answer:
            break
        body["after"] = answer["paging"]["next"]["after"]
    last = {"propertyName": "hs_object_id", "operator": "GT", "value": found[99]}
    rest = api.post(f"{V3}/search", {**body, "filterGroups": [{"filters": [*window, last]}], "after": "0"})

    assert found == changed
    assert [each["id"] for each in rest.body["results"]] == changed[100:]


def test_deleted_ones_are_swept(api: Api) -> None:
    """The list of the deleted tells when; their properties are read in a batch."""
    deleted = sorted(map(int, api.sandbox.portal.contacts))[:120]
    for start in (0, 100):
        inputs = [{"id": str(each)} for each in deleted[start : start + 100]]
        assert api.batch("archive", *inputs, root=V3).status == 204

    listed = list(pages(api, f"{V3}?archived=true"))
    inputs = [{"id": each["id"]} for each in listed[:100]]
    read = api.post(f"{V3}/batch/read?archived=true", {"inputs": inputs, "properties": ["email"]})

    assert [int(each["id"]) for each in listed] == deleted
    assert all(each["archivedAt"] for each in listed)
    assert read.status == 200
    assert {each["archived"] for each in read.body["results"]} == {True}
    assert len(list(pages(api, V3))) == COUNT - 120


def test_former_values_are_read_fifty_at_a_time(api: Api) -> None:
    """A batch with histories has fifty inputs at most; each value tells when and by whom it was set."""
    ids = [{"id": each} for each in list(api.sandbox.portal.contacts)[:51]]
    asked = {"propertiesWithHistory": ["firstname"]}

    too_many = api.post(f"{V3}/batch/read", {"inputs": ids, **asked})
    answer = api.post(f"{V3}/batch/read", {"inputs": ids[:50], **asked})

    assert (too_many.status, answer.status) == (400, 200)
    (version,) = answer.body["results"][0]["propertiesWithHistory"]["firstname"]
    assert {"value", "timestamp", "sourceType"} <= version.keys()


def test_owners_are_read_like_any_list(api: Api) -> None:
    """With the same paging."""
    assert [each["type"] for each in pages(api, "/crm/v3/owners")] == ["PERSON", "PERSON", "QUEUE"]


@pytest.mark.parametrize("path", ["/crm/v3/objects/contcats", "/crm/v3/objects/2-1"])
def test_a_table_that_is_none(api: Api, path: str) -> None:
    """A sweep of the deleted skips a type that answers 400 or 404 to its first page."""
    assert api.get(f"{path}?limit=100&archived=true").status in {400, 404}
