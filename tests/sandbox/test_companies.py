# SPDX-License-Identifier: Apache-2.0
"""Companies: the code for contacts, with what is different in a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_hubcontact.sandbox import Definition, Sandbox, Switches
from airflow_provider_hubcontact.sandbox.crm.object_types import COMPANIES, CONTACTS, TYPES
from airflow_provider_hubcontact.sandbox.crm.state import InvalidState, dump, load
from tests.sandbox.calling import Api

ROOT = "/crm/objects/2026-09/companies"
ROOTS = [f"/crm/v3/objects/{name}" for name in ("companies", "company", "COMPANY", "Companies", "0-2")] + [
    f"/crm/objects/{version}/{name}" for version in ("2026-03", "2026-09") for name in ("companies", "0-2")
]
ANALYTICAL = {"name": "Analytical Engines", "domain": "engines.example", "city": "London"}


@pytest.fixture
def company(api: Api) -> str:
    api.sandbox.portal.collection("companies").define(Definition("crm_number", "Number", unique=True))
    created = api.post(ROOT, {"properties": {**ANALYTICAL, "crm_number": "C-1"}})
    return str(created.body["id"])


class TestOne:
    @pytest.mark.parametrize("root", ROOTS)
    def test_every_version_and_spelling(self, api: Api, root: str) -> None:
        """A company is created, read, updated and deleted by any name of its type."""
        created = api.post(root, {"properties": ANALYTICAL})
        path = f"{root}/{created.body['id']}"
        updated = api.patch(path, {"properties": {"city": "Bath"}})
        read = api.get(f"{path}?properties=city,name")
        deleted = api.call("DELETE", path)

        assert (created.status, updated.status, read.status, deleted.status) == (201, 200, 200, 204)
        assert read.body["properties"]["city"] == "Bath"
        assert created.body["url"].endswith(f"/record/0-2/{created.body['id']}")
        assert api.get(path).status == 404
        assert api.get(f"{path}?archived=true").body["archived"] is True

    def test_the_default_properties(self, api: Api, company: str) -> None:
        """Without ``properties``, five come back; the time of the last change is ``hs_lastmodifieddate``."""
        body = api.get(f"{ROOT}/{company}").body

        names = ["createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"]
        assert sorted(body["properties"]) == names
        assert body["updatedAt"] == body["properties"]["hs_lastmodifieddate"]

    def test_the_time_of_the_last_change(self, api: Api, company: str) -> None:
        """A change moves it, and companies have no ``lastmodifieddate``."""
        record = api.sandbox.portal.companies[company]
        record.properties["hs_lastmodifieddate"] = "2020-01-01T00:00:00Z"

        body = api.patch(f"{ROOT}/{company}", {"properties": {"city": "Bath"}}).body

        assert body["updatedAt"] > "2020"
        assert "lastmodifieddate" not in record.properties

    def test_two_may_have_one_domain(self, api: Api, company: str) -> None:
        """A domain does not identify companies in the API, and ``email`` is not a property of theirs."""
        again = api.post(ROOT, {"properties": ANALYTICAL})

        assert again.status == 201
        assert again.body["id"] != company
        assert api.get(f"{ROOT}/engines.example?idProperty=domain").status == 400
        assert api.post(ROOT, {"properties": {"email": "x@x.org"}}).status == 400

    def test_a_unique_property_identifies(self, api: Api, company: str) -> None:
        """``idProperty`` names it, and its value is taken once."""
        taken = api.post(ROOT, {"properties": {"name": "Copy", "crm_number": "c-1"}})

        assert api.get(f"{ROOT}/C-1?idProperty=crm_number").body["id"] == company
        assert taken.status == 400
        assert "legacyObjectType=COMPANY}, propertyName=crm_number, value=c-1}" in taken.message
        assert taken.message.endswith(f" {company} already has that value.")

    def test_a_contact_is_not_a_company(self, api: Api, company: str) -> None:
        """An id of the other type is unknown, and so is a property of the other type."""
        ada = api.id("ada@example.com")

        assert api.get(f"{ROOT}/{ada}").status == 404
        assert api.get(f"/crm/v3/objects/contacts/{company}").status == 404
        assert api.patch(f"{ROOT}/{company}", {"properties": {"firstname": "Ada"}}).status == 400

    def test_a_stage_does_not_go_back(self, api: Api, company: str) -> None:
        """The lifecycle stage has the rule of contacts, but a new company has none."""
        stages = []
        for stage in ("customer", "lead"):
            api.patch(f"{ROOT}/{company}", {"properties": {"lifecyclestage": stage}})
            stages.append(api.sandbox.portal.companies[company].properties["lifecyclestage"])

        assert stages == ["customer", "customer"]
        assert (
            api.post(ROOT, {"properties": {"name": "New"}}).body["properties"].get("lifecyclestage") is None
        )

    def test_the_switch_for_old_addresses_is_for_contacts(self) -> None:
        """A company's own property ``email`` does not get secondary values."""
        with Sandbox(switches=Switches(old_email="secondary")) as sandbox:
            companies = sandbox.portal.collection(COMPANIES)
            companies.define(Definition("email", "Email", unique=True))
            company = companies.create({"email": "a@x.org"})
            companies.update(company, {"email": "b@x.org"})

            assert "hs_additional_emails" not in company.properties
            assert companies.find("a@x.org", "email") is None

    @pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.plural)
    def test_scopes_are_of_the_type(self, kind: object) -> None:
        """A token for the one type opens nothing of the other."""
        other = COMPANIES if kind is CONTACTS else CONTACTS
        assert kind in TYPES
        with Sandbox(scopes=[f"crm.objects.{other.plural}.read"]) as sandbox:
            api = Api(sandbox)
            assert api.get(f"/crm/v3/objects/{other.plural}").status == 200
            refused = api.get(f"/crm/v3/objects/{kind.plural}")
            assert (refused.status, refused.body["category"]) == (403, "MISSING_SCOPES")


