# SPDX-License-Identifier: Apache-2.0
"""Records that are deleted for good, and what a test can bring back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox, Switches
from airflow_provider_hubcontact.sandbox.crm.state import dump
from airflow_provider_hubcontact.sandbox.errors.records import RecordExists
from tests.sandbox.calling import CONTACTS, Answer, Api
from tests.sandbox.conftest import SEEDS

PATH = f"{CONTACTS}/gdpr-delete"


def erase(api: Api, key: str, **more: str) -> Answer:
    return api.post(PATH, {"objectId": key, **more})


class TestErase:
    @pytest.mark.parametrize("root", ["/crm/v3/objects/contacts", "/crm/objects/2026-03/0-1", CONTACTS])
    def test_by_id(self, api: Api, root: str) -> None:
        """204; no call finds the contact, not even among the deleted ones."""
        alan = api.id("alan@example.com")

        answer = api.post(f"{root}/gdpr-delete", {"objectId": alan})

        assert (answer.status, answer.body) == (204, None)
        assert api.get(f"{root}/{alan}").status == api.get(f"{root}/{alan}?archived=true").status == 404
        assert api.get(f"{root}/turing%40example.org?idProperty=email").status == 404
        assert alan not in json.dumps(dump(api.sandbox.portal))

    @pytest.mark.parametrize("address", ["alan@example.com", "TURING@example.org"])
    def test_by_address(self, api: Api, address: str) -> None:
        """Any address of the contact names it."""
        assert erase(api, address, idProperty="email").status == 204
        assert api.sandbox.portal.contact("alan@example.com") is None

    def test_a_deleted_one(self, api: Api) -> None:
        """It can be deleted for good as well."""
        ada = api.id("ada@example.com")
        api.call("DELETE", f"{CONTACTS}/{ada}")

        assert erase(api, ada).status == 204
        assert api.get(f"{CONTACTS}/{ada}?archived=true").status == 404

    @pytest.mark.parametrize("address", ["alan@example.com", "TURING@example.org"])
    def test_a_deleted_one_by_address(self, api: Api, address: str) -> None:
        """Any of its addresses names a deleted contact, too; it is not left among the deleted ones."""
        alan = api.id("alan@example.com")
        api.call("DELETE", f"{CONTACTS}/{alan}")

        assert erase(api, address, idProperty="email").status == 204
        assert api.get(f"{CONTACTS}/{alan}?archived=true").status == 404

    def test_a_deleted_one_by_an_id_before_a_merge(self, api: Api) -> None:
        """The ids of what it was made of name it."""
        ada, grace = api.id("ada@example.com"), api.id("grace@example.com")
        merged = api.post(f"{CONTACTS}/merge", {"primaryObjectId": ada, "objectIdToMerge": grace}).body["id"]
        api.call("DELETE", f"{CONTACTS}/{merged}")

        assert erase(api, grace).status == 204
        assert api.get(f"{CONTACTS}/{merged}?archived=true").status == 404

    def test_an_unknown_id(self, api: Api) -> None:
        """404: a deletion that does nothing should not look like one."""
        assert erase(api, "1").status == 404
        assert api.post(PATH, {}).status == 400
        assert erase(api, "x", idProperty="firstname").status == 400
        assert erase(api, "x", idProperty="member_number").status == 404

    def test_a_company(self, api: Api) -> None:
        """It is gone, and its domain is not blocked."""
        root = "/crm/v3/objects/companies"
        company = api.post(root, {"properties": {"domain": "x.org"}}).body["id"]

        assert api.post(f"{root}/gdpr-delete", {"objectId": company}).status == 204
        assert api.get(f"{root}/{company}?archived=true").status == 404
        assert api.post(root, {"properties": {"domain": "x.org"}}).status == 201

    def test_the_file_has_no_trace(self, tmp_path: Path) -> None:
        """After a restart the contact is gone, its address is blocked, and neither stands in the state."""
        with Sandbox(SEEDS[:2], database=tmp_path / "portal") as sandbox:
            api = Api(sandbox)
            api.patch(f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": {"city": "Bath"}})
            erase(api, "ada@example.com", idProperty="email")
            before = dump(sandbox.portal)
        with Sandbox(database=tmp_path / "portal") as sandbox:
            assert dump(sandbox.portal) == before
            assert "ada@example.com" not in json.dumps(before)
            assert Api(sandbox).post(CONTACTS, {"properties": {"email": "ada@example.com"}}).status == 400


class TestBlocked:
    @pytest.mark.parametrize("address", ["alan@example.com", "Turing@example.org", "never@example.com"])
    def test_nobody_can_have_it_again(self, api: Api, address: str) -> None:
        """400 for all addresses of a contact, and for one that nobody had; by every way to write."""
        for each in ("alan@example.com", "never@example.com"):
            assert erase(api, each, idProperty="email").status == 204
        properties = {"email": address}
        grace = f"{CONTACTS}/{api.id('grace@example.com')}"

        answer = api.post(CONTACTS, {"properties": properties})

        assert (answer.status, answer.body["errors"][0]["code"]) == (400, "GDPR_BLACKLISTED_EMAIL")
        assert api.patch(grace, {"properties": properties}).status == 400
        assert api.batch("create", {"properties": properties}).status == 400
        second = {"email": "a@x.org", "hs_additional_emails": address}
        assert api.post(CONTACTS, {"properties": second}).status == 400
        upserted = {"id": address, "idProperty": "email", "properties": {"city": "Bath"}}
        assert api.batch("upsert", upserted).status == 400
        v1 = api.post(f"/contacts/v1/contact/createOrUpdate/email/{address}", {"properties": []})
        assert (v1.status, v1.body["validationResults"][0]["error"]) == (400, "GDPR_BLACKLISTED_EMAIL")

    def test_who_has_it_already_keeps_it(self, api: Api) -> None:
        """A deleted contact had the same address: the living one may be sent its own again, in any case."""
        old = api.id("ada@example.com")
        api.call("DELETE", f"{CONTACTS}/{old}")
        new = api.post(CONTACTS, {"properties": {"email": "ada@example.com"}}).body["id"]
        assert erase(api, old).status == 204
        path = f"{CONTACTS}/{new}"

        for address in ("ada@example.com", "ADA@example.com"):
            assert api.patch(path, {"properties": {"email": address, "city": "Bath"}}).status == 200
        assert api.patch(path, {"properties": {"email": "other@example.com"}}).status == 200
        assert api.post(CONTACTS, {"properties": {"email": "ada@example.com"}}).status == 400

    def test_the_switch(self) -> None:
        """With ``gdpr_address=free`` the address may come back, as another contact."""
        with Sandbox(SEEDS[:2], switches=Switches(gdpr_address="free")) as sandbox:
            api = Api(sandbox)
            ada = api.id("ada@example.com")
            erase(api, ada)

            answer = api.post(CONTACTS, {"properties": {"email": "ada@example.com"}})

            assert answer.status == 201
            assert answer.body["id"] != ada

    def test_a_reset_and_a_snapshot(self, api: Api) -> None:
        """Both bring an address back, or block it again."""
        before = dump(api.sandbox.portal)
        erase(api, "never@x.org", idProperty="email")
        after = dump(api.sandbox.portal)
        new = {"properties": {"email": "never@x.org"}}
        api.call("PUT", "/sandbox/state", before)
        assert api.post(CONTACTS, new).status == 201
        api.call("PUT", "/sandbox/state", after)
        assert api.post(CONTACTS, new).status == 400
        api.sandbox.reset()
        assert api.post(CONTACTS, new).status == 201


class TestUnarchive:
    def test_it_is_there_again(self, api: Api) -> None:
        """With its id, its addresses and its history."""
        contacts = api.sandbox.portal.collection("contacts")
        alan = api.id("alan@example.com")
        api.call("DELETE", f"{CONTACTS}/{alan}")

        contacts.unarchive(contacts.archived[alan])

        body = api.get(f"{CONTACTS}/{alan}").body
        assert body["archived"] is False
        assert api.id("turing@example.org") == alan
        assert contacts.archived == {}

    def test_its_address_is_taken(self, api: Api) -> None:
        """Then it stays deleted."""
        contacts = api.sandbox.portal.collection("contacts")
        alan = api.id("alan@example.com")
        api.call("DELETE", f"{CONTACTS}/{alan}")
        api.post(CONTACTS, {"properties": {"email": "turing@example.org"}})

        with pytest.raises(RecordExists):
            contacts.unarchive(contacts.archived[alan])
        assert api.get(f"{CONTACTS}/{alan}?archived=true").status == 200

    def test_a_value_of_a_deleted_property_is_taken(self, api: Api) -> None:
        """Then it stays deleted: the property may come back, and no two contacts can have one value of it."""
        contacts = api.sandbox.portal.collection("contacts")
        alan, path = api.id("alan@example.com"), "/crm/v3/properties/contacts/member_number"
        api.call("DELETE", f"{CONTACTS}/{alan}")
        api.patch(f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": {"member_number": "m-1"}})
        api.call("DELETE", path)

        with pytest.raises(RecordExists):
            contacts.unarchive(contacts.archived[alan])
        again = {"name": "member_number", "label": "M", "type": "string", "fieldType": "text"}
        again |= {"groupName": "contactinformation"}
        answer = api.post("/crm/v3/properties/contacts", {**again, "hasUniqueValue": True})
        assert answer.status == 201
        assert api.call("PUT", "/sandbox/state", api.get("/sandbox/state").body).status == 204

    def test_the_file(self, tmp_path: Path) -> None:
        """It is there after a restart as well."""
        with Sandbox(SEEDS[:2], database=tmp_path / "portal") as sandbox:
            contacts = sandbox.portal.collection("contacts")
            ada = next(iter(contacts.records.values()))
            contacts.archive(ada)
            contacts.unarchive(ada)
        with Sandbox(database=tmp_path / "portal") as sandbox:
            assert sandbox.portal.contact("ada@example.com") is not None

    @pytest.mark.parametrize("path", ["restore", "unarchive"])
    def test_the_api_has_no_call_for_it(self, api: Api, path: str) -> None:
        """501 for what somebody might guess."""
        assert api.post(f"{CONTACTS}/{api.id('ada@example.com')}/{path}", {}).status == 501
