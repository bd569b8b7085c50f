# SPDX-License-Identifier: Apache-2.0
"""Two records become one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_hubcontact.sandbox import Definition, Sandbox, Switches
from airflow_provider_hubcontact.sandbox.crm.state import dump
from tests.sandbox.calling import CONTACTS, Answer, Api, Clock

COMPANIES = "/crm/v3/objects/companies"
SEEDS = [
    {"email": "ada@x.org", "firstname": "Ada", "city": "", "hs_additional_emails": "countess@x.org"},
    {"email": "byron@x.org", "firstname": "Augusta", "city": "London", "phone": "1"},
    {"email": "other@x.org"},
]


def merge(api: Api, primary: str, other: str, root: str = CONTACTS) -> Answer:
    return api.post(f"{root}/merge", {"primaryObjectId": primary, "objectIdToMerge": other})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["new", "kept"])
def either(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Api]:
    """A portal with each of both policies for ids."""
    switches = Switches().flipped({"merged_id": request.param})
    properties = [Definition("number", "Number", unique=True)]
    with Sandbox(SEEDS, properties=properties, switches=switches, clock=clock) as sandbox:
        yield Api(sandbox)


class TestIds:
    @pytest.mark.parametrize("root", ["/crm/v3/objects/contacts", "/crm/objects/2026-03/0-1", CONTACTS])
    def test_the_survivor_is_new(self, api: Api, root: str) -> None:
        """It has an id of its own, and both old ids answer with it, in reads and writes."""
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")

        answer = merge(api, ada, grace, root)

        new = answer.body["id"]
        assert answer.status == 200
        assert new not in {ada, grace}
        assert answer.body["properties"]["hs_merged_object_ids"] == f"{ada};{grace}"
        assert [api.get(f"{root}/{each}").body["id"] for each in (ada, grace, new)] == [new] * 3
        api.patch(f"{root}/{grace}", {"properties": {"city": "Bath"}})
        assert api.batch("update", {"id": ada, "properties": {"phone": "1"}}).results.keys() == {new}
        assert api.sandbox.portal.contacts[new].properties["city"] == "Bath"
        assert {each["id"] for each in api.get(root).body["results"]} == {new, api.id("alan@example.com")}

    def test_the_primary_id_can_be_kept(self) -> None:
        """With the switch ``merged_id=kept`` the survivor is the primary record."""
        with Sandbox(SEEDS, switches=Switches(merged_id="kept")) as sandbox:
            api = Api(sandbox)
            ada, byron = api.id("ada@x.org"), api.id("byron@x.org")

            answer = merge(api, ada, byron)

            assert answer.body["id"] == ada
            assert answer.body["properties"]["hs_merged_object_ids"] == byron
            assert api.get(f"{CONTACTS}/{byron}").body["id"] == ada
            assert sandbox.portal.contacts.keys() == {ada, api.id("other@x.org")}

    def test_merges_of_merges(self, either: Api) -> None:
        """All ids that there ever were answer with the last survivor; an old id can be merged, too."""
        ids = [either.id(each["email"]) for each in SEEDS]
        first = merge(either, ids[0], ids[1]).body["id"]
        last = merge(either, ids[2], ids[1]).body["id"]

        assert {either.get(f"{CONTACTS}/{each}").body["id"] for each in (*ids, first)} == {last}
        assert list(either.sandbox.portal.contacts) == [last]

    def test_an_archived_survivor(self, either: Api) -> None:
        """Its old ids are unknown, and bringing it back brings them back."""
        ada, byron = either.id("ada@x.org"), either.id("byron@x.org")
        last = merge(either, ada, byron).body["id"]
        contacts = either.sandbox.portal.collection("contacts")
        either.call("DELETE", f"{CONTACTS}/{byron}")
        gone = either.get(f"{CONTACTS}/{byron}").status
        contacts.unarchive(contacts.archived[last])

        assert gone == 404
        assert either.get(f"{CONTACTS}/{byron}").body["id"] == last

    def test_a_restart(self, tmp_path: Path) -> None:
        """The file has the survivor with its history, and nothing else of the others."""
        for policy in ("new", "kept"):
            switches = Switches().flipped({"merged_id": policy})
            file = tmp_path / policy
            with Sandbox(SEEDS, switches=switches, database=file) as sandbox:
                api = Api(sandbox)
                api.patch(f"{CONTACTS}/{api.id('ada@x.org')}", {"properties": {"phone": "2"}})
                merge(api, api.id("ada@x.org"), api.id("byron@x.org"))
                before = dump(sandbox.portal)
            with Sandbox(database=file) as sandbox:
                assert dump(sandbox.portal) == before
                Api(sandbox).call("PUT", "/sandbox/state", before)
                assert dump(sandbox.portal) == before


class TestValues:
    def test_the_primary_ones_win(self, either: Api) -> None:
        """Where the primary record has none, the other one's are taken."""
        ada, byron = either.id("ada@x.org"), either.id("byron@x.org")

        merge(either, ada, byron)

        names = ("email", "firstname", "city", "phone")
        assert [either.stored("ada@x.org", name) for name in names] == ["ada@x.org", "Ada", "London", "1"]

    def test_all_addresses_find_it(self, either: Api) -> None:
        """The primary record's address stays the first one; nobody else can take any of them."""
        last = merge(either, either.id("ada@x.org"), either.id("byron@x.org")).body["id"]

        assert either.stored("ada@x.org", "hs_additional_emails") == "countess@x.org;byron@x.org"
        for address in ("ada@x.org", "countess@x.org", "byron@x.org"):
            assert either.get(f"{CONTACTS}/{address}?idProperty=email").body["id"] == last
            assert either.post(CONTACTS, {"properties": {"email": address}}).status == 409

    def test_the_primary_one_has_no_address(self, either: Api) -> None:
        """The other one's becomes the first."""
        nameless = either.post(CONTACTS, {"properties": {"firstname": "N"}}).body["id"]

        merge(either, nameless, either.id("byron@x.org"))

        assert either.stored("byron@x.org", "firstname") == "N"
        assert not either.stored("byron@x.org", "hs_additional_emails")

    @pytest.mark.parametrize("swapped", [False, True])
    def test_the_further_stage(self, either: Api, swapped: bool) -> None:
        """It stays, whichever record has it."""
        stages = ("lead", "customer")
        for email, stage in zip(("ada@x.org", "byron@x.org"), stages[:: -1 if swapped else 1], strict=True):
            either.patch(f"{CONTACTS}/{either.id(email)}", {"properties": {"lifecyclestage": stage}})

        merge(either, either.id("ada@x.org"), either.id("byron@x.org"))

        assert either.stored("ada@x.org", "lifecyclestage") == "customer"

    def test_times(self, either: Api, clock: Clock) -> None:
        """``createdate`` is the earlier one, the last change is the merge."""
        first = either.stored("ada@x.org", "createdate")
        clock.now += 60
        new = either.post(CONTACTS, {"properties": {"email": "new@x.org"}}).body["id"]
        clock.now += 60

        body = merge(either, new, either.id("ada@x.org")).body

        assert body["createdAt"] == first
        assert body["updatedAt"] > str(first)

    def test_a_unique_value_of_the_other(self, either: Api) -> None:
        """The primary one's stays; the other one's is free again, or fills a blank."""
        ada, byron, other = (either.id(each["email"]) for each in SEEDS)
        for contact, number in ((ada, "A"), (byron, "B"), (other, "C")):
            either.patch(f"{CONTACTS}/{contact}", {"properties": {"number": number}})

        merge(either, ada, byron)

        assert either.stored("ada@x.org", "number") == "A"
        assert either.post(CONTACTS, {"properties": {"number": "B"}}).status == 201
        assert either.post(CONTACTS, {"properties": {"number": "A"}}).status == 400

    def test_both_histories_are_kept(self, either: Api, clock: Clock) -> None:
        """In the order of time, the value that counts first."""
        ada, byron = either.id("ada@x.org"), either.id("byron@x.org")
        for contact, name in ((ada, "A1"), (byron, "B1"), (ada, "A2"), (byron, "B2")):
            clock.now += 1
            either.patch(f"{CONTACTS}/{contact}", {"properties": {"firstname": name}})
        clock.now += 1

        last = merge(either, ada, byron).body["id"]

        body = either.get(f"{CONTACTS}/{last}?propertiesWithHistory=firstname").body
        history = body["propertiesWithHistory"]["firstname"]
        versions = [(each["value"], each["sourceType"]) for each in history[:3]]
        assert versions == [("A2", "MERGE_OBJECTS"), ("B2", "INTEGRATION"), ("A2", "INTEGRATION")]

    def test_a_companys_other_domain(self, either: Api) -> None:
        """It goes to ``hs_additional_domains``."""
        one, two = (
            either.post(COMPANIES, {"properties": {"name": name, "domain": f"{name}.example"}}).body["id"]
            for name in ("one", "two")
        )

        body = merge(either, one, two, COMPANIES).body

        assert body["properties"]["domain"] == "one.example"
        assert body["properties"]["hs_additional_domains"] == "two.example"
        assert either.get(f"{COMPANIES}/{two}").body["id"] == body["id"]

    def test_the_address_can_be_changed_afterwards(self, either: Api) -> None:
        """A second address becomes the first, and the rest still finds the contact."""
        last = merge(either, either.id("ada@x.org"), either.id("byron@x.org")).body["id"]
        either.patch(f"{CONTACTS}/{last}", {"properties": {"email": "byron@x.org"}})

        assert either.id("byron@x.org") == either.id("countess@x.org") == last
        assert either.stored("byron@x.org", "hs_additional_emails") == "countess@x.org"


