# SPDX-License-Identifier: Apache-2.0
"""Contacts and companies that belong together."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox, Switches
from airflow_provider_hubcontact.sandbox.crm.state import dump
from tests.sandbox.calling import CONTACTS, Api

COMPANIES = "/crm/objects/2026-09/companies"
V4 = "/crm/v4/associations"
ROOTS = [
    ("/crm/v4/objects", V4),
    ("/crm/objects/2026-03", "/crm/associations/2026-03"),
    ("/crm/objects/2026-09", "/crm/associations/2026-09"),
]
UNLABELED = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
PRIMARY = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}


LABEL = {
    "category": "USER_DEFINED",
    "id": 7,
    "label": "L",
    "from_type": "0-1",
    "to_type": "0-2",
    "inverse": 8,
    "name": "l",
}
BACK = {**LABEL, "id": 8, "from_type": "0-2", "to_type": "0-1", "inverse": 7}


def types(*ids: int, category: str = "HUBSPOT_DEFINED") -> list[dict[str, Any]]:
    return [{"associationCategory": category, "associationTypeId": each} for each in ids]


class Ids(NamedTuple):
    """Two contacts and two companies."""

    ada: str
    grace: str
    one: str
    two: str


@pytest.fixture
def ids(api: Api) -> Ids:
    return make(api)


def make(api: Api) -> Ids:
    one, two = (api.post(COMPANIES, {"properties": {"name": name}}).body["id"] for name in ("One", "Two"))
    return Ids(api.id("ada@example.com"), api.id("grace@example.com"), one, two)


def companies_of(api: Api, contact: str) -> dict[str, list[Any]]:
    results = api.get(f"/crm/v4/objects/contacts/{contact}/associations/companies").body["results"]
    return {each["toObjectId"]: each["associationTypes"] for each in results}


def default(api: Api, contact: str, company: str) -> None:
    path = f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}"
    assert api.call("PUT", path).status == 200


class TestOne:
    @pytest.mark.parametrize("root", [objects for objects, _ in ROOTS])
    @pytest.mark.parametrize(("contacts", "companies"), [("contacts", "companies"), ("0-1", "COMPANY")])
    def test_default(self, api: Api, ids: Ids, root: str, contacts: str, companies: str) -> None:
        """200 with both directions; both records know each other; DELETE ends it with a 204."""
        path = f"{root}/{contacts}/{ids.ada}/associations"
        answer = api.call("PUT", f"{path}/default/{companies}/{ids.one}")
        there = api.get(f"{path}/{companies}").body["results"]
        back = api.get(f"{root}/companies/{ids.one}/associations/contacts").body["results"]
        removed = api.call("DELETE", f"{path}/{companies}/{ids.one}")

        assert answer.status == 200
        assert [
            (each["from"]["id"], each["to"]["id"], each["associationSpec"]["associationTypeId"])
            for each in answer.body["results"]
        ] == [(ids.ada, ids.one, 279), (ids.one, ids.ada, 280)]
        assert [each["toObjectId"] for each in there] == [ids.one]
        assert UNLABELED in there[0]["associationTypes"]
        assert [each["toObjectId"] for each in back] == [ids.ada]
        assert removed.status == 204
        assert api.get(f"{path}/{companies}").body == {"results": []}

    def test_pages(self, api: Api, ids: Ids) -> None:
        """By id, ``after`` leads on."""
        for company in (ids.two, ids.one):
            default(api, ids.ada, company)
        path = f"/crm/v4/objects/contacts/{ids.ada}/associations/companies"

        first = api.get(f"{path}?limit=1").body
        second = api.get(f"{path}?limit=1&after={first['paging']['next']['after']}").body

        assert [each["toObjectId"] for each in first["results"] + second["results"]] == [ids.one, ids.two]
        assert "paging" not in second
        assert api.get(f"{path}?limit=501").status == 400

    def test_unknown_records(self, api: Api, ids: Ids) -> None:
        """404, but 204 for what is to be removed."""
        path = "/crm/v4/objects/contacts/{}/associations/{}companies/{}"

        assert api.call("PUT", path.format(ids.ada, "default/", 1)).status == 404
        assert api.call("PUT", path.format(1, "", ids.one), types(279)).status == 404
        assert api.call("DELETE", path.format(ids.ada, "", 1)).status == 204
        assert api.get("/crm/v4/objects/contacts/1/associations/companies").status == 404

    @pytest.mark.parametrize(("to", "status"), [("deals", 501), ("contacts", 501), ("dragons", 400)])
    def test_other_objects(self, api: Api, ids: Ids, to: str, status: int) -> None:
        """501 for what the sandbox does not have, 400 for what HubSpot does not have."""
        assert api.get(f"/crm/v4/objects/contacts/{ids.ada}/associations/{to}").status == status
        assert api.get(f"{CONTACTS}/{ids.ada}?associations={to}").status == status

    def test_an_old_id(self, api: Api, ids: Ids) -> None:
        """An id from before a merge stands for the survivor."""
        new = api.post(f"{COMPANIES}/merge", {"primaryObjectId": ids.one, "objectIdToMerge": ids.two}).body[
            "id"
        ]

        default(api, ids.ada, ids.two)

        assert list(companies_of(api, ids.ada)) == [new]


class TestLabels:
    @pytest.mark.parametrize(("objects", "root"), ROOTS)
    def test_labeled(self, api: Api, ids: Ids, objects: str, root: str) -> None:
        """201 with the labels; it is unlabeled, too, in both directions."""
        path = f"{objects}/companies/{ids.one}/associations/contacts/{ids.ada}"

        answer = api.call("PUT", path, types(2))

        assert answer.status == 201
        assert answer.body == {
            "fromObjectTypeId": "0-2",
            "fromObjectId": ids.one,
            "toObjectTypeId": "0-1",
            "toObjectId": ids.ada,
            "labels": ["Contact with Primary Company"],
        }
        assert companies_of(api, ids.ada) == {ids.one: [PRIMARY, UNLABELED]}
        assert {
            "category": "HUBSPOT_DEFINED",
            "typeId": 2,
            "label": "Contact with Primary Company",
        } in api.get(f"{root}/companies/contacts/labels").body["results"]

    @pytest.mark.parametrize("body", [[], {}, types(280), types(4711), [{"associationTypeId": 1}]])
    def test_types_that_are_not_valid(self, api: Api, ids: Ids, body: Any) -> None:
        """400 for none, for a type of the other direction, and for one that does not exist."""
        path = f"/crm/v4/objects/contacts/{ids.ada}/associations/companies/{ids.one}"

        assert api.call("PUT", path, body).status == 400
        assert companies_of(api, ids.ada) == {}

    def test_a_label_of_ones_own(self, api: Api, ids: Ids) -> None:
        """It has two directions, and can be set by its type."""
        body = {"label": "Manages", "inverseLabel": "Managed by", "name": "manages"}
        there, back = api.post(f"{V4}/contacts/companies/labels", body).body["results"]
        path = f"/crm/v4/objects/contacts/{ids.ada}/associations/companies/{ids.one}"

        answer = api.call("PUT", path, types(there["typeId"], category="USER_DEFINED"))

        assert (there["label"], back["label"]) == ("Manages", "Managed by")
        assert "Manages" in answer.body["labels"]
        assert back in api.get(f"{V4}/companies/contacts/labels").body["results"]
        contacts = api.get(f"/crm/v4/objects/companies/{ids.one}/associations/contacts").body["results"]
        assert back in contacts[0]["associationTypes"]

    @pytest.mark.parametrize("change", [{"label": ""}, {"name": ""}, {"label": None}, {"name": "manages"}])
    def test_a_label_that_cannot_be(self, api: Api, change: dict[str, Any]) -> None:
        """400 if a text is missing or empty, or another label of these object types has the name."""
        body = {"label": "Manages", "name": "manages"}
        api.post(f"{V4}/contacts/companies/labels", body)
        before = api.get(f"{V4}/contacts/companies/labels").body

        assert api.post(f"{V4}/contacts/companies/labels", {**body, "name": "other", **change}).status == 400
        assert api.get(f"{V4}/contacts/companies/labels").body == before


class TestPrimary:
    def test_the_first_company(self, api: Api, ids: Ids) -> None:
        """It is the primary one by itself, the second is not."""
        default(api, ids.ada, ids.one)
        default(api, ids.ada, ids.two)

        assert companies_of(api, ids.ada) == {ids.one: [PRIMARY, UNLABELED], ids.two: [UNLABELED]}

    def test_the_switch(self) -> None:
        """With ``first_company=unlabeled`` it is not."""
        seeds = [{"email": "ada@example.com"}, {"email": "grace@example.com"}]
        with Sandbox(seeds, switches=Switches(first_company="unlabeled")) as sandbox:
            api = Api(sandbox)
            ids = make(api)
            default(api, ids.ada, ids.one)
            assert companies_of(api, ids.ada) == {ids.one: [UNLABELED]}

    def test_another_one_takes_its_place(self, api: Api, ids: Ids) -> None:
        """There is one at most."""
        default(api, ids.ada, ids.one)
        api.call("PUT", f"/crm/v4/objects/contacts/{ids.ada}/associations/companies/{ids.two}", types(1))

        assert companies_of(api, ids.ada) == {ids.one: [UNLABELED], ids.two: [PRIMARY, UNLABELED]}


class TestPrimaryCompanyOfAContact:
    """``associatedcompanyid`` is the id of the primary company."""

    def test_it_follows(self, api: Api, ids: Ids) -> None:
        """It changes with the primary company alone, and is empty without one."""
        ada = f"/crm/v4/objects/contacts/{ids.ada}/associations"
        default(api, ids.ada, ids.one)
        told = [associated(api, ids.ada)]
        default(api, ids.ada, ids.two)
        told.append(associated(api, ids.ada))
        api.call("PUT", f"{ada}/companies/{ids.two}", types(1))
        told.append(associated(api, ids.ada))
        api.call("DELETE", f"{ada}/companies/{ids.one}")
        told.append(associated(api, ids.ada))
        api.call("DELETE", f"{ada}/companies/{ids.two}")
        told.append(associated(api, ids.ada))

        assert told == [ids.one, ids.one, ids.two, ids.two, ""]

    def test_its_history(self, api: Api, ids: Ids) -> None:
        """Each change is one of the contact, with a source of its own."""
        before = api.get(f"{CONTACTS}/{ids.ada}").body["updatedAt"]
        default(api, ids.ada, ids.one)
        body = api.get(f"{CONTACTS}/{ids.ada}?propertiesWithHistory=associatedcompanyid").body
        (version,) = body["propertiesWithHistory"]["associatedcompanyid"]

        assert (version["value"], version["sourceType"]) == (ids.one, "COMPANIES")
        assert version["sourceId"] == "CompaniesContactAssociator"
        assert body["updatedAt"] != before

    def test_other_writes_have_their_own_source(self, api: Api, ids: Ids) -> None:
        """What is written after an association is not the associator's."""
        portal = api.sandbox.portal
        ada, one = portal.contacts[ids.ada], portal.companies[ids.one]
        portal.associate(ada, one, portal.associations.between("0-1", "0-2"))
        portal.update(ada, {"city": "Rome"})

        assert ada.history["associatedcompanyid"][0].source_id == "CompaniesContactAssociator"
        assert ada.history["city"][0].source_id == ""

    def test_a_value_of_ones_own_stays(self) -> None:
        """Without a primary company it keeps what was written, also if the company is deleted for good."""
        seeds = [{"email": "ada@example.com"}, {"email": "grace@example.com"}]
        with Sandbox(seeds, switches=Switches(first_company="unlabeled")) as sandbox:
            api = Api(sandbox)
            ids = make(api)
            api.patch(f"{CONTACTS}/{ids.ada}", {"properties": {"associatedcompanyid": "5"}})
            default(api, ids.ada, ids.one)
            sandbox.portal.erase(sandbox.portal.companies[ids.one])

            assert associated(api, ids.ada) == "5"

    def test_a_value_of_ones_own_stays_when_companies_are_merged(self) -> None:
        """A merge tells only those contacts whose primary company it is about."""
        with Sandbox([{"email": "ada@example.com"}, {"email": "grace@example.com"}]) as sandbox:
            api = Api(sandbox)
            ids = make(api)
            default(api, ids.ada, ids.one)
            pair = {"from": {"id": ids.ada}, "to": {"id": ids.one}, "types": types(1)}
            api.post(f"{V4}/contacts/companies/batch/labels/archive", {"inputs": [pair]})
            api.patch(f"{CONTACTS}/{ids.ada}", {"properties": {"associatedcompanyid": "5"}})
            api.post(f"{COMPANIES}/merge", {"primaryObjectId": ids.one, "objectIdToMerge": ids.two})

            assert associated(api, ids.ada) == "5"

    def test_from_the_companys_side(self, api: Api, ids: Ids) -> None:
        """A batch, a new contact and a new company with associations tell it as well."""
        link = {"to": {"id": ids.ada}, "types": types(280)}
        company = api.post(COMPANIES, {"properties": {"name": "C"}, "associations": [link]}).body["id"]
        pair = {"from": {"id": ids.two}, "to": {"id": ids.grace}}
        api.post(f"{V4}/companies/contacts/batch/associate/default", {"inputs": [pair]})

        assert (associated(api, ids.ada), associated(api, ids.grace)) == (company, ids.two)
        labels = {"inputs": [{**pair, "types": types(2)}]}
        api.post(f"{V4}/companies/contacts/batch/labels/archive", labels)
        assert associated(api, ids.grace) == ""

    @pytest.mark.parametrize("kept", ["new", "kept"])
    def test_a_merge_and_a_deletion_for_good(self, kept: Any) -> None:
        """It names what the company has become, and nothing that is gone."""
        seeds = [{"email": "ada@example.com"}, {"email": "grace@example.com"}]
        with Sandbox(seeds, switches=Switches(merged_id=kept)) as sandbox:
            api = Api(sandbox)
            ids = make(api)
            default(api, ids.ada, ids.two)
            body = {"primaryObjectId": ids.one, "objectIdToMerge": ids.two}
            survivor = api.post(f"{COMPANIES}/merge", body).body["id"]
            assert associated(api, ids.ada) == survivor

            body = {"primaryObjectId": ids.grace, "objectIdToMerge": ids.ada}
            contact = api.post(f"{CONTACTS}/merge", body).body["id"]
            assert associated(api, contact) == survivor
            sandbox.portal.erase(sandbox.portal.companies[survivor])
            assert associated(api, contact) == ""


