# SPDX-License-Identifier: Apache-2.0
"""The list of contacts, page by page."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.sandbox.calling import CONTACTS, Api
from tests.sandbox.test_contacts import ROOTS


def addresses(answer_body: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [result["properties"]["email"] for result in answer_body["results"]]


@pytest.mark.parametrize("root", ROOTS)
def test_pages_hold_every_contact_once(api: Api, root: str) -> None:
    """Contacts come by id; ``paging.next`` leads on, by ``after`` and by its link, until there is no more."""
    first = api.get(f"{root}?limit=2&properties=email,phone").body
    after = first["paging"]["next"]["after"]
    second = api.get(f"{root}?limit=2&properties=email,phone&after={after}").body
    link = urlsplit(first["paging"]["next"]["link"])

    assert addresses(first) == ["ada@example.com", "grace@example.com"]
    assert after == str(int(first["results"][-1]["id"]) + 1)
    assert first["results"][0]["properties"]["phone"] is None
    assert addresses(second) == ["alan@example.com"]
    assert "paging" not in second
    assert f"{link.scheme}://{link.netloc}" == "https://api.hubapi.com"
    assert api.get(f"{link.path}?{link.query}").body == second


def test_a_last_page_that_is_full(api: Api) -> None:
    """A page that holds the last contact says nothing of a next one."""
    assert "paging" not in api.get(f"{CONTACTS}?limit=3").body


def test_ten_to_a_page_unless_asked() -> None:
    """The default is ten contacts, with the default properties."""
    with Sandbox([{"email": f"c{number}@example.com"} for number in range(12)]) as sandbox:
        body = Api(sandbox).get(CONTACTS).body

    assert len(body["results"]) == 10
    assert sorted(body["results"][0]["properties"])[:3] == ["createdate", "email", "firstname"]


def test_history(api: Api) -> None:
    """``propertiesWithHistory`` gives former values, the newest first."""
    api.patch(f"{CONTACTS}/{api.id('ada@example.com')}", {"properties": {"firstname": "Augusta"}})

    body = api.get(f"{CONTACTS}?limit=1&propertiesWithHistory=firstname").body

    versions = body["results"][0]["propertiesWithHistory"]["firstname"]
    assert [version["value"] for version in versions] == ["Augusta", "Ada"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=101",
        "limit=0",
        "limit=x",
        "limit=-1",
        "after=x",
        "after=9" * 30,
        "limit=51&propertiesWithHistory=a",
    ],
)
def test_a_page_that_cannot_be(api: Api, query: str) -> None:
    """A hundred contacts at most, fifty with history; anything else is a 400 that names the parameter."""
    answer = api.get(f"{CONTACTS}?{query}")

    assert answer.status == 400
    assert query.partition("=")[0] in answer.message


def test_after_the_last_contact(api: Api) -> None:
    """A place after all contacts is an empty page."""
    assert api.get(f"{CONTACTS}?after=99999999999999").body == {"results": []}


def test_deleted_contacts_are_listed_apart(api: Api) -> None:
    """``archived=true`` lists the deleted ones, and only them."""
    grace = api.id("grace@example.com")
    api.call("DELETE", f"{CONTACTS}/{grace}")

    assert addresses(api.get(CONTACTS).body) == ["ada@example.com", "alan@example.com"]
    assert addresses(api.get(f"{CONTACTS}?archived=true").body) == ["grace@example.com"]
