# SPDX-License-Identifier: Apache-2.0
"""One contact a call, v3 and dated."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox, Switches
from tests.sandbox.calling import CONTACTS, Api
from tests.sandbox.conftest import SEEDS

ROOTS = [
    "/crm/v3/objects/contacts",
    "/crm/v3/objects/0-1",
    "/crm/objects/2026-03/contacts",
    "/crm/objects/2026-09/contacts",
    "/crm/objects/2026-09/0-1",
]


class TestGet:
    @pytest.mark.parametrize("root", ROOTS)
    def test_every_version_answers(self, api: Api, root: str) -> None:
        """v3 and the dated versions know contacts by their name and by their type id."""
        answer = api.get(f"{root}/{api.id('ada@example.com')}?properties=firstname,phone&properties=jobtitle")

        assert answer.status == 200
        assert answer.body["id"] == api.id("ada@example.com")
        assert answer.body["archived"] is False
        properties = answer.body["properties"]
        assert (properties["firstname"], properties["jobtitle"]) == ("Ada", "Countess")
        assert properties["phone"] is None
        assert answer.body["updatedAt"] == properties["lastmodifieddate"]

    def test_the_default_properties(self, api: Api) -> None:
        """Without ``properties`` six of them come back; the stage is not among them."""
        answer = api.get(f"{CONTACTS}/{api.id('ada@example.com')}")

        assert sorted(answer.body["properties"]) == [
            "createdate",
            "email",
            "firstname",
            "hs_object_id",
            "lastmodifieddate",
            "lastname",
        ]

    @pytest.mark.parametrize("email", ["ADA@example.com", "alan@bletchley.example", "turing@EXAMPLE.org"])
    def test_any_address_finds_the_contact(self, api: Api, email: str) -> None:
        """``idProperty=email`` compares without case, and knows secondary addresses."""
        answer = api.get(f"{CONTACTS}/{quote(email, safe='')}?idProperty=email")

        assert answer.status == 200
        assert answer.body["id"] == api.id(email)

    def test_an_id_before_a_merge(self) -> None:
        """It answers with the contact that it was merged into, for reads and for writes."""
        with Sandbox([{"email": "ada@example.com", "hs_merged_object_ids": "101;102"}]) as sandbox:
            api = Api(sandbox)
            own = api.id("ada@example.com")

            read = api.get(f"{CONTACTS}/101?properties=hs_merged_object_ids")
            written = api.patch(f"{CONTACTS}/102", {"properties": {"firstname": "Ada"}})

        assert (read.body["id"], written.body["id"]) == (own, own)
        assert read.body["properties"]["hs_merged_object_ids"] == "101;102"

    def test_a_unique_property_finds_the_contact(self, api: Api) -> None:
        """A property with ``hasUniqueValue`` identifies contacts; another one does not."""
        assert api.get(f"{CONTACTS}/M-1?idProperty=member_number").body["id"] == api.id("alan@example.com")
        assert api.get(f"{CONTACTS}/Alan?idProperty=firstname").status == 400

    def test_an_unknown_id(self, api: Api) -> None:
        """An unknown number, or an unknown address, is a 404 without a category."""
        for path in ("/999", "/nobody%40example.com?idProperty=email"):
            answer = api.get(CONTACTS + path)

            assert answer.status == 404
            assert answer.message == "resource not found"
            assert "category" not in answer.body

    @pytest.mark.parametrize("root", ROOTS)
    @pytest.mark.parametrize("method", ["GET", "PATCH"])
    def test_an_unknown_id_is_a_page_for_who_does_not_ask_for_json(
        self, api: Api, root: str, method: str
    ) -> None:
        """A 404 is HTML unless ``Accept`` names JSON, among others or alone."""
        body = {"properties": {"city": "Bath"}} if method == "PATCH" else None

        for accept, kind in [
            ("*/*", "text/html;charset=utf-8"),
            ("text/html", "text/html;charset=utf-8"),
            ("application/json", "application/json;charset=utf-8"),
            ("application/json, */*;q=0.8", "application/json;charset=utf-8"),
            ("text/html, application/json;q=0.1", "application/json;charset=utf-8"),
            ("application/json;q=0", "text/html;charset=utf-8"),
            ("application/json; charset=utf-8; q=0.000, */*", "text/html;charset=utf-8"),
        ]:
            answer = api.call(method, f"{root}/999", body, {"Accept": accept})

            assert (answer.status, answer.headers["content-type"]) == (404, kind)
            assert answer.headers["x-hubspot-correlation-id"]

    def test_other_refusals_are_json_for_everybody(self, api: Api) -> None:
        """An id that is no number, a bad body and v1's 404 do not depend on ``Accept``."""
        for method, path, body in [
            ("GET", f"{CONTACTS}/x", None),
            ("POST", CONTACTS, b"{"),
            ("GET", "/contacts/v1/contact/vid/1/profile", None),
        ]:
            answer = api.call(method, path, body, {"Accept": "*/*"})

            assert answer.headers["content-type"] == "application/json;charset=utf-8"

    def test_an_id_that_is_no_number(self, api: Api) -> None:
        """Without ``idProperty`` an address is no id."""
        answer = api.get(f"{CONTACTS}/ada%40example.com")

        assert answer.status == 404
        assert answer.message == "Object not found.  objectId are usually numeric."
        assert answer.body["context"] == {"id": ["ada@example.com"]}
        assert answer.body["category"] == "OBJECT_NOT_FOUND"

    def test_history(self, api: Api) -> None:
        """``propertiesWithHistory`` tells the former values and who wrote them, the newest first."""
        path = f"{CONTACTS}/{api.id('ada@example.com')}"
        api.patch(path, {"properties": {"jobtitle": "Analyst"}})

        answer = api.get(f"{path}?propertiesWithHistory=jobtitle")

        versions = answer.body["propertiesWithHistory"]["jobtitle"]
        assert [(each["value"], each["sourceType"], each["sourceId"]) for each in versions] == [
            ("Analyst", "INTEGRATION", "1"),
            ("Countess", "IMPORT", ""),
        ]

    @pytest.mark.parametrize(("history", "most"), [("", 100), ("&propertiesWithHistory=jobtitle", 50)])
    def test_how_many_are_on_a_page(self, api: Api, history: str, most: int) -> None:
        """From one to a hundred, with history to fifty."""
        statuses = [api.get(f"{CONTACTS}?limit={each}{history}").status for each in (0, 1, most, most + 1)]

        assert statuses == [400, 200, 200, 400]