def associated(api: Api, contact: str) -> str | None:
    body = api.get(f"{CONTACTS}/{contact}?properties=associatedcompanyid").body
    value: str | None = body["properties"]["associatedcompanyid"]
    return value


class TestCreate:
    @pytest.mark.parametrize("many", [False, True], ids=["alone", "in a batch"])
    def test_with_associations(self, api: Api, ids: Ids, many: bool) -> None:
        """The new contact has them."""
        body = {
            "properties": {"email": "new@x.org"},
            "associations": [{"to": {"id": ids.two}, "types": types(279)}],
        }

        answer = api.batch("create", body) if many else api.post(CONTACTS, body)

        assert answer.status == 201
        assert list(companies_of(api, api.id("new@x.org"))) == [ids.two]

    def test_a_company(self, api: Api, ids: Ids) -> None:
        """In the other direction as well."""
        link = {"to": {"id": int(ids.ada)}, "types": types(280)}
        company = api.post(COMPANIES, {"properties": {"name": "C"}, "associations": [link]}).body["id"]

        assert list(companies_of(api, ids.ada)) == [company]

    @pytest.mark.parametrize(
        ("category", "number", "status"),
        [
            ("HUBSPOT_DEFINED", 280, 400),
            ("USER_DEFINED", 999, 400),
            ("NOBODYS", 279, 400),
            ("HUBSPOT_DEFINED", 3, 501),
        ],
    )
    def test_a_type_that_cannot_be(self, api: Api, ids: Ids, category: str, number: int, status: int) -> None:
        """400 as in a PUT for a wrong direction or an unknown label; 501 only for what HubSpot may have."""
        kinds = [{"associationCategory": category, "associationTypeId": number}]
        for other in (ids.one, ids.grace):
            body = {"properties": {}, "associations": [{"to": {"id": other}, "types": kinds}]}

            assert api.post(CONTACTS, body).status == status
            assert api.batch("create", body).status == status

    @pytest.mark.parametrize("many", [False, True], ids=["alone", "in a batch"])
    def test_with_an_unknown_record(self, api: Api, many: bool) -> None:
        """400, and nothing is created."""
        link = {"to": {"id": "1"}, "types": types(279)}
        body = {"properties": {"email": "new@x.org"}, "associations": [link]}

        answer = api.batch("create", body) if many else api.post(CONTACTS, body)

        assert answer.status == 400
        assert api.sandbox.portal.contact("new@x.org") is None

    def test_with_an_unknown_record_and_trace_ids(self, api: Api, ids: Ids) -> None:
        """207: the input is named, the others are created, with their associations."""

        def an_input(trace: str, company: str, number: int = 279) -> dict[str, Any]:
            link = {"to": {"id": company}, "types": types(number)}
            properties = {"email": f"{trace}@x.org"}
            return {"properties": properties, "associations": [link], "objectWriteTraceId": trace}

        answer = api.batch("create", an_input("a", ids.one), an_input("b", "1"), an_input("c", ids.one, 280))

        assert answer.status == 207
        assert [each["context"]["objectWriteTraceId"] for each in answer.body["errors"]] == [["b"], ["c"]]
        assert list(answer.results) == [api.id("a@x.org")]
        assert list(companies_of(api, api.id("a@x.org"))) == [ids.one]

        twice = api.batch("create", an_input("d", "1"), an_input("d", ids.one))
        assert twice.status == 400
        assert api.sandbox.portal.contact("d@x.org") is None


