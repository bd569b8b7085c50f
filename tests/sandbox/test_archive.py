# SPDX-License-Identifier: Apache-2.0
"""Contacts that are deleted: HubSpot archives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.state import dump
from tests.sandbox.calling import CONTACTS, Api
from tests.sandbox.conftest import SEEDS
from tests.sandbox.test_contacts import ROOTS


@pytest.mark.parametrize("root", ROOTS)
def test_a_deleted_contact_is_gone(api: Api, root: str) -> None:
    """204 without a body; after that no call finds it, by id or by any of its addresses."""
    alan = api.id("alan@example.com")

    answer = api.call("DELETE", f"{root}/{alan}")

    assert (answer.status, answer.body) == (204, None)
    assert api.get(f"{root}/{alan}").status == 404
    assert api.get(f"{root}/turing%40example.org?idProperty=email").status == 404
    assert api.get(f"{root}/M-1?idProperty=member_number").status == 404
    assert api.patch(f"{root}/{alan}", {"properties": {"firstname": "X"}}).status == 404
    assert api.post("/contacts/v1/contact/email/alan@example.com/profile", {"properties": []}).status == 404
    assert api.batch("update", {"id": alan, "properties": {}}, root=root).status == 207


def test_a_deleted_contact_can_still_be_read(api: Api) -> None:
    """``archived=true`` reads it, with the time of its deletion, and no contact that is there."""
    alan, ada = api.id("alan@example.com"), api.id("ada@example.com")
    api.call("DELETE", f"{CONTACTS}/{alan}")

    body = api.get(f"{CONTACTS}/{alan}?archived=true").body

    assert body["archived"] is True
    assert body["archivedAt"] >= body["updatedAt"]
    assert body["properties"]["firstname"] == "Alan"
    for address in ("ALAN%40example.com", "Turing%40example.org"):
        assert api.get(f"{CONTACTS}/{address}?idProperty=email&archived=true").body["id"] == alan
    assert api.get(f"{CONTACTS}/{ada}?archived=true").status == 404
    batch = api.post(f"{CONTACTS}/batch/read?archived=true", {"inputs": [{"id": alan}, {"id": ada}]})
    assert (batch.status, [each["id"] for each in batch.body["results"]]) == (207, [alan])


@pytest.mark.parametrize("id_", ["999", "nobody", "0"])
def test_deleting_what_is_not_there(api: Api, id_: str) -> None:
    """204 for an id that is unknown, and for one that is deleted already."""
    assert api.call("DELETE", f"{CONTACTS}/{id_}").status == 204
    assert len(api.sandbox.portal.contacts) == 3


def test_an_address_is_free_again(api: Api) -> None:
    """A new contact may have what a deleted one had, and is another contact."""
    alan = api.id("alan@example.com")
    api.call("DELETE", f"{CONTACTS}/{alan}")

    answer = api.post(CONTACTS, {"properties": {"email": "turing@example.org", "member_number": "M-1"}})

    assert answer.status == 201
    assert answer.body["id"] != alan


@pytest.mark.parametrize("root", ROOTS)
def test_a_batch(api: Api, root: str) -> None:
    """204 for up to a hundred ids, those that are unknown or named twice as well."""
    ids = [api.id("ada@example.com"), api.id("grace@example.com"), "999", api.id("ada@example.com")]

    answer = api.batch("archive", *({"id": each} for each in ids), root=root)

    assert (answer.status, answer.body) == (204, None)
    assert [contact.email for contact in api.sandbox.portal.contacts.values()] == ["alan@example.com"]
    assert api.batch("archive", *({"id": str(n)} for n in range(101)), root=root).status == 400
    assert api.batch("archive", {}, root=root).status == 400


def test_deleted_contacts_survive_a_restart_and_a_snapshot(tmp_path: Path) -> None:
    """The file and the snapshot hold them."""
    with Sandbox(SEEDS[:2], database=tmp_path / "portal") as sandbox:
        api = Api(sandbox)
        grace = api.id("grace@example.com")
        api.call("DELETE", f"{CONTACTS}/{grace}")
        before = dump(sandbox.portal)
        api.call("PUT", "/sandbox/state", api.get("/sandbox/state").body)
        assert dump(sandbox.portal) == before

    with Sandbox(database=tmp_path / "portal") as sandbox:
        assert dump(sandbox.portal) == before
        assert Api(sandbox).get(f"{CONTACTS}/{grace}?archived=true").status == 200
        assert Api(sandbox).get(f"{CONTACTS}/{grace}").status == 404
