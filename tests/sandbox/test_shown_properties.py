# SPDX-License-Identifier: Apache-2.0
"""The properties that HubSpot adds to an answer without being asked."""

from __future__ import annotations

import pytest

from tests.sandbox.calling import CONTACTS, Api
from tests.sandbox.test_contacts import ROOTS

NEW = {"email": "Lena@Example.org", "firstname": "Lena", "lastname": "M", "phone": "+1 555-1234"}
BATCH_UPDATE = {
    "createdate",
    "hs_is_unworked",
    "hs_object_id",
    "hs_object_source",
    "hs_object_source_id",
    "hs_object_source_label",
    "hs_pipeline",
    "lastmodifieddate",
    "lifecyclestage",
}


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("many", [False, True], ids=["alone", "in a batch"])
def test_a_new_contact_shows_what_hubspot_works_out(api: Api, root: str, many: bool) -> None:
    """What was written, what follows from it, and what is so at the start."""
    answer = (
        api.batch("create", {"properties": NEW}, root=root) if many else api.post(root, {"properties": NEW})
    )

    body = answer.body["results"][0] if many else answer.body
    created = body["createdAt"]
    stage_date = body["properties"].pop("hs_lifecyclestage_lead_date")
    assert answer.status == 201
    assert stage_date.isdigit()
    assert len(stage_date) == 13
    assert body["properties"] == {
        **NEW,
        "email": "lena@example.org",
        "createdate": created,
        "hs_all_contact_vids": body["id"],
        "hs_associated_target_accounts": "0",
        "hs_currently_enrolled_in_prospecting_agent": "false",
        "hs_email_domain": "example.org",
        "hs_full_name_or_email": "Lena M",
        "hs_is_contact": "true",
        "hs_is_unworked": "true",
        "hs_membership_has_accessed_private_content": "0",
        "hs_object_id": body["id"],
        "hs_object_source": "INTEGRATION",
        "hs_object_source_id": "1",
        "hs_object_source_label": "INTEGRATION",
        "hs_pipeline": "contacts-lifecycle-pipeline",
        "hs_prospecting_agent_actively_enrolled_count": "0",
        "hs_prospecting_agent_total_enrolled_count": "0",
        "hs_registered_member": "0",
        "hs_searchable_calculated_phone_number": "15551234",
        "hs_sequences_actively_enrolled_count": "0",
        "hs_v2_date_entered_current_stage": created,
        "hs_v2_time_in_current_stage": created,
        "lastmodifieddate": body["updatedAt"],
        "lifecyclestage": "lead",
        "num_notes": "0",
    }


@pytest.mark.parametrize("root", ROOTS)
def test_an_updated_contact_shows_them_too(api: Api, root: str) -> None:
    """The answer to a PATCH has them, but not the address."""
    answer = api.patch(f"{root}/{api.id('ada@example.com')}", {"properties": {"city": "Bath"}})

    properties = answer.body["properties"]
    assert set(properties) - BATCH_UPDATE == {
        "city",
        "hs_email_domain",
        "hs_full_name_or_email",
        "hs_is_contact",
        "hs_v2_date_entered_current_stage",
        "hs_v2_time_in_current_stage",
    }
    assert properties["hs_full_name_or_email"] == "Ada"
    assert properties["hs_pipeline"] == "contacts-lifecycle-pipeline"


@pytest.mark.parametrize("action", ["update", "upsert"])
def test_a_batch_of_updates_shows_fewer(api: Api, action: str) -> None:
    """Recorded answers to a batch of updates have nine of them."""
    by = {"idProperty": "email"} if action == "upsert" else {}
    id_ = "ada@example.com" if by else api.id("ada@example.com")

    answer = api.batch(action, {"id": id_, "properties": {"city": "Bath"}, **by})

    assert set(answer.body["results"][0]["properties"]) == {"city"} | BATCH_UPDATE


def test_what_is_worked_out_follows_the_contact(api: Api) -> None:
    """It can be asked for and searched for, and changes with what it is made of."""
    grace = f"{CONTACTS}/{api.id('grace@example.com')}"
    names = "hs_email_domain,hs_full_name_or_email,hs_searchable_calculated_phone_number"
    before = api.get(f"{grace}?properties={names}").body["properties"]

    changes = {"email": "g@navy.example", "firstname": "", "phone": "(877) 929-0687"}
    api.patch(grace, {"properties": changes})

    after = api.get(f"{grace}?properties={names}").body["properties"]
    wanted = {"propertyName": "hs_email_domain", "operator": "EQ", "value": "navy.example"}
    found = api.post(f"{CONTACTS}/search", {"filterGroups": [{"filters": [wanted]}]})
    assert [before[name] for name in names.split(",")] == ["example.com", "Grace", None]
    assert [after[name] for name in names.split(",")] == ["navy.example", "g@navy.example", "8779290687"]
    assert [each["id"] for each in found.body["results"]] == [api.id("g@navy.example")]


def test_the_date_of_a_stage_is_the_last_time_it_was_entered(api: Api) -> None:
    """A stage that was cleared and set again begins anew."""
    grace = f"{CONTACTS}/{api.id('grace@example.com')}"
    for stage in ("customer", "", "lead"):
        api.patch(grace, {"properties": {"lifecyclestage": stage}})
    names = "hs_lifecyclestage_lead_date,hs_lifecyclestage_customer_date,hs_v2_date_entered_current_stage"

    properties = api.get(f"{grace}?properties={names},lifecyclestage").body["properties"]

    contact = api.sandbox.portal.contact("grace@example.com")
    assert contact is not None
    assert properties["hs_lifecyclestage_lead_date"] == properties["hs_v2_date_entered_current_stage"]
    assert properties["hs_lifecyclestage_lead_date"] >= properties["hs_lifecyclestage_customer_date"]
    assert properties["hs_lifecyclestage_customer_date"] is not None


@pytest.mark.parametrize("name", ["hs_email_domain", "hs_is_contact", "hs_v2_time_in_current_stage"])
def test_what_is_worked_out_cannot_be_written(api: Api, name: str) -> None:
    """It is read-only, like all that HubSpot sets."""
    answer = api.patch(f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": {name: "x"}})

    assert (answer.status, answer.body["errors"][0]["code"]) == (400, "READ_ONLY_VALUE")


@pytest.mark.parametrize(
    "name",
    [
        "hs_marketable_status",
        "hs_marketable_until_renewal",
        "hs_marketable_reason_type",
        "hs_marketable_reason_id",
    ],
)
def test_a_contact_is_not_made_a_marketing_contact_by_the_api(api: Api, name: str) -> None:
    """The marketing status cannot be written, on creation either."""
    answer = api.post(CONTACTS, {"properties": {"email": "m@example.com", name: "true"}})

    assert (answer.status, answer.body["errors"][0]["code"]) == (400, "READ_ONLY_VALUE")


@pytest.mark.parametrize("root", ROOTS)
def test_a_creation_names_the_new_address(api: Api, root: str) -> None:
    """``Location`` is absolute, and leads to the contact."""
    answer = api.post(root, {"properties": {"email": "l@example.com"}})

    location = answer.headers["location"]
    assert location == f"{api.sandbox.url}{root}/{answer.body['id']}"
    assert api.get(location.removeprefix(api.sandbox.url)).body["id"] == answer.body["id"]
