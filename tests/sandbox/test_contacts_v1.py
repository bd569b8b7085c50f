# SPDX-License-Identifier: Apache-2.0
"""The legacy contact calls, one contact each."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox, Switches
from airflow_provider_hubcontact.sandbox.crm.record import HISTORY_LENGTH, MAX_WRITES
from tests.sandbox.calling import Answer, Api
from tests.sandbox.conftest import SEEDS

UPSERT = "/contacts/v1/contact/createOrUpdate/email"


def profile(email: str) -> str:
    """Return the path of a contact's profile."""
    return f"/contacts/v1/contact/email/{quote(email, safe='')}/profile"


def update(api: Api, address: str, /, **values: Any) -> Answer:
    """Set properties by the legacy update."""
    entries = [{"property": name, "value": value} for name, value in values.items()]
    return api.post(profile(address), {"properties": entries})


class TestUpdate:
    @pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.com"])
    def test_values_are_written(self, api: Api, email: str) -> None:
        """204 without a body; letter case of the address does not count."""
        answer = update(api, email, firstname="Augusta", jobtitle="")

        assert (answer.status, answer.body) == (204, None)
        assert api.stored("ada@example.com", "firstname") == "Augusta"
        assert api.stored("ada@example.com", "jobtitle") == ""

    def test_a_secondary_address_finds_the_contact(self, api: Api) -> None:
        """Any of a contact's addresses is good in the path."""
        assert update(api, "turing@example.org", city="Wilmslow").status == 204
        assert api.stored("alan@example.com", "city") == "Wilmslow"

    @pytest.mark.parametrize(
        "email", ["a+b@x.org", "o'neil@x.org", "a/b@x.org", "jürgen@bücher.example", "a%b@x.org"]
    )
    def test_any_address_fits_into_the_path(self, api: Api, email: str) -> None:
        """An address with a slash, a plus, a percent sign or letters outside of ASCII is one segment."""
        api.sandbox.portal.create({"email": email})

        assert update(api, email, city="Rome").status == 204
        assert api.stored(email, "city") == "Rome"

    @pytest.mark.parametrize("email", ["nobody@example.com", "no address", "a b@x.org", "..", "?#"])
    def test_an_unknown_address(self, api: Api, email: str) -> None:
        """404 in v1's words, whatever stands in the path."""
        answer = update(api, email, firstname="X")

        assert answer.status == 404
        assert answer.body == {
            "status": "error",
            "message": "contact does not exist",
            "correlationId": answer.headers["x-hubspot-correlation-id"],
            "errors": [{"message": "contact does not exist"}],
            "category": "OBJECT_NOT_FOUND",
        }

    def test_older_refusals(self) -> None:
        """With the switch ``v1_errors=older`` a 404 has no category, and a 409 names the other contact."""
        with Sandbox(SEEDS[:2], switches=Switches(v1_errors="older")) as sandbox:
            api = Api(sandbox)

            unknown = update(api, "nobody@example.com", firstname="X")
            taken = update(api, "ada@example.com", email="grace@example.com")

            assert (unknown.status, unknown.message) == (404, "contact does not exist")
            assert sorted(unknown.body) == ["correlationId", "message", "status"]
            existing = f"Existing ID: {api.id('grace@example.com')}"
            assert (taken.status, taken.message) == (409, f"Contact already exists. {existing}")

    def test_all_bad_values_are_told(self, api: Api) -> None:
        """400 with one entry of ``validationResults`` for each, and nothing is written."""
        answer = update(
            api, "ada@example.com", firstname="X", nope="1", points="a", hubspotscore="7", vip="True"
        )

        assert answer.status == 400
        assert answer.message == "Property values were not valid"
        assert {each["name"]: each["error"] for each in answer.body["validationResults"]} == {
            "nope": "PROPERTY_DOESNT_EXIST",
            "points": "INVALID_INTEGER",
            "hubspotscore": "READ_ONLY_VALUE",
            "vip": "INVALID_OPTION",
        }
        assert {each["isValid"] for each in answer.body["validationResults"]} == {False}
        assert api.stored("ada@example.com", "firstname") == "Ada"

    def test_a_stage_that_goes_back_is_ignored(self, api: Api) -> None:
        """204, and the stage stays; cleared first, it can be set."""
        assert update(api, "ada@example.com", lifecyclestage="lead").status == 204
        assert api.stored("ada@example.com", "lifecyclestage") == "customer"

        update(api, "ada@example.com", lifecyclestage="")
        update(api, "ada@example.com", lifecyclestage="lead")
        assert api.stored("ada@example.com", "lifecyclestage") == "lead"

    def test_the_time_of_a_value_is_kept(self, api: Api) -> None:
        """``timestamp`` says when a value was set; without it, now."""
        entries = [
            {"property": "jobtitle", "value": "Analyst", "timestamp": 1_700_000_000_000},
            {"property": "city", "value": "London", "timestamp": "1700000000001"},
            {"property": "zip", "value": "SW1"},
        ]

        assert api.post(profile("ada@example.com"), {"properties": entries}).status == 204
        contact = api.sandbox.portal.contact("ada@example.com")
        assert contact is not None
        history = contact.history
        assert history["jobtitle"][0] == ("Analyst", 1_700_000_000_000, "API", "1")
        assert history["city"][0].timestamp == 1_700_000_000_001
        assert history["zip"][0].timestamp == contact.updated_at

    @pytest.mark.parametrize("timestamp", ["soon", -1, 1.5, True, [1], {}, "1" * 30], ids=str)
    def test_a_time_that_is_none(self, api: Api, timestamp: Any) -> None:
        """400 for a time that is no number of milliseconds."""
        entry = {"property": "city", "value": "London", "timestamp": timestamp}

        assert api.post(profile("ada@example.com"), {"properties": [entry]}).status == 400
        assert api.stored("ada@example.com", "city") is None

    def test_the_address_changes(self, api: Api) -> None:
        """The old address in the path, the new one among the properties."""
        ada = api.id("ada@example.com")

        assert update(api, "ada@example.com", email="Countess@x.org").status == 204
        assert api.id("countess@x.org") == ada
        assert update(api, "ada@example.com", city="x").status == 404

    def test_the_address_is_another_contacts(self, api: Api) -> None:
        """409 with the other contact's profile, and nothing is written."""
        answer = update(api, "ada@example.com", email="grace@example.com", firstname="X")

        grace = api.id("grace@example.com")
        assert answer.status == 409
        assert answer.message == "Contact already exists"
        assert answer.body["error"] == "CONTACT_EXISTS"
        assert answer.body["category"] == "OBJECT_ALREADY_EXISTS"
        profile = answer.body["identityProfile"]
        assert profile["identity"][0]["value"] == "grace@example.com"
        assert profile == {
            "vid": int(grace),
            "linkedVid": [int(grace)],
            "isContact": True,
            "isCanonicalProfile": True,
            "promotedToContact": True,
            "savedAtTimestamp": api.sandbox.portal.contacts[grace].updated_at,
            "identity": profile["identity"],
        }
        assert api.stored("ada@example.com", "firstname") == "Ada"

    def test_the_address_of_another_contact_can_be_ignored(self) -> None:
        """With the switch ``taken_email=ignore`` it is a 204, and the rest is written."""
        with Sandbox(SEEDS[:2], switches=Switches(taken_email="ignore")) as sandbox:
            api = Api(sandbox)

            assert update(api, "ada@example.com", email="grace@example.com", firstname="X").status == 204
            assert api.stored("ada@example.com", "firstname") == "X"

    def test_a_time_in_words_is_no_time(self, api: Api) -> None:
        """v1 takes times in milliseconds only."""
        assert update(api, "ada@example.com", closedate="2026-01-02T03:04:05Z").status == 400
        assert update(api, "ada@example.com", closedate="1767323045000").status == 204
        assert api.stored("ada@example.com", "closedate") == "2026-01-02T03:04:05Z"

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            [],
            {},
            {"properties": {}},
            {"properties": ["x"]},
            {"properties": [{"property": "city", "value": []}]},
            {"properties": [{"property": {}, "value": "x"}]},
        ],
        ids=str,
    )
    def test_what_is_no_profile_is_a_400(self, api: Api, body: Any) -> None:
        """A body of the wrong shape is refused with a sentence."""
        answer = api.post(profile("ada@example.com"), body)

        assert answer.status == 400
        assert answer.message.startswith("Invalid input JSON on line")

    @pytest.mark.parametrize("entry", [{}, {"name": "city", "value": "Bath"}, {"property": None}], ids=str)
    def test_an_entry_that_names_no_property(self, api: Api, entry: dict[str, Any]) -> None:
        """``name`` in place of ``property`` is refused in HubSpot's own words, without a category."""
        answer = api.post(profile("ada@example.com"), {"properties": [entry]})

        assert answer.status == 400
        assert answer.message == "property cannot be missing or null"
        assert "category" not in answer.body