class TestMany:
    def test_batches(self, api: Api, company: str) -> None:
        """Create, read, update, upsert by a unique property, archive."""
        created = api.batch("create", {"properties": {"name": "A"}}, {"properties": {"name": "B"}}, root=ROOT)
        first, second = created.results
        updated = api.batch("update", {"id": first, "properties": {"city": "Bath"}}, root=ROOT)
        upserted = api.batch(
            "upsert",
            {"id": "C-1", "idProperty": "crm_number", "properties": {"city": "Oslo"}},
            {"id": "C-2", "idProperty": "crm_number", "properties": {"name": "C"}},
            root=ROOT,
        )
        read = api.batch("read", {"id": first}, {"id": "1"}, root=ROOT, properties=["city"])
        archived = api.batch("archive", {"id": first}, {"id": second}, root=ROOT)

        assert (created.status, updated.status, upserted.status, read.status, archived.status) == (
            201, 200, 200, 207, 204,
        )  # fmt: skip
        assert {each["new"] for each in upserted.body["results"] if each["id"] == company} == {False}
        assert read.body["errors"][0]["message"].startswith("Could not get some COMPANY objects")
        assert read.results[first]["properties"]["city"] == "Bath"
        assert len(api.sandbox.portal.companies) == 2

    def test_a_property_that_is_not_unique(self, api: Api) -> None:
        """The refusal names the type."""
        answer = api.batch("upsert", {"id": "x", "idProperty": "domain", "properties": {}}, root=ROOT)

        assert answer.status == 400
        assert answer.message == "Unable to perform update/upsert by non-unique 0-2 property domain"
        read = api.batch("read", {"id": "x"}, root=ROOT, idProperty="domain")
        assert read.status == 400
        assert read.message == "Unable to perform read by non-unique 0-2 property domain"

    def test_list(self, api: Api, company: str) -> None:
        """It has companies only."""
        assert [each["id"] for each in api.get(ROOT).body["results"]] == [company]

    def test_search(self, api: Api, company: str) -> None:
        """By domain, and by the words of name, domain, website and phone (D)."""
        by_domain = {"filters": [{"propertyName": "domain", "operator": "EQ", "value": "Engines.example"}]}
        other = {"propertyName": "firstname", "operator": "HAS_PROPERTY"}

        found = api.post(f"{ROOT}/search", {"filterGroups": [by_domain]})
        by_word = api.post(f"{ROOT}/search", {"query": "analyt"})
        in_no_word = api.post(f"{ROOT}/search", {"query": "london"})
        unknown = api.post(f"{ROOT}/search", {"filterGroups": [{"filters": [other]}]})

        assert [each["id"] for each in found.body["results"]] == [company]
        assert (by_word.body["total"], in_no_word.body["total"], unknown.status) == (1, 0, 400)

    def test_a_search_that_is_behind(self) -> None:
        """The index of companies lags, too."""
        with Sandbox(search_lag=60) as sandbox:
            api = Api(sandbox)
            api.post(ROOT, {"properties": ANALYTICAL})
            assert api.post(f"{ROOT}/search", {}).body["total"] == 0


