# SPDX-License-Identifier: Apache-2.0
"""Take pictures that the docs show; needs Chromium.

::

    python -m scripts.screenshots          # of the sandbox's pages
    python -m scripts.screenshots large    # of the report of half a million records, which takes ten minutes
"""

from __future__ import annotations

import http.client
import json
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Playwright, sync_playwright

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm import seeds
from demo.up import Ports, Stand
from tests.browser.airflow import Airflow, log_in
from tests.ports import free_port

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
MANY = ("--contacts-count", "500000", "--tier", "enterprise")
"""Options of the sandbox that the large run needs."""

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
        chromium = launch(driver)
        shoot(chromium, f"{sandbox.url}/", "sandbox-overview.png", "light", (1200, 900))
        shoot(
            chromium, f"{sandbox.url}/sandbox/contacts/{contact}", "sandbox-contact.png", "dark", (1200, 720)
        )
        shoot(chromium, f"{sandbox.url}/", "sandbox-phone.png", "light", (390, 844))
        chromium.close()


def large() -> None:
    """Let an Airflow run the DAG ``large_run``, and look at its report."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        ports = Ports(free_port(), free_port())
        dags = ROOT / "tests" / "browser" / "dags"
        stand = Stand(Path(folder) / "home", ports, {"admin": "admin"}, dags, MANY)
        try:
            stand.start()
            airflow = Airflow(stand)
            run_id = airflow.trigger("large_run")
            airflow.wait("large_run", run_id, ("success", "failed"), minutes=30)
            chromium = launch(driver)
            screen = chromium.new_page(viewport={"width": 1300, "height": 900}, base_url=stand.url)
            log_in(screen, airflow, "admin")
            asked = {"dag_id": "large_run", "run_id": run_id, "task_id": "contacts", "map_index": -1}
            screen.goto(f"/hubcontact/report?{urlencode(asked)}")
            screen.screenshot(path=IMAGES / "airflow-report-large.png", full_page=True)
            chromium.close()
        finally:
            stand.stop()


def launch(driver: Playwright) -> Browser:
    """Start Chromium."""
    return driver.chromium.launch(
        executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
    )


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
    large() if sys.argv[1:] == ["large"] else main()
