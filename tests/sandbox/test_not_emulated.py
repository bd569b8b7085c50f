# SPDX-License-Identifier: Apache-2.0
"""What the sandbox says of calls that it does not have, and that nobody repeats them."""

from __future__ import annotations

from typing import Literal

import pytest

from airflow_provider_hubcontact.client import AccessToken
from airflow_provider_hubcontact.client.errors import HubSpotError
from airflow_provider_hubcontact.client.limits.rate_limit import RateLimit
from airflow_provider_hubcontact.client.transport import Transport
from airflow_provider_hubcontact.sandbox import Sandbox, Switches
from airflow_provider_hubcontact.sandbox.http.nearest import COUNTERPARTS, nearest
from airflow_provider_hubcontact.sandbox.http.routes import router
from tests.sandbox.calling import CONTACTS, Api


@pytest.mark.parametrize(
    ("method", "path", "near"),
    [
        ("GET", "/crm/v3/objects/tickets", "GET /crm/v3/objects/contacts"),
        ("POST", "/crm/objects/2026-09/tickets/batch/read", "POST /crm/objects/2026-09/contacts/batch/read"),
        ("PUT", f"{CONTACTS}/1", f"PATCH {CONTACTS}/{{id}}"),
        ("PATCH", "/crm/v3/owners/1", "GET /crm/v3/owners/{id}"),
        ("POST", f"{CONTACTS}/batch/delete", f"POST {CONTACTS}/batch/archive"),
        (
            "PUT",
            "/crm/lists/2026-09/101/update-list-filters",
            "PUT /crm/lists/2026-09/{list_id}/memberships/add-and-remove",
        ),
    ],
)
def test_it_names_the_nearest_call(api: Api, method: str, path: str, near: str) -> None:
    """In the sentence and in ``context``."""
    answer = api.call(method, path, {})

    assert (answer.status, answer.body["category"]) == (501, "NOT_EMULATED")
    assert answer.body["context"] == {"nearest": [near]}
    assert f"The nearest that it emulates is {near}." in answer.message


@pytest.mark.parametrize("spelling", ["contacts", "contact", "0-1", "CONTACT", "%30-1"])
@pytest.mark.parametrize("tail", ["/objects/{}/1/associations/companies", "/schemas/{}", "/objects/{}/1/x"])
def test_every_spelling_has_the_same_neighbour(api: Api, tail: str, spelling: str) -> None:
    """The object type counts, not how it is written."""
    near = api.get(f"/crm/v3{tail.format('contacts')}").body["context"]["nearest"]

    assert api.get(f"/crm/v3{tail.format(spelling)}").body["context"]["nearest"] == near
    if "associations" in tail:
        assert near == ["GET /crm/v4/objects/contacts/{id}/associations/{to}"]


@pytest.mark.parametrize(
    ("method", "path", "near"),
    [
        ("GET", "/owners/v2/owners", "GET /crm/v3/owners"),
        ("GET", "/contacts/v1/lists", "POST /crm/v3/lists/search"),
        ("GET", "/contacts/v1/lists/all/contacts/all", "GET /crm/v3/objects/contacts"),
        ("GET", "/contacts/v1/search/query", "POST /crm/v3/objects/contacts/search"),
        ("GET", "/contacts/v1/contact/vids/batch", "POST /crm/v3/objects/contacts/batch/read"),
        ("DELETE", "/contacts/v1/contact/vid/1", "DELETE /crm/v3/objects/contacts/{id}"),
        ("GET", "/companies/v2/companies/1", "GET /crm/v3/objects/companies/{id}"),
        ("PUT", "/companies/v2/companies/1", "PATCH /crm/v3/objects/companies/{id}"),
        (
            "GET",
            "/crm/v3/associations/contact/0-2/types",
            "GET /crm/v4/associations/contacts/{to}/labels",
        ),
    ],
)
def test_an_older_api_has_its_counterpart(api: Api, method: str, path: str, near: str) -> None:
    """What does the same in an API that is emulated is named, however little the paths look alike."""
    assert api.call(method, path, None).body["context"] == {"nearest": [near]}


