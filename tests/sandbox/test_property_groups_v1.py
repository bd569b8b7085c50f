# SPDX-License-Identifier: Apache-2.0
"""Groups of properties by v1; what v3 and v1 have is the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.calling import Api

GROUPS = "/properties/v1/contacts/groups"
V3 = "/crm/v3/properties/contacts"
OURS = {"name": "ours", "displayName": "Ours", "displayOrder": 3}


def test_a_group_has_a_life(api: Api) -> None:
    """Create 200, get, change by PUT 200, delete 204."""
    named = f"{GROUPS}/named/ours"

    created = api.post(GROUPS, OURS)
    again = api.post(GROUPS, OURS)
    changed = api.call("PUT", named, {"displayName": "Our own"})

    own = {"portalId": 12345678, "deleted": False, "displayName": "Our own"}
    assert (created.status, again.status, changed.status) == (200, 409, 200)
    assert created.body == {**OURS, "portalId": 12345678, "deleted": False}
    assert api.get(named).body == OURS | own | {"hubspotDefined": False}
    assert api.get(f"{V3}/groups/ours").body["label"] == "Our own"
    assert api.call("DELETE", named).status == 204
    assert api.get(named).status == 404


def test_all_are_listed(api: Api) -> None:
    """A bare array, HubSpot's own first."""
    api.post(GROUPS, OURS)

    listed = {each["name"]: each["hubspotDefined"] for each in api.get(GROUPS).body}

    assert (listed["contactinformation"], listed["ours"]) == (True, False)
    assert next(iter(listed)) == "contactinformation"


@pytest.mark.parametrize("path", [GROUPS, f"{GROUPS}/named/ours"])
def test_properties_of_a_group(api: Api, path: str) -> None:
    """In v1's form, if ``includeProperties`` asks for them; not those of other groups."""
    api.post(GROUPS, OURS)
    color = {"name": "color", "label": "Color", "type": "string", "fieldType": "text", "groupName": "ours"}
    api.post(V3, color)

    plain, full = api.get(path).body, api.get(f"{path}?includeProperties=true").body
    plain, full = (body if isinstance(body, list) else [body] for body in (plain, full))
    ours = next(group for group in full if group["name"] == "ours")

    assert all("properties" not in group for group in plain)
    assert ours["properties"] == [api.get("/properties/v1/contacts/properties/named/color").body]


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "x"}, {"name": "x", "label": "v3's"}, {"name": "A b", "displayName": "L"}, [], "x"],
    ids=str,
)
def test_what_is_no_group(api: Api, body: Any) -> None:
    """400 without a name and a ``displayName``."""
    assert api.post(GROUPS, body).status == 400
    assert "x" not in api.sandbox.portal.groups


def test_hubspots_own_stay(api: Api) -> None:
    """400, as by v3."""
    assert api.call("DELETE", f"{GROUPS}/named/contactinformation").status == 400
