# SPDX-License-Identifier: Apache-2.0
"""The secondary addresses of a contact, by v1's own calls."""

from __future__ import annotations

import pytest

from tests.sandbox.calling import CONTACTS, Api

BOTH = ["alan@bletchley.example", "turing@example.org"]


@pytest.fixture
def root(api: Api) -> str:
    return f"/contacts/v1/secondary-email/{api.id('alan@example.com')}"


def test_list(api: Api, root: str) -> None:
    """200 with portal, vid and addresses."""
    answer = api.get(root)

    assert answer.status == 200
    assert answer.body == {
        "portalId": 12_345_678,
        "vid": int(api.id("alan@example.com")),
        "secondaryEmails": BOTH,
    }


def test_add(api: Api, root: str) -> None:
    """200 with all of them; the new one finds the contact, and stands in ``hs_additional_emails``."""
    answer = api.call("PUT", f"{root}/email/New%40x.org")

    assert (answer.status, answer.body["secondaryEmails"]) == (200, [*BOTH, "new@x.org"])
    assert api.id("new@x.org") == api.id("alan@example.com")
    assert str(api.stored("alan@example.com", "hs_additional_emails")).endswith(";new@x.org")


@pytest.mark.parametrize("email", ["turing@example.org", "alan@example.com"])
def test_add_one_that_it_has(api: Api, root: str, email: str) -> None:
    """200, and it has each once; its primary address does not become a secondary one."""
    answer = api.call("PUT", f"{root}/email/{email}")

    assert (answer.status, answer.body["secondaryEmails"]) == (200, BOTH)


def test_add_one_that_is_taken(api: Api, root: str) -> None:
    """409, and nothing changes."""
    answer = api.call("PUT", f"{root}/email/ada@example.com")

    assert (answer.status, answer.body["error"]) == (409, "CONTACT_EXISTS")
    assert api.get(root).body["secondaryEmails"] == BOTH


def test_add_one_that_is_not_an_address(api: Api, root: str) -> None:
    """400 with its code."""
    answer = api.call("PUT", f"{root}/email/nope")

    assert (answer.status, answer.body["validationResults"][0]["error"]) == (400, "INVALID_EMAIL")


def test_change(api: Api, root: str) -> None:
    """200; the old one finds nobody any more."""
    answer = api.patch(
        root, {"targetSecondaryEmail": "Turing@example.org", "updatedSecondaryEmail": "t@x.org"}
    )
    unknown = api.patch(root, {"targetSecondaryEmail": "no@x.org", "updatedSecondaryEmail": "t@x.org"})

    assert (answer.status, answer.body["secondaryEmails"]) == (200, [BOTH[0], "t@x.org"])
    assert unknown.status == 404
    assert api.sandbox.portal.contact("turing@example.org") is None


def test_remove(api: Api, root: str) -> None:
    """200 with the rest; the address is free for another contact. One that it has not is no error."""
    answers = [api.call("DELETE", f"{root}/email/{each}") for each in ("TURING@example.org", "no@x.org")]

    assert [each.status for each in answers] == [200, 200]
    assert [each.body["secondaryEmails"] for each in answers] == [BOTH[:1]] * 2
    assert api.post(CONTACTS, {"properties": {"email": "turing@example.org"}}).status == 201


def test_an_unknown_contact(api: Api) -> None:
    """404."""
    assert api.get("/contacts/v1/secondary-email/1").status == 404
    assert api.call("PUT", "/contacts/v1/secondary-email/1/email/x@x.org").status == 404


def test_the_primary_one_among_the_secondary_ones(api: Api) -> None:
    """It is left out when a contact is created; changing it afterwards leaves nothing behind."""
    properties = {"email": "a@x.org", "hs_additional_emails": "a@x.org;b@x.org"}
    contact = api.post(CONTACTS, {"properties": properties}).body
    api.patch(f"{CONTACTS}/{contact['id']}", {"properties": {"email": "c@x.org"}})

    assert contact["properties"]["hs_additional_emails"] == "b@x.org"
    assert api.sandbox.portal.contact("a@x.org") is None
    assert api.call("DELETE", f"{CONTACTS}/{contact['id']}").status == 204