class TestCreate:
    def test_a_contact_is_created(self, api: Api) -> None:
        """201, the address in lower case, the portal's first stage, and what HubSpot computes."""
        answer = api.post(CONTACTS, {"properties": {"email": "New@Example.com", "firstname": "N"}})

        assert answer.status == 201
        assert answer.body["properties"]["email"] == "new@example.com"
        assert answer.body["properties"]["hs_object_id"] == answer.body["id"] == api.id("new@example.com")
        assert api.stored("new@example.com", "lifecyclestage") == "lead"

    def test_a_contact_needs_no_address(self, api: Api) -> None:
        """Contacts without an address may exist, any number of them."""
        assert {api.post(CONTACTS, {"properties": {"firstname": "X"}}).status for _ in range(2)} == {201}

    def test_a_taken_address(self, api: Api) -> None:
        """409, with the other contact's id in the sentence only."""
        answer = api.post(CONTACTS, {"properties": {"email": "ADA@example.com"}})

        assert answer.status == 409
        assert answer.message == f"Contact already exists. Existing ID: {api.id('ada@example.com')}"
        assert answer.body["category"] == "CONFLICT"
        assert "context" not in answer.body

    def test_other_associations_are_not_emulated(self, api: Api) -> None:
        """501 for those with objects that the sandbox does not have; nothing is created."""
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
        body = {"properties": {}, "associations": [{"to": {"id": "1"}, "types": types}]}

        assert api.post(CONTACTS, body).status == 501
        assert len(api.sandbox.portal.contacts) == 3