class TestRecords:
    def test_get_and_list(self, api: Api, ids: Ids) -> None:
        """Once for each type; nothing if there is none; batch reads do not have them."""
        default(api, ids.ada, ids.one)

        one = api.get(f"{CONTACTS}/{ids.ada}?associations=companies").body
        listed = api.get(f"{CONTACTS}?associations=company").body["results"]
        batch = api.batch("read", {"id": ids.ada}, associations=["companies"]).results[ids.ada]

        names = ["contact_to_company", "contact_to_company_unlabeled"]
        results = [{"id": ids.one, "type": name} for name in names]
        assert one["associations"] == {"companies": {"results": results}}
        assert [each.get("associations") for each in listed] == [one["associations"], None, None]
        assert "associations" not in batch
        back = api.get(f"{COMPANIES}/{ids.one}?associations=contacts").body["associations"]["contacts"]
        assert {each["type"] for each in back["results"]} == {
            "company_to_contact",
            "company_to_contact_unlabeled",
        }

    def test_merges(self, api: Api, ids: Ids) -> None:
        """The survivor has both companies; the primary record's stays the primary one."""
        default(api, ids.ada, ids.one)
        default(api, ids.grace, ids.two)

        last = api.post(f"{CONTACTS}/merge", {"primaryObjectId": ids.ada, "objectIdToMerge": ids.grace}).body

        assert companies_of(api, last["id"]) == {ids.one: [PRIMARY, UNLABELED], ids.two: [UNLABELED]}
        assert companies_of(api, ids.grace) == companies_of(api, last["id"])

    def test_deleted_records(self, api: Api, ids: Ids) -> None:
        """A deleted company is not shown, and is back with it; deletion for good ends the association."""
        companies = api.sandbox.portal.collection("companies")
        default(api, ids.ada, ids.one)
        api.call("DELETE", f"{COMPANIES}/{ids.one}")
        gone = companies_of(api, ids.ada)
        companies.unarchive(companies.archived[ids.one])
        back = companies_of(api, ids.ada)
        api.post(f"{CONTACTS}/gdpr-delete", {"objectId": ids.ada})

        assert (gone, list(back)) == ({}, [ids.one])
        assert api.get(f"/crm/v4/objects/companies/{ids.one}/associations/contacts").body == {"results": []}

    def test_a_restart_and_a_snapshot(self, tmp_path: Path) -> None:
        """Both hold associations and labels."""
        seeds = [{"email": "ada@example.com"}, {"email": "grace@example.com"}]
        with Sandbox(seeds, database=tmp_path / "portal") as sandbox:
            api = Api(sandbox)
            ids = make(api)
            api.post(f"{V4}/contacts/companies/labels", {"label": "Manages", "name": "manages"})
            path = f"/crm/v4/objects/contacts/{ids.ada}/associations/companies/{ids.one}"
            api.call("PUT", path, types(1, category="USER_DEFINED"))
            before = dump(sandbox.portal)
            api.call("DELETE", path)
            api.call("PUT", "/sandbox/state", before)
            assert dump(sandbox.portal) == before
        with Sandbox(database=tmp_path / "portal") as sandbox:
            assert dump(sandbox.portal) == before
            assert list(companies_of(Api(sandbox), ids.ada)) == [ids.one]

    @pytest.mark.parametrize(
        "change",
        [
            lambda state: state["links"][0].__setitem__(1, "1"),
            lambda state: state["links"].append(state["links"][0][::-1]),
            lambda state: state["links"][0][2].append(["HUBSPOT_DEFINED", 280]),
            lambda state: state["labels"].append({}),
            lambda state: state["labels"].append(LABEL),
            lambda state: state["labels"].extend([LABEL, {**BACK, "label": None}]),
            lambda state: state["labels"].extend([LABEL, {**BACK, "id": "8"}]),
            lambda state: state["labels"].extend([LABEL, {**BACK, "from_type": "0-1"}]),
            lambda state: state["labels"].extend({**each, "category": "OTHER"} for each in (LABEL, BACK)),
            lambda state: state.pop("labels"),
        ],
    )
    def test_a_snapshot_that_is_not_valid(self, api: Api, ids: Ids, change: Any) -> None:
        """400, and the present state stays."""
        default(api, ids.ada, ids.one)
        before = dump(api.sandbox.portal)
        state = api.get("/sandbox/state").body
        change(state["associations"])

        assert api.call("PUT", "/sandbox/state", state).status == 400
        assert dump(api.sandbox.portal) == before