class TestGet:
    def test_values_with_their_history(self, api: Api) -> None:
        """Properties that have a value, each with its versions, the newest first."""
        update(api, "ada@example.com", jobtitle="Analyst")

        answer = api.get(profile("ada@example.com"))

        assert answer.status == 200
        assert answer.body["vid"] == int(api.id("ada@example.com"))
        assert answer.body["properties"]["jobtitle"]["value"] == "Analyst"
        versions = answer.body["properties"]["jobtitle"]["versions"]
        assert [version["value"] for version in versions] == ["Analyst", "Countess"]
        assert "phone" not in answer.body["properties"]

    def test_some_values_without_history(self, api: Api) -> None:
        """``property`` and ``propertyMode`` choose; lastmodifieddate comes always, in milliseconds."""
        path = f"{profile('ada@example.com')}?property=firstname&property=phone&propertyMode=value_only"

        answer = api.get(path)

        contact = api.sandbox.portal.contact("ada@example.com")
        assert contact is not None
        assert answer.body["properties"] == {
            "firstname": {"value": "Ada"},
            "lastmodifieddate": {"value": str(contact.updated_at)},
        }

    def test_the_addresses(self, api: Api) -> None:
        """The profile lists all addresses, the primary one first, and the lead's GUID."""
        identities = api.get(profile("turing@example.org")).body["identity-profiles"][0]["identities"]

        assert [(each["type"], each.get("is-primary", False)) for each in identities] == [
            ("EMAIL", True),
            ("EMAIL", False),
            ("EMAIL", False),
            ("LEAD_GUID", False),
        ]
        assert identities[0]["value"] == "alan@example.com"

    def test_an_unknown_address(self, api: Api) -> None:
        """404 in v1's words."""
        answer = api.get(profile("nobody@example.com"))

        assert (answer.status, answer.message) == (404, "contact does not exist")

    def test_history_is_bounded(self, api: Api) -> None:
        """A property tells so many of its values at most, and a contact remembers so many writes."""
        for number in range(MAX_WRITES + 10):
            update(api, "ada@example.com", city=f"City {number}")

        contact = api.sandbox.portal.contact("ada@example.com")
        assert contact is not None
        assert len(contact.history["city"]) == HISTORY_LENGTH
        assert len(contact.writes) == MAX_WRITES
        answer = api.get(profile("ada@example.com"))
        assert len(answer.body["properties"]["city"]["versions"]) == HISTORY_LENGTH
        assert answer.body["properties"]["firstname"]["value"] == "Ada"


