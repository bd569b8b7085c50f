# SPDX-License-Identifier: Apache-2.0
"""The sandbox's pages in a real browser: what people see and press."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox, Switches
from airflow_provider_hubcontact.sandbox.crm import seeds
from tests.browser.legible import FAINT
from tests.sandbox.calling import CONTACTS, Api

if TYPE_CHECKING:
    from playwright.sync_api import Page

MALLORY = {
    "email": "mallory@example.com",
    "firstname": "<script>alert(1)</script>",
    "city": "<img src=x onerror=alert(2)>",
}
PLAN = {
    "seed": 7,
    "rules": [
        {"name": "busy gateway", "on": "POST */batch/update", "kind": "status", "share": 0.3},
        {"name": "a/b & <c>", "on": "batches.create", "kind": "reset", "enabled": False},
    ],
}
LOG = "/sandbox/log"
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    contacts = [*seeds.made_up(60), MALLORY]
    with Sandbox(contacts, tier="pro", faults=PLAN, switches=Switches(result_order="input")) as sandbox:
        api = Api(sandbox)
        first = api.id("contact-000001@example.com")
        for city in ("Madrid", "Wien"):
            api.patch(f"{CONTACTS}/{first}", {"properties": {"city": city}})
        for number in range(8):
            api.batch("update", {"id": first, "properties": {"jobtitle": f"Job {number}"}})
        api.get(f"{CONTACTS}/1")
        yield sandbox


def test_the_overview_tells_what_happened(page: Page, sandbox: Sandbox) -> None:
    """Contacts, limits, requests with their status, switches that are not at their default."""
    page.goto(sandbox.url)

    assert page.get_by_role("heading", level=1).inner_text() == "61 contacts"
    gauge = page.locator("figure", has_text="Calls of app 1")
    assert "of 190" in gauge.inner_text()
    rows = page.get_by_role("region", name="Requests").locator("tbody tr")
    assert rows.count() == 11
    told = rows.first.inner_text().split()
    assert re.fullmatch(r"\d\d:\d\d:\d\d", told[0])
    assert told[1:4] == ["404", "GET", f"{CONTACTS}/1"]
    assert page.locator("dl.switches div", has_text="changed").inner_text().split() == [
        "result_order",
        "input",
        "changed",
    ]


def test_faults_are_switched(page: Page, sandbox: Sandbox) -> None:
    """A button switches a fault, whatever its name is, and the next call meets it."""
    page.goto(sandbox.url)

    page.get_by_role("button", name="Switch on a/b & <c>").click()

    assert sandbox.faults.names == {"busy gateway": True, "a/b & <c>": True}
    assert page.locator("tr", has_text="a/b & <c>").locator(".state").inner_text() == "on"
    with pytest.raises(OSError, match=r"reset|Remote"):
        Api(sandbox).batch("create", {"properties": {"email": "x@example.com"}})
    page.get_by_role("button", name="Switch off a/b & <c>").click()
    assert sandbox.faults.names["a/b & <c>"] is False


def test_contacts_page_by_page(page: Page, sandbox: Sandbox) -> None:
    """Every contact is on one of the pages."""
    page.goto(sandbox.url)
    page.get_by_role("link", name="Contacts", exact=True).click()

    seen = []
    while True:
        seen += page.locator("tbody .path").all_inner_texts()
        link = page.get_by_role("link", name="Next page")
        if not link.count():
            break
        link.click()

    assert len(seen) == len(set(seen)) == 61
    page.get_by_role("link", name="First page").click()
    assert page.locator("tbody .path").first.inner_text() == "contact-000001@example.com"


def test_a_contacts_history(page: Page, sandbox: Sandbox) -> None:
    """A search leads to the contact, and its history says when, who, before and after."""
    page.goto(f"{sandbox.url}/sandbox/contacts")
    page.get_by_label("Search in all properties").fill("WIEN")
    page.keyboard.press("Enter")
    page.locator("tbody a").click()

    history = page.get_by_role("region", name="History").locator("tbody tr")
    change = history.filter(has_text="Wien").inner_text().split()
    assert change[2:] == ["INTEGRATION", "1", "city", "Madrid", "Wien"]
    assert page.locator("dl.properties div", has_text="City").inner_text().endswith("Wien")


def test_a_value_is_no_markup(page: Page, sandbox: Sandbox) -> None:
    """A contact called <script> is a text on every page, and runs nothing."""
    for path in ("/sandbox/contacts?q=script", "/sandbox/contacts?q=<script>alert(3)</script>"):
        page.goto(sandbox.url + path)
        assert page.locator("main script, main img").count() == 0
    page.goto(f"{sandbox.url}/sandbox/contacts?q=mallory")
    page.get_by_role("link", name="<script>alert(1)</script>").click()

    assert page.get_by_role("heading", level=1).inner_text() == "<script>alert(1)</script>"
    assert page.locator("main script, main img").count() == 0
    assert page.get_by_text("<img src=x onerror=alert(2)>").count() == 2


def test_the_keyboard_is_enough(page: Page, sandbox: Sandbox) -> None:
    """The first key leads past the head, and what has the focus is seen."""
    page.goto(sandbox.url)
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/sandbox/contacts", "/sandbox/contacts/171591000001", LOG])
def test_it_fits_a_phone(page: Page, sandbox: Sandbox, path: str, scheme: str, tmp_path: Path) -> None:
    """Nothing is wider than the screen, and text is dark on light or light on dark."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type] # a TypedDict of two numbers
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of two texts
    page.goto(sandbox.url + path)

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    ink, ground = (
        sum(map(int, page.evaluate(f"getComputedStyle(document.body).{name}").strip("rgb()").split(", ")))
        for name in ("color", "backgroundColor")
    )
    dark, bright = (ink, ground) if scheme == "light" else (ground, ink)
    assert dark < 200
    assert bright > 600
    page.screenshot(path=tmp_path / "phone.png")
    assert (tmp_path / "phone.png").stat().st_size > 5_000