class TestSearch:
    """By the pseudo property ``associations.{objectType}``."""

    @pytest.mark.parametrize("spelling", ["company", "companies", "COMPANY", "0-2"])
    @pytest.mark.parametrize("root", [objects for objects, _ in ROOTS if "v4" not in objects])
    def test_the_contacts_of_a_company(self, api: Api, ids: Ids, root: str, spelling: str) -> None:
        """EQ takes one id, in every spelling of the type."""
        default(api, ids.ada, ids.one)
        default(api, ids.grace, ids.two)
        name = f"associations.{spelling}"

        assert searched(api, f"{root}/contacts", name, "EQ", value=ids.one) == [ids.ada]
        assert searched(api, f"{root}/contacts", name, "EQ", value="1") == []

    def test_the_companies_of_some_contacts(self, api: Api, ids: Ids) -> None:
        """IN takes several ids; other filters of the group hold, too."""
        default(api, ids.ada, ids.one)
        default(api, ids.grace, ids.two)
        both = [ids.ada, ids.grace, "1"]
        name = "associations.contact"

        assert searched(api, COMPANIES, name, "IN", values=both) == [ids.one, ids.two]
        too = {"propertyName": "name", "operator": "EQ", "value": "Two"}
        assert searched(api, COMPANIES, name, "IN", too, values=both) == [ids.two]

    def test_an_old_id(self, api: Api, ids: Ids) -> None:
        """The id of a company before a merge stands for what it has become."""
        default(api, ids.ada, ids.two)
        api.post(f"{COMPANIES}/merge", {"primaryObjectId": ids.one, "objectIdToMerge": ids.two})

        assert searched(api, CONTACTS, "associations.company", "EQ", value=ids.two) == [ids.ada]

    @pytest.mark.parametrize(
        ("name", "operator", "value", "status"),
        [
            ("associations.deal", "EQ", "1", 501),
            ("associations.contact", "EQ", "1", 501),
            ("associations.company", "NOT_HAS_PROPERTY", None, 501),
            ("associations.company", "NEQ", "1", 501),
            ("associations.company", "LIKE", "1", 400),
            ("associations.company", "EQ", None, 400),
            ("associations.dragon", "EQ", "1", 400),
            ("associations.2-12345", "EQ", "1", 400),
            ("associations.", "EQ", "1", 400),
            ("associations", "EQ", "1", 400),
        ],
    )
    def test_what_cannot_be_searched(
        self, api: Api, name: str, operator: str, value: str | None, status: int
    ) -> None:
        """501 for what HubSpot may answer, 400 for what it does not have either."""
        one = {"propertyName": name, "operator": operator, "value": value}
        answer = api.post(f"{CONTACTS}/search", {"filterGroups": [{"filters": [one]}]})

        assert answer.status == status


