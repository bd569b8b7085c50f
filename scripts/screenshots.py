# SPDX-License-Identifier: Apache-2.0
"""Take the pictures of the sandbox's pages that the docs show; needs Chromium."""

from __future__ import annotations

import http.client
import json
import shutil
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm import seeds

IMAGES = Path(__file__).parent.parent / "docs" / "images"
PLAN = {
    "seed": 7,
    "rules": [
        {"name": "busy gateway", "on": "POST */batch/update", "kind": "status", "status": 503, "share": 0.3},
        {"name": "slow", "kind": "latency", "seconds": 0.01},
        {"name": "lost answers", "on": "batches.create", "kind": "reset", "applied": True, "enabled": False},
    ],
}


def main() -> None:
    """Fill a portal, and look at it."""
    IMAGES.mkdir(exist_ok=True)
    with Sandbox(seeds.made_up(2_500), tier="pro", faults=PLAN) as sandbox, sync_playwright() as driver:
        contact = use(sandbox)
        chromium = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        shoot(chromium, f"{sandbox.url}/", "sandbox-overview.png", "light", (1200, 900))
        shoot(
            chromium, f"{sandbox.url}/sandbox/contacts/{contact}", "sandbox-contact.png", "dark", (1200, 720)
        )
        shoot(chromium, f"{sandbox.url}/", "sandbox-phone.png", "light", (390, 844))
        chromium.close()


def use(sandbox: Sandbox) -> str:
    """Make calls that leave something to see.

    :return: the id of a contact with a history.
    """
    contact = next(iter(sandbox.portal.contacts))
    for number in range(30):
        ids = list(sandbox.portal.contacts)[number * 10 : number * 10 + 10]
        inputs = [{"id": each, "properties": {"jobtitle": f"Position {number}"}} for each in ids]
        call(sandbox, "POST", "/crm/objects/2026-09/contacts/batch/update", {"inputs": inputs})
    for stage, city in (("opportunity", "Praha"), ("customer", "Wien"), ("evangelist", "Roma")):
        properties = {"lifecyclestage": stage, "city": city}
        call(sandbox, "PATCH", f"/crm/objects/2026-09/contacts/{contact}", {"properties": properties})
    call(sandbox, "GET", "/crm/v3/objects/contacts/1")
    call(sandbox, "GET", "/crm/v3/objects/deals")
    return contact


def call(sandbox: Sandbox, method: str, path: str, body: object = None) -> None:
    """Make a call, whatever is answered."""
    connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"))
    connection.request(method, path, json.dumps(body), {"Authorization": f"Bearer {sandbox.token}"})
    connection.getresponse().read()


def shoot(chromium: Browser, url: str, name: str, scheme: str, size: tuple[int, int]) -> None:
    """Save what the screen shows."""
    viewport = {"width": size[0], "height": size[1]}
    page = chromium.new_page(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type] # TypedDict, Literal
    page.goto(url)
    page.screenshot(path=IMAGES / name)
    page.close()


if __name__ == "__main__":
    main()