class TestUpdate:
    def test_only_named_properties_change(self, api: Api) -> None:
        """200 with what was written; the address is not among it."""
        path = f"{CONTACTS}/ada%40example.com?idProperty=email"

        answer = api.patch(path, {"properties": {"firstname": "Augusta", "jobtitle": ""}})

        assert answer.status == 200
        assert answer.body["properties"]["firstname"] == "Augusta"
        assert answer.body["properties"]["jobtitle"] == ""
        assert "email" not in answer.body["properties"]
        assert api.stored("ada@example.com", "jobtitle") == ""
        assert api.stored("ada@example.com", "lifecyclestage") == "customer"

    def test_equal_values_change_nothing(self, api: Api) -> None:
        """Writing what is there already leaves lastmodifieddate and the history alone."""
        before = api.stored("ada@example.com", "lastmodifieddate")

        answer = api.patch(f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": {"firstname": "Ada"}})

        assert answer.status == 200
        assert api.stored("ada@example.com", "lastmodifieddate") == before
        contact = api.sandbox.portal.contact("ada@example.com")
        assert contact is not None
        assert len(contact.history["firstname"]) == 1

    @pytest.mark.parametrize("root", ROOTS)
    def test_no_property_is_a_400(self, api: Api, root: str) -> None:
        """An update without any property is refused in HubSpot's own words."""
        answer = api.patch(f"{root}/{api.id('ada@example.com')}", {"properties": {}})

        assert answer.status == 400
        assert answer.message == "No properties found to update, please provide at least one."
        assert answer.body["category"] == "VALIDATION_ERROR"
        assert answer.body["context"] == {"properties": ["{}"]}

    def test_one_bad_value_refuses_all(self, api: Api) -> None:
        """All bad values are in the sentence, three of them in ``errors``, and nothing is written."""
        bad = {"nope": "1", "points": "many", "hubspotscore": "7", "hs_lead_status": "new"}

        answer = api.patch(
            f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": {"firstname": "X", **bad}}
        )

        assert answer.status == 400
        assert answer.body["category"] == "VALIDATION_ERROR"
        assert answer.message.startswith("Property values were not valid: [{")
        assert all(f'"name":"{name}"' in answer.message for name in bad)
        named = [error["context"]["propertyName"] for error in answer.body["errors"]]
        assert named == [["nope"], ["points"], ["hubspotscore"]]
        assert api.stored("ada@example.com", "firstname") == "Ada"


class TestAddress:
    def test_it_changes(self, api: Api) -> None:
        """The new address finds the contact; by default the old one does not, and is free again."""
        ada = api.id("ada@example.com")

        assert api.patch(f"{CONTACTS}/{ada}", {"properties": {"email": "Lovelace@x.org"}}).status == 200
        assert api.id("lovelace@x.org") == ada
        assert api.sandbox.portal.contact("ada@example.com") is None
        assert api.post(CONTACTS, {"properties": {"email": "ada@example.com"}}).status == 201

    def test_the_address_of_another_contact_can_be_ignored(self) -> None:
        """With the switch ``taken_email=ignore`` it is a 200, and the rest is written."""
        with Sandbox(SEEDS[:2], switches=Switches(taken_email="ignore")) as sandbox:
            api = Api(sandbox)
            path = f"{CONTACTS}/{api.id('ada@example.com')}"

            answer = api.patch(path, {"properties": {"email": "grace@example.com", "firstname": "X"}})

            assert answer.status == 200
            assert api.stored("ada@example.com", "firstname") == "X"
            assert api.stored("ada@example.com", "email") == "ada@example.com"

    @pytest.mark.parametrize("taken", ["grace@example.com", "turing@example.org"])
    def test_it_is_another_contacts(self, api: Api, taken: str) -> None:
        """409 for an address, primary or secondary, that another contact has; nothing is written."""
        properties = {"email": taken, "firstname": "X"}

        answer = api.patch(f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": properties})

        assert answer.status == 409
        assert answer.body["category"] == "CONFLICT"
        assert api.stored("ada@example.com", "firstname") == "Ada"

    def test_a_secondary_address_becomes_the_primary_one(self, api: Api) -> None:
        """It leaves the secondary ones, and still finds the contact."""
        alan = api.id("alan@example.com")

        assert api.patch(f"{CONTACTS}/{alan}", {"properties": {"email": "turing@example.org"}}).status == 200
        assert api.stored("turing@example.org", "email") == "turing@example.org"
        assert api.stored("turing@example.org", "hs_additional_emails") == "alan@bletchley.example"

    @pytest.mark.parametrize("old", ["dropped", "secondary"])
    def test_the_history_of_the_secondary_addresses(self, old: Any) -> None:
        """What becomes of them is in their history, and unknown to a search whose index is behind."""
        alan = {
            "email": "alan@example.com",
            "hs_additional_emails": "alan@bletchley.example;turing@example.org",
        }
        with Sandbox([alan], switches=Switches(old_email=old)) as sandbox:
            api = Api(sandbox)
            contact, before = sandbox.portal.contacts[api.id("alan@example.com")], sandbox.portal.now()
            sandbox.advance(1)
            api.patch(f"{CONTACTS}/{contact.id}", {"properties": {"email": "turing@example.org"}})
            told = [each.value for each in contact.history["hs_additional_emails"]]
            then = contact.as_of(before)

            seeded = alan["hs_additional_emails"]
            now = "alan@bletchley.example" + (";alan@example.com" if old == "secondary" else "")
            assert told == [now, seeded]
            assert contact.properties["hs_additional_emails"] == now
            assert then is not None
            assert then.properties["hs_additional_emails"] == seeded

    def test_it_is_cleared(self, api: Api) -> None:
        """A contact can lose its address, which is free then."""
        ada = api.id("ada@example.com")

        assert api.patch(f"{CONTACTS}/{ada}", {"properties": {"email": ""}}).status == 200
        assert api.sandbox.portal.contact("ada@example.com") is None
        assert api.sandbox.portal.contact(ada) is not None

    def test_the_old_one_can_stay_as_a_secondary_one(self) -> None:
        """With the switch ``old_email=secondary`` the old address still finds the contact."""
        with Sandbox(SEEDS[:1], switches=Switches(old_email="secondary")) as sandbox:
            api = Api(sandbox)
            ada = api.id("ada@example.com")

            api.patch(f"{CONTACTS}/{ada}", {"properties": {"email": "new@example.com"}})

            assert api.id("ada@example.com") == api.id("new@example.com") == ada
            assert api.post(CONTACTS, {"properties": {"email": "ada@example.com"}}).status == 409

    def test_a_unique_value_is_another_contacts(self, api: Api) -> None:
        """400 for a value of a unique property that another contact has; the sentence names both."""
        ada, alan = api.id("ada@example.com"), api.id("alan@example.com")

        answer = api.patch(f"{CONTACTS}/{ada}", {"properties": {"member_number": "m-1"}})

        assert answer.status == 400
        assert answer.body["category"] == "VALIDATION_ERROR"
        assert answer.message == (
            "Cannot set PropertyValueCoordinates{portalId=12345678, "
            "objectTypeId=ObjectTypeId{legacyObjectType=CONTACT}, propertyName=member_number, value=m-1} "
            f"on {ada}. {alan} already has that value."
        )

    @pytest.mark.parametrize("many", [False, True], ids=["alone", "in a batch"])
    def test_a_unique_value_of_a_new_contact_is_taken(self, api: Api, many: bool) -> None:
        """A new contact has an id by then, which the sentence names first; nothing is created."""
        properties = {"email": "n@example.com", "member_number": "M-1"}

        answer = (
            api.batch("create", {"properties": properties}, {"properties": {"email": "o@example.com"}})
            if many
            else api.post(CONTACTS, {"properties": properties})
        )

        assert answer.status == 400
        assert answer.message.endswith(f". {api.id('alan@example.com')} already has that value.")
        assert api.sandbox.portal.contact("n@example.com") is None
        assert api.sandbox.portal.contact("o@example.com") is None

    def test_a_trace_id_names_who_takes_a_unique_value(self, api: Api) -> None:
        """207, and the others are created."""
        answer = api.batch(
            "create",
            {"properties": {"email": "n@example.com", "member_number": "M-1"}, "objectWriteTraceId": "a"},
            {"properties": {"email": "o@example.com"}, "objectWriteTraceId": "b"},
        )

        (error,) = answer.body["errors"]
        assert (answer.status, error["category"]) == (207, "VALIDATION_ERROR")
        assert error["context"] == {"objectWriteTraceId": ["a"]}
        assert len(answer.body["results"]) == 1

    @pytest.mark.parametrize("switch", ["taken_email", "taken_email_on_create"])
    def test_a_taken_address_can_be_a_400(self, switch: str) -> None:
        """With the switches an address is told as other unique values are."""
        with Sandbox(SEEDS[:2], switches=Switches().flipped({switch: "400"})) as sandbox:
            api = Api(sandbox)
            grace = api.id("grace@example.com")

            created = api.post(CONTACTS, {"properties": {"email": "ADA@example.com"}})
            updated = api.patch(f"{CONTACTS}/{grace}", {"properties": {"email": "ada@example.com"}})

            asked, other = (updated, created) if switch == "taken_email" else (created, updated)
            assert (asked.status, other.status) == (400, 409)
            assert "propertyName=email, value=ada@example.com} on " in asked.message
            assert asked.message.endswith(f". {api.id('ada@example.com')} already has that value.")


class TestOtherAddresses:
    def test_a_new_contact_may_have_several(self, api: Api) -> None:
        """``hs_additional_emails`` can be given on creation; each address finds the contact."""
        properties = {"email": "a@x.org", "hs_additional_emails": "B@x.org;c@x.org"}

        answer = api.post(CONTACTS, {"properties": properties})

        assert answer.status == 201
        assert answer.body["properties"]["hs_additional_emails"] == "b@x.org;c@x.org"
        for address in ("a@x.org", "b@x.org", "C@x.org"):
            assert api.id(address) == answer.body["id"]
            assert api.post(CONTACTS, {"properties": {"email": address}}).status == 409

    @pytest.mark.parametrize("taken", ["ada@example.com", "turing@example.org"])
    def test_it_may_not_take_another_contacts(self, api: Api, taken: str) -> None:
        """An address that another contact has, first or not, is a 409; nothing is created."""
        properties = {"email": "a@x.org", "hs_additional_emails": f"b@x.org;{taken}"}

        answer = api.post(CONTACTS, {"properties": properties})

        assert answer.message == f"Contact already exists. Existing ID: {api.id(taken)}"
        assert api.sandbox.portal.contact("b@x.org") is None

    def test_two_of_a_batch_may_not_share_one(self, api: Api) -> None:
        """All or nothing, as for first addresses."""
        one = {"email": "a@x.org", "hs_additional_emails": "c@x.org"}
        other = {"email": "b@x.org", "hs_additional_emails": "c@x.org"}

        assert api.batch("create", {"properties": one}, {"properties": other}).status == 409
        assert api.sandbox.portal.contact("a@x.org") is None

    def test_with_trace_ids_a_taken_one_refuses_its_own_contact(self, api: Api) -> None:
        """The error names the input and the contact that has the address; the other contact is created."""
        one = {"email": "a@x.org", "hs_additional_emails": "turing@example.org"}
        other = {"email": "b@x.org", "hs_additional_emails": "c@x.org"}
        inputs = [{"properties": each, "objectWriteTraceId": f"t{n}"} for n, each in enumerate((one, other))]

        answer = api.batch("create", *inputs)

        (error,) = answer.body["errors"]
        assert (answer.status, error["category"]) == (207, "CONFLICT")
        assert error["context"]["objectWriteTraceId"] == ["t0"]
        assert error["context"]["existingId"] == [api.id("turing@example.org")]
        assert api.id("c@x.org") == api.id("b@x.org")
        assert api.sandbox.portal.contact("a@x.org") is None

    def test_an_upsert_gives_them_to_a_new_contact_only(self, api: Api) -> None:
        """One that exists is refused."""
        for address, status in (("a@x.org", 200), ("ada@example.com", 400)):
            properties = {"hs_additional_emails": f"more-{address}"}
            one = {"id": address, "idProperty": "email", "properties": properties}
            assert api.batch("upsert", one).status == status
        assert api.id("more-a@x.org") == api.id("a@x.org")

    def test_each_is_an_address(self, api: Api) -> None:
        """One that is not valid refuses the contact."""
        answer = api.post(CONTACTS, {"properties": {"email": "a@x.org", "hs_additional_emails": "b"}})

        assert (answer.status, answer.body["errors"][0]["code"]) == (400, "INVALID_EMAIL")

    def test_an_existing_contact_keeps_its_own(self, api: Api) -> None:
        """They cannot be changed by an update."""
        ada = f"{CONTACTS}/{api.id('ada@example.com')}"

        answer = api.patch(ada, {"properties": {"hs_additional_emails": "b@x.org"}})

        assert (answer.status, answer.body["errors"][0]["code"]) == (400, "READ_ONLY_VALUE")


class TestStage:
    @pytest.mark.parametrize("root", ROOTS)
    def test_it_never_goes_back(self, api: Api, root: str) -> None:
        """A stage before the present one is ignored: 200 with the old one; the rest is written."""
        properties = {"lifecyclestage": "lead", "jobtitle": "Analyst"}

        answer = api.patch(f"{root}/{api.id('ada@example.com')}", {"properties": properties})

        assert answer.status == 200
        assert answer.body["properties"]["lifecyclestage"] == "customer"
        assert api.stored("ada@example.com", "jobtitle") == "Analyst"

    def test_it_can_be_cleared_and_set(self, api: Api) -> None:
        """Two writes take a stage back."""
        path = f"{CONTACTS}/{api.id('ada@example.com')}"

        for stage in ("", "lead"):
            assert api.patch(path, {"properties": {"lifecyclestage": stage}}).status == 200
            assert api.stored("ada@example.com", "lifecyclestage") == stage

    def test_it_goes_forward(self, api: Api) -> None:
        """A later stage is taken."""
        api.patch(f"{CONTACTS}/{api.id('grace@example.com')}", {"properties": {"lifecyclestage": "other"}})

        assert api.stored("grace@example.com", "lifecyclestage") == "other"

    def test_going_back_can_be_refused(self) -> None:
        """With the switch ``stage_regression=reject`` it is a 400, except by v1."""
        with Sandbox(SEEDS[:1], switches=Switches(stage_regression="reject")) as sandbox:
            api = Api(sandbox)
            path = f"{CONTACTS}/{api.id('ada@example.com')}"
            v1 = "/contacts/v1/contact/email/ada%40example.com/profile"

            assert api.patch(path, {"properties": {"lifecyclestage": "lead"}}).status == 400
            entry = {"property": "lifecyclestage", "value": "lead"}
            assert api.post(v1, {"properties": [entry]}).status == 204
            assert api.stored("ada@example.com", "lifecyclestage") == "customer"


class TestBadBodies:
    @pytest.mark.parametrize(
        ("body", "says"),
        [
            (b"", "Invalid input JSON on line 1, column 1: No content"),
            (b'{\n"properties": oops}', "Invalid input JSON on line 2, column"),
            (b"[]", "from Array value (token `JsonToken.START_ARRAY`)"),
            (b"{}", "line 1, column 2. Some required fields were not set: [properties]"),
            (b'{"properties": []}', "from Array value"),
            (b'{"properties": {"firstname": ["a"]}}', "Cannot deserialize value of type `java.lang.String`"),
            (b'{"properties": {"firstname": {"a": 1}}}', "from Object value"),
            (b'{"properties": {"firstname": "\\ud800"}}', "Invalid input JSON"),
            (b'{"properties": {"firstname": NaN}}', "Invalid input JSON"),
            (b"\xff\xfe", "Invalid input JSON"),
            (b"[" * 100_000, "Invalid input JSON"),
        ],
        ids=[
            "empty",
            "broken",
            "array",
            "no properties",
            "list",
            "list value",
            "object value",
            "surrogate",
            "NaN",
            "no UTF-8",
            "deep",
        ],
    )
    def test_what_is_no_contact_is_a_400(self, api: Api, body: bytes, says: str) -> None:
        """A body that is no JSON, or of the wrong shape, is refused with its place."""
        answer = api.call("POST", CONTACTS, body)

        assert answer.status == 400
        assert says in answer.message

    @pytest.mark.parametrize(
        ("value", "stored"), [(7, "7"), (1.5, "1.5"), (True, "true"), (None, ""), ("7", "7")], ids=str
    )
    def test_json_scalars_are_taken_as_text(self, api: Api, value: Any, stored: str) -> None:
        """Numbers and booleans stand for their text, null for no value."""
        answer = api.post(CONTACTS, {"properties": {"email": "n@example.com", "jobtitle": value}})

        assert answer.status == 201
        assert (api.stored("n@example.com", "jobtitle") or "") == stored