def searched(api: Api, root: str, name: str, operator: str, *more: Any, **values: Any) -> list[str]:
    one = {"propertyName": name, "operator": operator, **values}
    answer = api.post(f"{root}/search", {"filterGroups": [{"filters": [one, *more]}]})
    assert answer.status == 200, answer.message
    return [each["id"] for each in answer.body["results"]]


class TestBatches:
    @pytest.mark.parametrize("root", [root for _, root in ROOTS])
    def test_read(self, api: Api, ids: Ids, root: str) -> None:
        """Those that have any, and an error for each that has none."""
        default(api, ids.ada, ids.one)

        answer = api.post(
            f"{root}/contacts/companies/batch/read", {"inputs": [{"id": ids.ada}, {"id": ids.grace}]}
        )

        assert answer.status == 207
        (result,) = answer.body["results"]
        assert (result["from"]["id"], result["to"][0]["toObjectId"]) == (ids.ada, ids.one)
        (error,) = answer.body["errors"]
        assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
        assert error["message"] == f"No company is associated with contact {ids.grace}."
        assert error["context"]["fromObjectId"] == [ids.grace]

    def test_sizes(self, api: Api) -> None:
        """1,000 are the most to read, 2,000 to write."""
        path = f"{V4}/contacts/companies/batch"

        assert api.post(f"{path}/read", {"inputs": [{"id": "1"}] * 1_000}).status == 207
        assert api.post(f"{path}/read", {"inputs": [{"id": "1"}] * 1_001}).status == 400
        pair = {"from": {"id": "1"}, "to": {"id": "2"}}
        assert api.post(f"{path}/associate/default", {"inputs": [pair] * 2_001}).status == 400

    @pytest.mark.parametrize("root", [root for _, root in ROOTS])
    def test_create_and_archive(self, api: Api, ids: Ids, root: str) -> None:
        """Unknown records make a 207; v4 answers 204 where the dated versions answer 200."""
        path = f"{root}/contacts/companies/batch"
        one = {"from": {"id": ids.ada}, "to": {"id": ids.one}}
        two = {"from": {"id": ids.ada}, "to": {"id": ids.two}}
        nobody = {"from": {"id": "1"}, "to": {"id": "2"}}

        created = api.post(f"{path}/create", {"inputs": [{**one, "types": types(1)}]})
        partly = api.post(f"{path}/associate/default", {"inputs": [two, nobody]})
        again = api.post(f"{path}/associate/default", {"inputs": [two]})
        read = api.post(f"{path}/read", {"inputs": [{"id": ids.ada}]})
        unlabeled = api.post(f"{path}/labels/archive", {"inputs": [{**one, "types": types(1)}]})
        left = companies_of(api, ids.ada)
        archived = api.post(
            f"{path}/archive",
            {"inputs": [{"from": {"id": ids.ada}, "to": [{"id": ids.one}, {"id": ids.two}]}]},
        )

        assert (created.status, created.body["results"][0]["labels"]) == (201, ["Primary"])
        assert (partly.status, len(partly.body["results"])) == (207, 2)
        assert (again.status, read.status) == (200, 200)
        assert [each["context"]["ids"] for each in partly.body["errors"]] == [["1"], ["2"]]
        assert left == {ids.one: [UNLABELED], ids.two: [UNLABELED]}
        assert unlabeled.status == archived.status == (204 if root == V4 else 200)
        assert companies_of(api, ids.ada) == {}

    def test_nothing_is_done_if_a_type_is_wrong(self, api: Api, ids: Ids) -> None:
        """400 for the whole batch."""
        good = {"from": {"id": ids.ada}, "to": {"id": ids.one}, "types": types(279)}
        bad = {**good, "types": types(4711)}

        assert api.post(f"{V4}/contacts/companies/batch/create", {"inputs": [good, bad]}).status == 400
        assert companies_of(api, ids.ada) == {}

    def test_without_the_unlabeled_type_nothing_is_left(self, api: Api, ids: Ids) -> None:
        """The labels go with it."""
        default(api, ids.ada, ids.one)
        pair = {"from": {"id": ids.ada}, "to": {"id": ids.one}, "types": types(279)}

        api.post(f"{V4}/contacts/companies/batch/labels/archive", {"inputs": [pair]})

        assert companies_of(api, ids.ada) == {}