def test_each_counterpart_is_emulated_and_what_it_stands_for_is_not() -> None:
    """No call leads to a 501, and none of the table could be answered itself."""
    routes = router()

    assert [near for _, near in COUNTERPARTS if tuple(near.split(" ")) not in routes.known] == []
    assert [call for call, _ in COUNTERPARTS if routes.find(*call.split(" ")) is not None] == []


def test_a_read_has_no_write_for_a_neighbour() -> None:
    """Neither has a removal; a read may stand for anything."""
    known = [("POST", "/a/b/c/{id}"), ("GET", "/a/b/c/x/{id}")]

    assert nearest("GET", "/a/b/c/1", known) == "GET /a/b/c/x/{id}"
    assert nearest("DELETE", "/a/b/c/1", known) == "GET /a/b/c/x/{id}"
    assert nearest("DELETE", "/a/b/c/1", known[:1]) == ""
    assert nearest("GET", "/a/b/c/1/read", [("POST", "/a/b/c/{id}/read")]) == "POST /a/b/c/{id}/read"


@pytest.mark.parametrize(
    "path",
    [
        "/communication-preferences/2026-09/statuses/batch/read",
        "/crm/v3/exports/export/async",
        "/nothing",
        "/" + "a/" * 5_000,
    ],
)
def test_nothing_may_be_near(api: Api, path: str) -> None:
    """Then it says so, and where what works is listed."""
    answer = api.post(path, {})

    assert answer.status == 501
    assert "It emulates nothing like it. docs/sandbox.md" in answer.message
    assert "context" not in answer.body
    assert len(answer.message) < 2_000


def test_a_part_of_a_call_says_what_goes_instead(api: Api) -> None:
    """An argument that is not emulated is named, too."""
    secret = {"name": "secret", "label": "S", "type": "string", "fieldType": "text"}
    body = secret | {"groupName": "contactinformation", "dataSensitivity": "sensitive"}

    answer = api.post("/crm/v3/properties/contacts", body)

    assert (answer.status, answer.headers["x-should-retry"]) == (501, "false")
    assert answer.body["context"] == {"nearest": ["a property that is non_sensitive"]}


def test_the_own_api_is_nobodys_neighbour() -> None:
    """Calls of HubSpot are not led to those that only the sandbox has."""
    with Sandbox() as sandbox:
        assert "context" not in Api(sandbox).get("/sandbox/stat").body


@pytest.mark.parametrize("status", ["501", "405"])
def test_the_status_is_a_switch(status: Literal["501", "405"]) -> None:
    """The body stays the same."""
    with Sandbox(switches=Switches(not_emulated=status)) as sandbox:
        answer = Api(sandbox).get("/crm/v3/objects/tickets")

    assert (answer.status, answer.body["category"]) == (int(status), "NOT_EMULATED")


@pytest.mark.parametrize("status", ["501", "405"])
def test_our_own_client_asks_once(status: Literal["501", "405"]) -> None:
    """It takes neither for a trouble that passes."""
    with (
        Sandbox(switches=Switches(not_emulated=status)) as sandbox,
        Transport(sandbox.url, AccessToken(sandbox.token), RateLimit()) as transport,
    ):
        with pytest.raises(HubSpotError):
            transport.request("GET", "/crm/v3/objects/tickets", repeatable=True)

        assert [each.status for each in sandbox.requests] == [int(status)]


def test_the_likest_of_several_is_the_nearest() -> None:
    """By the segments in common, then by the method."""
    known = [("GET", "/a/b/c/{id}"), ("POST", "/a/b/c/{id}"), ("GET", "/a/b/d/{id}/x")]

    assert nearest("POST", "/a/b/c/17", known) == "POST /a/b/c/{id}"
    assert nearest("GET", "/a/b/d/17/y", known) == "GET /a/b/d/{id}/x"
    assert nearest("GET", "/q", known) == ""
