# SPDX-License-Identifier: Apache-2.0
"""What a real portal answered to Nango's integration for HubSpot, against the sandbox.

The situations are the recordings of March 2026 in ``integrations/hubspot/tests`` of
NangoHQ/integration-templates that are about contacts, owners, properties, the account and tokens. The fields
of an answer are HubSpot's; the people are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import OAuthClient, Owner, Sandbox
from tests.sandbox.calling import Api

V3 = "/crm/v3/objects/contacts"
PEOPLE = [
    {"email": "first@example.com", "firstname": "Test", "lastname": "Contact", "phone": "+1-555-123-4567"},
    {"email": "second@example.com", "firstname": "Brian", "lastname": "Sample", "company": "HubSpot"},
]
OWNERS = [
    Owner("32900489", "removed@example.com", "Test", "Delete", 32_900_489),
    Owner("88842095", "marcin@example.com", "Marcin", "Nango", 88_842_095),
]
OBJECT = {"archived", "createdAt", "id", "properties", "updatedAt", "url"}
APP = OAuthClient("the-id", "the-secret", "the-refresh-token")


@pytest.fixture
def api() -> Iterator[Api]:
    with Sandbox(PEOPLE, owners=OWNERS, oauth_clients=[APP]) as sandbox:
        yield Api(sandbox)


def test_contacts(api: Api) -> None:
    """The sync reads all contacts, a hundred to a page, with null for what they do not have."""
    names = "firstname,lastname,email,phone,jobtitle,company,createdate,lastmodifieddate"

    answer = api.get(f"{V3}?limit=100&properties={names}")

    assert answer.status == 200
    assert set(answer.body) == {"results"}
    first, second = answer.body["results"]
    assert set(first) == set(second) == OBJECT
    assert set(first["properties"]) == {*names.split(","), "hs_object_id"}
    assert (first["properties"]["jobtitle"], second["properties"]["phone"]) == (None, None)
    assert first["url"].endswith(f"/record/0-1/{first['id']}")


def test_list_contacts(api: Api) -> None:
    """The action reads the first page, and a cursor only if there is more."""
    names = "email,firstname,lastname,phone,createdate,lastmodifieddate"

    whole = api.get(f"{V3}?limit=100&properties={names}").body
    part = api.get(f"{V3}?limit=1&properties={names}").body

    assert "paging" not in whole
    assert set(part["paging"]["next"]) == {"after", "link"}


def test_create_contact(api: Api) -> None:
    """The answer has what was written and what HubSpot works out; so many properties and no other."""
    new = {
        "email": "test.contact.1@example.com",
        "firstname": "Test",
        "lastname": "Contact",
        "phone": "+1 555-1234",
        "company": "Test Company",
        "website": "https://testcompany.com",
    }

    answer = api.post(V3, {"properties": new})

    assert set(answer.body) == OBJECT
    properties = answer.body["properties"]
    assert set(properties) - set(new) == {
        "createdate",
        "hs_all_contact_vids",
        "hs_associated_target_accounts",
        "hs_currently_enrolled_in_prospecting_agent",
        "hs_email_domain",
        "hs_full_name_or_email",
        "hs_is_contact",
        "hs_is_unworked",
        "hs_lifecyclestage_lead_date",
        "hs_membership_has_accessed_private_content",
        "hs_object_id",
        "hs_object_source",
        "hs_object_source_id",
        "hs_object_source_label",
        "hs_pipeline",
        "hs_prospecting_agent_actively_enrolled_count",
        "hs_prospecting_agent_total_enrolled_count",
        "hs_registered_member",
        "hs_searchable_calculated_phone_number",
        "hs_sequences_actively_enrolled_count",
        "hs_v2_date_entered_current_stage",
        "hs_v2_time_in_current_stage",
        "lastmodifieddate",
        "lifecyclestage",
        "num_notes",
    }
    assert properties["hs_searchable_calculated_phone_number"] == "15551234"
    assert properties["hs_full_name_or_email"] == "Test Contact"
    assert answer.body["createdAt"] == answer.body["updatedAt"] == properties["createdate"]


def test_get_contact(api: Api) -> None:
    """One contact has the three properties asked for and three more."""
    path = f"{V3}/{api.id('first@example.com')}?properties=email,firstname,lastname"

    answer = api.get(path)

    assert set(answer.body) == OBJECT
    asked = {"email", "firstname", "lastname"}
    assert set(answer.body["properties"]) == asked | {"createdate", "hs_object_id", "lastmodifieddate"}


def test_update_contact(api: Api) -> None:
    """The recorded answer to an update has these, and never the address."""
    changes = {"firstname": "Updated", "lastname": "Contact"}

    answer = api.patch(f"{V3}/{api.id('second@example.com')}", {"properties": changes})

    assert set(answer.body) == OBJECT
    recorded = {
        "createdate",
        "firstname",
        "hs_is_unworked",
        "hs_object_id",
        "hs_object_source",
        "hs_object_source_id",
        "hs_object_source_label",
        "hs_pipeline",
        "lastmodifieddate",
        "lastname",
    }
    assert recorded <= set(answer.body["properties"])
    assert "email" not in answer.body["properties"]


def test_update_contact_clear_fields(api: Api) -> None:
    """An empty text clears a value, also the address, and comes back."""
    contact = api.id("first@example.com")

    answer = api.patch(f"{V3}/{contact}", {"properties": {"firstname": "Updated", "email": ""}})

    assert answer.status == 200
    assert (answer.body["properties"]["firstname"], answer.body["properties"]["email"]) == ("Updated", "")
    assert api.sandbox.portal.contact("first@example.com") is None


def test_delete_contact(api: Api) -> None:
    """204 with nothing."""
    answer = api.call("DELETE", f"{V3}/{api.id('first@example.com')}")

    assert (answer.status, answer.body) == (204, None)


def test_owners(api: Api) -> None:
    """The sync reads a hundred owners to a page."""
    answer = api.get("/crm/v3/owners?limit=100")

    assert set(answer.body) == {"results"}
    assert [each["id"] for each in answer.body["results"]] == ["32900489", "88842095"]
    assert all(set(each) == OWNER for each in answer.body["results"])


OWNER = {
    "archived",
    "createdAt",
    "email",
    "firstName",
    "id",
    "lastName",
    "type",
    "updatedAt",
    "userId",
    "userIdIncludingInactive",
}


def test_get_owner(api: Api) -> None:
    """One owner, by its id as a text; its user's is a number."""
    owner = api.get("/crm/v3/owners/88842095").body

    assert set(owner) == OWNER
    assert (owner["id"], owner["userId"], owner["type"]) == ("88842095", 88_842_095, "PERSON")