class TestV3:
    def test_batches(self, api: Api, ids: Ids) -> None:
        """201 with the type's name, 207 for unknown records and for a record without any, 204."""
        path = "/crm/v3/associations/companies/contacts/batch"
        link = {"from": {"id": ids.one}, "to": {"id": ids.ada}, "type": "company_to_contact"}

        created = api.post(f"{path}/create", {"inputs": [link]})
        partly = api.post(f"{path}/create", {"inputs": [{**link, "from": {"id": "1"}}]})
        read = api.post(f"{path}/read", {"inputs": [{"id": ids.one}, {"id": ids.two}]})
        wrong = api.post(f"{path}/create", {"inputs": [{**link, "type": "contact_to_company"}]})
        plain = {**link, "type": "company_to_contact_unlabeled"}
        archived = api.post(f"{path}/archive", {"inputs": [plain, {**plain, "to": {"id": "1"}}]})

        names = ["company_to_contact", "company_to_contact_unlabeled"]
        assert (created.status, created.body["results"]) == (201, [link])
        assert (partly.status, partly.body["errors"][0]["context"]["ids"]) == (207, ["1"])
        assert (read.status, wrong.status, archived.status) == (207, 400, 204)
        assert read.body["results"] == [
            {"from": {"id": ids.one}, "to": [{"id": ids.ada, "type": name} for name in names]}
        ]
        assert companies_of(api, ids.ada) == {}