class TestProperties:
    @pytest.mark.parametrize("root", ["/crm/v3/properties/companies", "/crm/properties/2026-09/0-2"])
    def test_they_are_the_type_s_own(self, api: Api, root: str) -> None:
        """A new property, a group and a rule of companies are unknown to contacts."""
        contacts = "/crm/v3/properties/contacts"
        group = api.post(f"{root}/groups", {"name": "engines", "label": "Engines"})
        body = {
            "name": "cogs",
            "label": "Cogs",
            "type": "number",
            "fieldType": "number",
            "groupName": "engines",
        }
        created = api.post(root, body)
        rule = api.call(
            "PUT",
            "/crm/property-validations/2026-09/companies/cogs/rule-type/MAX_NUMBER",
            {"ruleArguments": ["9"]},
        )

        assert (group.status, created.status, rule.status) == (201, 201, 204)
        assert api.get(f"{contacts}/cogs").status == api.get(f"{contacts}/groups/engines").status == 404
        assert api.post(contacts, body).status == 400
        assert api.post(ROOT, {"properties": {"cogs": "10"}}).status == 400
        assert api.post(ROOT, {"properties": {"cogs": "9"}}).status == 201

    def test_hubspots_own(self, api: Api) -> None:
        """They are listed with their types, in a group of companies, and stay."""
        listed = {each["name"]: each for each in api.get("/crm/v3/properties/companies").body["results"]}

        assert listed["domain"]["groupName"] == "companyinformation"
        assert listed["numberofemployees"]["type"] == "number"
        assert listed["hs_lastmodifieddate"]["modificationMetadata"]["readOnlyValue"] is True
        assert api.call("DELETE", "/crm/v3/properties/companies/domain").status == 400
        assert api.call("DELETE", "/crm/v3/properties/companies/groups/companyinformation").status == 400


class TestState:
    def test_a_restart_and_a_snapshot(self, tmp_path: Path) -> None:
        """The file and the snapshot hold companies with their history, and deleted ones."""
        with Sandbox(database=tmp_path / "portal") as sandbox:
            api = Api(sandbox)
            kept, gone = (api.post(ROOT, {"properties": ANALYTICAL}).body["id"] for _ in range(2))
            api.patch(f"{ROOT}/{kept}", {"properties": {"city": "Bath"}})
            api.call("DELETE", f"{ROOT}/{gone}")
            before = dump(sandbox.portal)
            api.call("PUT", "/sandbox/state", api.get("/sandbox/state").body)
            assert dump(sandbox.portal) == before

        with Sandbox(database=tmp_path / "portal") as sandbox:
            assert dump(sandbox.portal) == before
            history = sandbox.portal.companies[kept].history["city"]
            assert [version.value for version in history] == ["Bath", "London"]
            assert sandbox.portal.collection("0-2").archived.keys() == {gone}
            sandbox.reset()
            assert sandbox.portal.companies == {}

    def test_an_id_is_one_record_s(self, api: Api, company: str) -> None:
        """A snapshot in which a contact and a company share an id is refused."""
        state = dump(api.sandbox.portal)
        state["companies"][0]["id"] = state["contacts"][0]["id"]

        with pytest.raises(InvalidState, match="same id"):
            load(api.sandbox.portal, state)

    def test_a_type_that_is_unknown(self, api: Api) -> None:
        """The portal says so, and a snapshot with such a record is refused."""
        state = dump(api.sandbox.portal)
        state["contacts"][0]["type"] = "0-9999"

        with pytest.raises(InvalidState, match="0-9999"):
            load(api.sandbox.portal, state)
        with pytest.raises(KeyError):
            api.sandbox.portal.collection("dragons")
