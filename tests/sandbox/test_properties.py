# SPDX-License-Identifier: Apache-2.0
"""Property definitions: list, get, create."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox.crm.properties.definitions import FIELD_TYPES
from airflow_provider_hubcontact.sandbox.crm.properties.of_contacts import GROUPS
from tests.sandbox.calling import CONTACTS, Api

ROOTS = [
    "/crm/v3/properties/contacts",
    "/crm/v3/properties/contact",
    "/crm/properties/2026-03/0-1",
    "/crm/properties/2026-09/contacts",
]
V1 = "/properties/v1/contacts/properties"
TIER: dict[str, Any] = {
    "name": "tier",
    "label": "Tier",
    "type": "enumeration",
    "fieldType": "select",
    "groupName": "contactinformation",
    "options": [{"label": "Gold", "value": "gold"}, {"label": "Tin", "value": "tin", "displayOrder": 5}],
}


class TestRead:
    @pytest.mark.parametrize("root", ROOTS)
    def test_all_are_listed(self, api: Api, root: str) -> None:
        """HubSpot's own properties and the portal's, not paged."""
        listed = {each["name"]: each for each in api.get(root).body["results"]}

        assert len(listed) >= 60
        assert listed["member_number"]["hasUniqueValue"] is True
        assert listed["hubspotscore"]["fieldType"] == "calculation_score"
        assert listed["hubspotscore"]["modificationMetadata"]["readOnlyValue"] is True
        assert api.get(f"{root}?archived=true").body["results"] == []

    @pytest.mark.parametrize("root", ROOTS)
    def test_the_stages_come_in_their_order(self, api: Api, root: str) -> None:
        """The lifecycle stage has HubSpot's eight stages."""
        answer = api.get(f"{root}/lifecyclestage")

        assert answer.status == 200
        assert [each["displayOrder"] for each in answer.body["options"]] == list(range(8))
        assert [each["value"] for each in answer.body["options"]] == [
            "subscriber",
            "lead",
            "marketingqualifiedlead",
            "salesqualifiedlead",
            "opportunity",
            "customer",
            "evangelist",
            "other",
        ]

    def test_every_default_property_makes_sense(self, api: Api) -> None:
        """Types have their checks, groups exist, and no two options of a property are the same."""
        for each in api.get(ROOTS[0]).body["results"]:
            values = [option["value"] for option in each["options"]]

            assert each["type"] in FIELD_TYPES
            assert each["groupName"] in GROUPS
            assert len(set(values)) == len(values)

    def test_an_unknown_name(self, api: Api) -> None:
        """404 in both APIs."""
        for path in (f"{ROOTS[0]}/nope", f"{V1}/named/nope"):
            answer = api.get(path)

            assert (answer.status, answer.body["category"]) == (404, "OBJECT_NOT_FOUND")

    def test_v1_has_its_own_form(self, api: Api) -> None:
        """A bare array, and the flags at the top level."""
        listed = {each["name"]: each for each in api.get(V1).body}

        assert listed["hubspotscore"]["readOnlyValue"] is True
        assert listed["firstname"]["readOnlyValue"] is False
        assert api.get(f"{V1}/named/lifecyclestage").body["options"][1]["value"] == "lead"

    def test_v1_tells_of_a_portals_own(self, api: Api) -> None:
        """What it says of a property that the portal's users have made."""
        body = api.post(V1, TIER | {"options": TIER["options"][:1]}).body

        assert body == {
            **{name: TIER[name] for name in ("name", "label", "type", "fieldType", "groupName")},
            "description": "",
            "options": [
                {
                    "label": "Gold",
                    "value": "gold",
                    "description": "",
                    "displayOrder": 0,
                    "hidden": False,
                    "readOnly": False,
                    "doubleData": 0.0,
                }
            ],
            "displayOrder": -1,
            "displayMode": "current_value",
            "createdAt": body["createdAt"],
            "updatedAt": body["createdAt"],
            "createdUserId": None,
            "updatedUserId": None,
            "favoritedOrder": -1,
            **dict.fromkeys(
                (
                    "formField",
                    "readOnlyValue",
                    "readOnlyDefinition",
                    "hidden",
                    "mutableDefinitionNotDeletable",
                    "favorited",
                    "calculated",
                    "externalOptions",
                    "deleted",
                    "hubspotDefined",
                ),
                False,
            ),
        }


class TestCreate:
    @pytest.mark.parametrize(("path", "status"), [*((root, 201) for root in ROOTS), (V1, 200)])
    def test_a_property_is_created_once(self, api: Api, path: str, status: int) -> None:
        """201, or 200 by v1; then it can be written, and a second creation is a 409."""
        ada = f"{CONTACTS}/{api.id('ada@example.com')}"
        assert api.patch(ada, {"properties": {"tier": "gold"}}).status == 400

        created = api.post(path, TIER)
        again = api.post(path, TIER)

        assert created.status == status
        assert [option["value"] for option in created.body["options"]] == ["gold", "tin"]
        assert again.status == 409
        assert again.message == "A property named 'tier' already exists."
        assert again.body["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
        assert api.patch(ada, {"properties": {"tier": "gold"}}).status == 200
        assert api.patch(ada, {"properties": {"tier": "lead"}}).status == 400

    def test_the_answer_says_where_it_is(self, api: Api) -> None:
        """``Location`` is the new property's address."""
        created = api.post(ROOTS[0], TIER)

        location = created.headers["location"]
        assert location.startswith(f"{api.sandbox.url}/crm/")
        assert api.get(location.removeprefix(api.sandbox.url)).body == created.body

    def test_a_unique_property_identifies_contacts(self, api: Api) -> None:
        """A contact can be found by it from then on."""
        definition = TIER | {"name": "crm_id", "type": "string", "fieldType": "text", "options": []}
        api.post(ROOTS[0], definition | {"hasUniqueValue": True})
        api.patch(f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": {"crm_id": "C-1"}})

        assert api.get(f"{CONTACTS}/C-1?idProperty=crm_id").body["id"] == api.id("ada@example.com")

    @pytest.mark.parametrize(
        "change",
        [
            {"name": ""},
            {"name": "Tier"},
            {"name": "1st"},
            {"name": "x" * 101},
            {"name": None},
            {"label": None},
            {"type": "text"},
            {"fieldType": "number"},
            {"groupName": "nowhere"},
            {"options": "gold"},
            {"options": ["gold"]},
            {"options": [{"label": "Gold"}]},
            {"options": [{"label": "A", "value": "a"}, {"label": "B", "value": "a"}]},
            {"options": [{"label": "A", "value": "a;b"}]},
            {"name": ["x"]},
        ],
        ids=str,
    )
    def test_a_definition_that_is_none(self, api: Api, change: dict[str, Any]) -> None:
        """400 with a sentence; nothing is created."""
        before = len(api.sandbox.portal.definitions)

        answer = api.post(ROOTS[0], TIER | change)

        assert answer.status == 400
        assert len(api.sandbox.portal.definitions) == before
