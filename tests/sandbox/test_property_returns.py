# SPDX-License-Identifier: Apache-2.0
"""Properties that were deleted: apart from the others, and back as they were."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.state import InvalidState, dump, load
from tests.sandbox.calling import CONTACTS, Api

ROOT = "/crm/v3/properties/contacts"


def code(**more: Any) -> dict[str, Any]:
    return {
        "name": "code",
        "label": "Code",
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
        **more,
    }


def write(api: Api, email: str, **values: str) -> int:
    return api.patch(f"{CONTACTS}/{api.id(email)}", {"properties": values}).status


@pytest.mark.parametrize("unique", [True, False], ids=["unique", "not unique"])
def test_it_stays_as_unique_as_it_was(api: Api, *, unique: bool) -> None:
    """400 for the other ``hasUniqueValue``, whatever the contacts have; and nothing comes back."""
    api.post(ROOT, code(hasUniqueValue=unique))
    for email in ("ada@example.com", "grace@example.com"):
        write(api, email, code=email if unique else "the same")
    api.call("DELETE", f"{ROOT}/code")

    assert api.post(ROOT, code(hasUniqueValue=not unique)).status == 400
    assert api.get(f"{ROOT}/code").status == 404
    assert api.post(ROOT, code(hasUniqueValue=unique)).status == 201
    assert api.stored("grace@example.com", "code") == ("grace@example.com" if unique else "the same")


def test_a_state_in_which_it_cannot_come_back(hubspot: Sandbox) -> None:
    """A state in which two contacts share a value of a deleted unique property is none."""
    api = Api(hubspot)
    api.post(ROOT, code())
    for email in ("ada@example.com", "grace@example.com"):
        write(api, email, code="the same")
    api.call("DELETE", f"{ROOT}/code")
    state = dump(hubspot.portal)
    load(hubspot.portal, state)
    for definition in state["properties"]["contacts"]:
        definition["unique"] |= definition["name"] == "code"

    with pytest.raises(InvalidState, match="share a code"):
        load(hubspot.portal, state)
    assert api.get(f"{CONTACTS}/x?idProperty=code").status == 400


def test_a_restored_state_knows_nobody_by_a_deleted_property(hubspot: Sandbox) -> None:
    """A deleted unique property identifies contacts again when it is back, not before."""
    api = Api(hubspot)
    definition = api.get(f"{ROOT}/member_number").body
    api.call("DELETE", f"{ROOT}/member_number")
    load(hubspot.portal, dump(hubspot.portal))
    path = f"{CONTACTS}/M-1?idProperty=member_number"
    gone = api.get(path).status

    api.post(ROOT, definition)

    assert (gone, api.get(path).status) == (400, 200)


def test_a_batch_reads_deleted_ones_only(api: Api) -> None:
    """207 for a property that is there when deleted ones are asked for, even if none is deleted."""
    answer = api.batch("read", {"name": "email"}, root=ROOT, archived=True)

    assert (answer.status, answer.body["results"], answer.body["numErrors"]) == (207, [], 1)


def test_a_batch_deletes_all_or_none(api: Api) -> None:
    """400 for one of HubSpot's own, and the others are still there."""
    api.post(ROOT, code())

    answer = api.batch("archive", {"name": "code"}, {"name": "email"}, root=ROOT)

    assert (answer.status, api.get(f"{ROOT}/code").status) == (400, 200)