class TestRefused:
    def test_an_unknown_id(self, api: Api) -> None:
        """404, and nothing happens."""
        ada = api.id("ada@example.com")

        assert [merge(api, ada, "1").status, merge(api, "1", ada).status] == [404, 404]
        assert api.get(f"{CONTACTS}/{ada}").body["id"] == ada

    def test_one_record(self, api: Api) -> None:
        """400 for a record with itself, by whichever of its ids."""
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")
        last = merge(api, ada, grace).body["id"]

        assert [merge(api, last, each).status for each in (last, ada, grace)] == [400] * 3

    def test_too_many(self) -> None:
        """400 for a record that is made of 250 others already."""
        ids = ";".join(map(str, range(1, 250)))
        with Sandbox([{"email": "a@x.org", "hs_merged_object_ids": ids}, {"email": "b@x.org"}]) as sandbox:
            api = Api(sandbox)
            assert merge(api, api.id("a@x.org"), api.id("b@x.org")).status == 400

    def test_just_enough(self) -> None:
        """A record may be made of 250."""
        ids = ";".join(map(str, range(1, 249)))
        with Sandbox([{"email": "a@x.org", "hs_merged_object_ids": ids}, {"email": "b@x.org"}]) as sandbox:
            api = Api(sandbox)
            survivor = merge(api, api.id("a@x.org"), api.id("b@x.org"))

        assert len(survivor.body["properties"]["hs_merged_object_ids"].split(";")) == 250

    @pytest.mark.parametrize("body", [{}, {"primaryObjectId": "1"}, {"objectIdToMerge": "1"}])
    def test_a_missing_id(self, api: Api, body: dict[str, str]) -> None:
        """400."""
        assert api.post(f"{CONTACTS}/merge", body).status == 400

    def test_another_type(self, api: Api) -> None:
        """A contact cannot be merged with a company: the id is unknown."""
        company = api.post(COMPANIES, {"properties": {"name": "C"}}).body["id"]

        assert merge(api, api.id("ada@example.com"), company).status == 404


class TestV1:
    @pytest.mark.parametrize("slash", ["", "/"])
    def test_success(self, api: Api, slash: str) -> None:
        """200 with one word; v1 shows the ids before the merge."""
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")
        path = f"/contacts/v1/contact/merge-vids/{ada}{slash}"

        answer = api.call("POST", path, {"vidToMerge": int(grace)})

        assert (answer.status, answer.body) == (200, b"SUCCESS")
        profile = api.get(f"/contacts/v1/contact/vid/{grace}/profile").body
        assert profile["vid"] == int(api.id("ada@example.com"))
        assert profile["merged-vids"] == [int(ada), int(grace)]

    @pytest.mark.parametrize("same", [False, True])
    def test_an_unknown_contact(self, api: Api, same: bool) -> None:
        """400 in HubSpot's words."""
        ada = api.id("ada@example.com")

        answer = api.post(f"/contacts/v1/contact/merge-vids/{ada}/", {"vidToMerge": ada if same else 1})

        assert answer.status == 400
        assert answer.message.startswith("vid to merge is not a valid contact")