def test_create_property(api: Api) -> None:
    """The answer has so many fields; a property is not for forms unless it is said."""
    body = {
        "name": "test_prop_1",
        "label": "Test Property",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
        "description": "Test description",
    }

    created = api.post("/crm/v3/properties/contacts", body).body

    assert body.items() <= created.items()
    fixed: dict[str, Any] = {
        "options": [],
        "displayOrder": -1,
        "calculated": False,
        "externalOptions": False,
        "archived": False,
        "hasUniqueValue": False,
        "hidden": False,
        "modificationMetadata": {
            "archivable": True,
            "readOnlyDefinition": False,
            "readOnlyValue": False,
        },
        "formField": False,
        "dataSensitivity": "non_sensitive",
    }
    assert fixed.items() <= created.items()
    of_the_write = {"createdAt", "createdUserId", "updatedAt", "updatedUserId"}
    assert set(created) == {*body, *fixed, *of_the_write}


def test_fetch_properties(api: Api) -> None:
    """HubSpot's own properties say so, and cannot be archived or defined anew."""
    listed = {each["name"]: each for each in api.get("/crm/v3/properties/contacts").body["results"]}

    own = listed["firstname"]
    assert own["hubspotDefined"] is True
    assert own["modificationMetadata"]["readOnlyDefinition"] is True
    assert own["dataSensitivity"] == "non_sensitive"


def test_fetch_account_information(api: Api) -> None:
    """The account has these fields."""
    assert set(api.get("/account-info/v3/details").body) == {
        "accountType",
        "additionalCurrencies",
        "companyCurrency",
        "dataHostingLocation",
        "portalId",
        "timeZone",
        "uiDomain",
        "utcOffset",
        "utcOffsetMilliseconds",
    }


def test_whoami(api: Api) -> None:
    """An access token tells its user and its portal."""
    fields = {"client_id": "the-id", "client_secret": "the-secret", "refresh_token": "the-refresh-token"}
    token = api.form("/oauth/v1/token", grant_type="refresh_token", **fields).body["access_token"]

    told = api.get(f"/oauth/v1/access-tokens/{token}").body

    assert set(told) == {
        "app_id",
        "expires_in",
        "hub_domain",
        "hub_id",
        "is_private_distribution",
        "scopes",
        "signed_access_token",
        "token",
        "token_type",
        "user",
        "user_id",
    }
    assert told["token_type"] == "access"


def test_the_headers_of_an_answer(api: Api) -> None:
    """The type of the content, the id of the call, and what is left of the window."""
    headers = api.get("/crm/v3/owners/88842095").headers

    assert headers["content-type"] == "application/json;charset=utf-8"
    assert headers["x-hubspot-correlation-id"]
    assert headers["x-hubspot-ratelimit-interval-milliseconds"] == "10000"
    assert {"x-hubspot-ratelimit-max", "x-hubspot-ratelimit-remaining"} <= headers.keys()