class TestCreateOrUpdate:
    def test_a_new_contact(self, api: Api) -> None:
        """200 with ``isNew``, and the address of the path."""
        answer = api.post(f"{UPSERT}/New@x.org", {"properties": [{"property": "city", "value": "Rome"}]})

        assert answer.status == 200
        assert answer.body == {"vid": int(api.id("new@x.org")), "isNew": True}
        assert api.stored("new@x.org", "city") == "Rome"

    def test_a_known_contact(self, api: Api) -> None:
        """200, and it is not new."""
        answer = api.post(
            f"{UPSERT}/ada%40example.com", {"properties": [{"property": "city", "value": "Rome"}]}
        )

        assert answer.body == {"vid": int(api.id("ada@example.com")), "isNew": False}

    def test_an_address_that_is_none(self, api: Api) -> None:
        """400 for an address that HubSpot would not take."""
        answer = api.post(f"{UPSERT}/nonsense", {"properties": []})

        assert answer.status == 400
        assert answer.body["validationResults"] == [
            {
                "isValid": False,
                "message": "Email address nonsense is invalid",
                "error": "INVALID_EMAIL",
                "name": "email",
            }
        ]

    def test_an_address_that_another_contact_has(self, api: Api) -> None:
        """409 when the body moves the record to somebody else's address."""
        entry = {"property": "email", "value": "grace@example.com"}

        assert api.post(f"{UPSERT}/ada%40example.com", {"properties": [entry]}).status == 409
        assert api.post(f"{UPSERT}/new%40x.org", {"properties": [entry]}).status == 409