CUT = """[...document.querySelectorAll('main .scroll, main td, main dd, main h1')]
    .filter(part => part.clientWidth && part.scrollWidth > part.clientWidth + 1)
    .map(part => part.innerText.slice(0, 50))"""
"""What is wider than its place."""


@pytest.mark.parametrize("size", [PHONE, {"width": 1366, "height": 768}], ids=["phone", "laptop"])
def test_long_words_fit(page: Page, size: dict[str, int]) -> None:
    """Names, values, faults and paths break where they must, and a path only between its parts if it can."""
    word = "Donaudampfschifffahrtsgesellschaftskapitaen" * 4
    contact = {"email": f"a@{word[:60]}.example", "firstname": word, "lastname": word, "city": word * 3}
    plan = {"rules": [{"name": word, "kind": "status", "status": 503, "on": "POST *"}]}
    page.set_viewport_size(size)  # type: ignore[arg-type] # a TypedDict of two numbers
    with Sandbox([contact], faults=plan) as sandbox:
        api = Api(sandbox)
        contact_id = next(iter(sandbox.portal.contacts))
        api.get(f"{CONTACTS}/{word}")
        api.get(f"{CONTACTS}/{contact_id}")
        api.batch("update", {"id": contact_id, "properties": {"city": "Ulm"}})
        for path in ("/", "/sandbox/contacts", f"/sandbox/contacts/{contact_id}", LOG):
            page.goto(sandbox.url + path)
            assert page.evaluate(CUT) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path

    parts = page.locator(".part").filter(has_text="2026-09").all()
    assert len(parts) == 3
    assert all((box := part.bounding_box()) and box["height"] < 30 for part in parts), "in one line"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/sandbox/contacts?q=a", "/sandbox/contacts/171591000001", LOG])
def test_text_is_legible(page: Page, sandbox: Sandbox, path: str, scheme: str) -> None:
    """Every text stands out from its ground as WCAG 2.2 asks at level AA."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of two texts
    page.goto(sandbox.url + path)

    assert page.evaluate(FAINT) == []


def test_everything_has_a_name(page: Page, sandbox: Sandbox) -> None:
    """A screen reader has a name for each link, button, field and picture, and one main heading a page."""
    for path in ("/", "/sandbox/contacts", "/sandbox/contacts/171591000001", LOG):
        page.goto(sandbox.url + path)
        assert page.get_by_role("heading", level=1).count() == 1
        for role in ("link", "button", "searchbox", "img", "region", "navigation"):
            named = page.get_by_role(role, name=re.compile(r"\S")).count()
            assert named == page.get_by_role(role).count(), (path, role)


def test_nothing_is_loaded_from_elsewhere(page: Page, sandbox: Sandbox) -> None:
    """Every request of a page goes to the sandbox."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{sandbox.url}/sandbox/log", wait_until="networkidle")

    assert sorted(asked) == [f"{sandbox.url}/sandbox/log", f"{sandbox.url}/sandbox/page.css"]