class TestByVid:
    def test_update_and_get(self, api: Api) -> None:
        """A contact's id does for its address: 204, then 200 with the values and their history."""
        vid = api.id("ada@example.com")
        path = f"/contacts/v1/contact/vid/{vid}/profile"

        answer = api.post(path, {"properties": [{"property": "firstname", "value": "A", "timestamp": 1_000}]})

        assert (answer.status, answer.body) == (204, None)
        body = api.get(path).body
        assert body["vid"] == int(vid)
        assert [version["value"] for version in body["properties"]["firstname"]["versions"]] == ["A", "Ada"]
        assert body["properties"]["firstname"]["versions"][0]["timestamp"] == 1_000

    @pytest.mark.parametrize("vid", ["1", "ada%40example.com", "x", "9" * 40])
    def test_an_unknown_vid(self, api: Api, vid: str) -> None:
        """404 for an id of no contact; an address is none."""
        path = f"/contacts/v1/contact/vid/{vid}/profile"

        assert api.post(path, {"properties": []}).message == "contact does not exist"
        assert api.get(path).status == 404

    def test_the_address_is_another_contacts(self, api: Api) -> None:
        """409 with the other contact's profile, as by address."""
        path = f"/contacts/v1/contact/vid/{api.id('ada@example.com')}/profile"

        answer = api.post(path, {"properties": [{"property": "email", "value": "grace@example.com"}]})

        assert answer.status == 409
        assert answer.body["identityProfile"]["vid"] == int(api.id("grace@example.com"))


class TestCreate:
    def test_a_new_contact(self, api: Api) -> None:
        """200 with the whole contact."""
        entries = [{"property": "email", "value": "New@example.com"}, {"property": "firstname", "value": "N"}]

        answer = api.post("/contacts/v1/contact", {"properties": entries})

        assert answer.status == 200
        assert answer.body["vid"] == int(api.id("new@example.com"))
        assert answer.body["properties"]["firstname"]["value"] == "N"
        assert answer.body["identity-profiles"][0]["identities"][0]["value"] == "new@example.com"

    def test_a_taken_address(self, api: Api) -> None:
        """409 CONTACT_EXISTS, for a secondary address as well."""
        for address in ("ada@example.com", "turing@example.org"):
            answer = api.post(
                "/contacts/v1/contact", {"properties": [{"property": "email", "value": address}]}
            )

            assert answer.status == 409
            assert answer.body["error"] == "CONTACT_EXISTS"

    def test_bad_values(self, api: Api) -> None:
        """400 with all of them, and no contact."""
        entries = [{"property": "email", "value": "bad@x"}, {"property": "nope", "value": "1"}]

        answer = api.post("/contacts/v1/contact", {"properties": entries})

        assert [each["error"] for each in answer.body["validationResults"]] == [
            "INVALID_EMAIL",
            "PROPERTY_DOESNT_EXIST",
        ]
        assert len(api.sandbox.portal.contacts) == 3
