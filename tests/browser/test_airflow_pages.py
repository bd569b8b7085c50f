# SPDX-License-Identifier: Apache-2.0
"""A real Airflow in a real browser: the connection's form, a run, its report."""

from __future__ import annotations

import csv
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest

from airflow_provider_hubcontact.sandbox.server import TOKEN
from demo.up import Ports, Stand
from tests.browser.airflow import Airflow, log_in
from tests.browser.pictures import keep
from tests.ports import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.timeout(600)

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """Serve Airflow, its scheduler and its triggerer, and a HubSpot."""
    stand = Stand(
        tmp_path_factory.mktemp("stand") / "home",
        Ports(free_port(), free_port()),
        {"admin": "admin", "viewer": "viewer", "guest": ""},
        dags=Path(__file__).parent / "dags",
    )
    try:
        stand.start()
        yield Airflow(stand)
    finally:
        stand.stop()


@pytest.fixture
def screen(chromium: Browser, airflow: Airflow) -> Iterator[Page]:
    """A page of somebody who is not logged in."""
    context = chromium.new_context(viewport={"width": 1300, "height": 900}, base_url=airflow.stand.url)
    yield context.new_page()
    context.close()


def report_path(dag_id: str, run_id: str, page: str = "report") -> str:
    query = {"dag_id": dag_id, "run_id": run_id, "task_id": "contacts", "map_index": -1}
    return f"/hubcontact/{page}?{urlencode(query)}"


def test_the_connection_form(screen: Page, airflow: Airflow) -> None:
    """Its fields have names and masks; what is typed works, and Test says so."""
    log_in(screen, airflow, "admin")
    screen.goto("/connections")
    screen.get_by_role("button", name="Add Connection").first.click()
    screen.locator("input[name=connection_id]").fill("by_hand")
    screen.get_by_role("combobox").last.click()
    screen.keyboard.type("hubspot")
    screen.keyboard.press("Enter")
    host, _, port = airflow.stand.hubspot_url.rpartition(":")
    screen.locator("input[name=host]").fill(host)
    screen.locator("input[name=port]").fill(port)
    screen.locator("input[name=password]").fill(TOKEN)
    for label in ("Base URL", "Access token"):
        assert screen.get_by_text(label).first.is_visible()
    assert screen.locator("input[name=password]").get_attribute("type") == "password"
    assert screen.locator("input[name=login]").count() == 0
    keep(screen, "airflow-connection")
    screen.get_by_text("Extra Fields", exact=True).first.click()
    for label in ("OAuth client ID", "OAuth client secret", "API version", "Rate limit store", "Reserve"):
        assert screen.get_by_text(label).first.is_visible()
    screen.get_by_role("button", name="Save").click()
    screen.get_by_text("by_hand").wait_for()
    row = screen.get_by_role("row").filter(has_text="by_hand")
    with screen.expect_response(
        lambda answer: "/connections/" in answer.url and "test" in answer.url
    ) as tested:
        row.get_by_role("button", name="Test").first.click()

    said = tested.value.json()
    assert said["status"], said
    assert "Connected to portal 12345678" in said["message"]
    assert "crm.objects.contacts.write" in said["message"]
    assert "calls are left today" in said["message"]


def test_the_report_of_a_run(screen: Page, airflow: Airflow, tmp_path: Path) -> None:
    """A tab of the task with the database's numbers; a code leads to its meaning, a table is downloaded."""
    run_id = airflow.run("good_run")
    told = airflow.report("good_run", run_id)
    log_in(screen, airflow, "viewer")
    screen.goto(f"/dags/good_run/runs/{quote(run_id)}/tasks/contacts")
    screen.get_by_role("link", name="HubSpot sync").click()
    frame = screen.frame_locator("iframe")
    frame.get_by_role("heading", name="HubSpot sync report").wait_for()

    text = frame.locator("body").inner_text()
    keep(screen, "airflow-report")
    code = told["reasons"][0]["code"]
    assert "The task succeeds" in text
    assert "right click" in text, "the frame opens no windows"
    frame.get_by_role("link", name=code).first.click()
    frame.get_by_role("heading", name=code).wait_for()
    screen.goto(report_path("good_run", run_id))
    with screen.expect_download() as download:
        screen.get_by_role("link", name="Problems as CSV").click()
    table = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))

    for outcome, count in told["outcomes"].items():
        assert f"{count:,} {outcome.replace('_', ' ')}" in text
    assert f"{told['rows']:,} records" in text
    assert f"{told['calls']['total']:,} calls" in text
    assert [row["key"] for row in table] == [problem["key"] for problem in told["problems"]]


def test_the_rendered_settings_of_a_run(screen: Page, airflow: Airflow) -> None:
    """Value objects are shown by their fields, rendered; what has its default is left out."""
    run_id = airflow.run("good_run")
    log_in(screen, airflow, "viewer")
    screen.goto(f"/dags/good_run/runs/{quote(run_id)}/tasks/contacts/rendered_templates")
    screen.get_by_text("fill_empty").first.wait_for()

    for setting, shown in (
        ("key", {"column": "email", "property": "email", "becomes": None}),
        ("writes", {"nulls": "clear", "properties": {"phone": "fill_empty"}}),
        ("guards", {"changes": 0.9}),
    ):
        row = screen.get_by_role("row").filter(has=screen.get_by_role("cell", name=setting, exact=True))
        lines = row.locator("code").inner_text().splitlines()
        document = "".join(line for line in lines if not line.isdigit())
        assert json.loads(document) == shown


def test_a_run_that_failed(screen: Page, airflow: Airflow) -> None:
    """Reasons are counted, problems shown, and no text of a record is markup."""
    troubles: list[str] = []
    screen.on("dialog", lambda dialog: troubles.append(dialog.message))
    # HubSpot alone checks the values: the token may not read the portal's definitions.
    airflow.faults({"rules": [{"kind": "status", "status": 403, "on": "/crm/properties/*"}]})
    run_id = airflow.run("bad_run")
    airflow.faults({})
    log_in(screen, airflow, "viewer")
    screen.goto(report_path("bad_run", run_id))
    keep(screen, "airflow-report-bad")

    text = screen.locator("body").inner_text()
    assert "failed" in text
    told = airflow.report("bad_run", run_id)
    assert set(told["outcomes"]) == {"updated", "invalid", "rejected", "not_found"}
    for outcome, count in told["outcomes"].items():
        assert f"{count} {outcome.replace('_', ' ')}" in text
    for reason in told["reasons"]:
        assert f"{reason['count']}\n" in text
        assert reason["code"] in text
    assert screen.locator("script").count() == 0
    assert not troubles

    screen.get_by_role("link", name=f"Not found {told['outcomes']['not_found']}").click()
    text = screen.locator("body").inner_text()
    assert "nobody-0@example.com" in text
    assert "Open Deal" not in text
    group = screen.locator("details")
    assert group.count() == 1
    group.locator("summary").click()
    assert not screen.get_by_text("What to do:").is_visible()


def test_runs_of_a_dag(screen: Page, airflow: Airflow) -> None:
    """Its tab has the last runs, each of which leads to its task; the run's tab has its tasks."""
    for _ in range(2):
        run_id = airflow.run("bad_run")
    log_in(screen, airflow, "viewer")
    screen.set_viewport_size({"width": 1300, "height": 640})
    screen.goto("/dags/bad_run")
    screen.get_by_role("link", name="HubSpot syncs").click()
    frame = screen.frame_locator("iframe")
    frame.get_by_role("heading", name="HubSpot syncs of the last runs").wait_for()
    keep(screen, "airflow-syncs")
    assert frame.get_by_role("link", name="contacts", exact=True).count() >= 2
    frame.get_by_role("link", name="contacts", exact=True).first.click()
    frame.get_by_role("link", name="The run before").wait_for()
    assert "as in the run before" in frame.locator("body").inner_text()

    screen.goto(f"/dags/bad_run/runs/{quote(run_id)}")
    screen.get_by_role("link", name="HubSpot syncs").click()
    frame = screen.frame_locator("iframe")
    frame.get_by_role("link", name="contacts", exact=True).click()
    frame.get_by_text("The task fails").wait_for()


def test_a_key_opens_its_contact(screen: Page, airflow: Airflow) -> None:
    """Outside of Airflow's frame, in a window of its own."""
    run_id = airflow.run("good_run")
    log_in(screen, airflow, "viewer")
    screen.context.route("https://app.hubspot.com/**", lambda route: route.fulfill(body="HubSpot"))
    screen.goto(report_path("good_run", run_id))
    assert "right click" not in screen.locator("body").inner_text()
    link = screen.locator("td.key a").first
    address = link.get_attribute("href") or ""
    with screen.context.expect_page() as opened:
        link.click()

    opened.value.wait_for_url(address)
    assert "/record/0-1/" in address


def test_a_plan(screen: Page, airflow: Airflow) -> None:
    """It leads with what would be done, and says what it costs; its approval is one click away."""
    run_id = airflow.run("planned_run", ("success", "failed"), task="plan")
    log_in(screen, airflow, "admin")
    screen.goto(report_path("planned_run", run_id).replace("task_id=contacts", "task_id=plan"))
    text = screen.locator("body").inner_text()
    keep(screen, "airflow-plan")

    found = re.search(r"(\d+)\nTo change", text)
    assert found
    planned = found[1]
    assert int(planned) > 25
    assert "0\nTo create" in text
    assert "not attempted" not in text
    assert "less than a minute at the portal's limit" in text
    assert f"{planned} of at most 40" in text
    with screen.context.expect_page() as opened:
        screen.get_by_role("link", name="This plan waits for an approval").click()
    opened.value.get_by_text(f"Update {planned} HubSpot contacts?").first.wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read(chromium: Browser, airflow: Airflow, scheme: str) -> None:
    """On a phone, by day and by night: nothing is wider than the screen."""
    run_id = airflow.run("empty_run", ("skipped",))
    bad_run = airflow.run("bad_run")
    context = chromium.new_context(viewport=PHONE, base_url=airflow.stand.url, color_scheme=scheme)  # type: ignore[arg-type]
    screen = context.new_page()
    log_in(screen, airflow, "viewer")
    screen.goto(report_path("empty_run", run_id))
    assert "The source had no records." in screen.locator("body").inner_text()
    keep(screen, f"airflow-report-empty-{scheme}")
    screen.goto(report_path("bad_run", bad_run))
    keep(screen, f"airflow-report-phone-{scheme}", before="h2")
    width = screen.evaluate("document.documentElement.scrollWidth")
    screen.goto(report_path("bad_run", bad_run, "run"))
    bar = screen.locator("td .bar").first.bounding_box()
    cells = [cell.bounding_box() for cell in screen.locator("td.count").all()]
    context.close()

    assert width <= PHONE["width"]
    assert bar
    assert bar["width"] > 150, "an outcome can be seen"
    assert cells
    assert all(cell and cell["height"] < 40 for cell in cells), "no number is folded"


def test_who_may_not(screen: Page, airflow: Airflow) -> None:
    """Who is not logged in gets the login, and comes back from it; who may not read DAGs gets 403."""
    run_id = airflow.run("empty_run", ("skipped",))
    path = report_path("empty_run", run_id)
    screen.goto(path)
    assert "/auth/login" in screen.url
    screen.fill("input[name=username]", "guest")
    screen.fill("input[name=password]", airflow.stand.passwords["guest"])
    screen.click("button[type=submit]")
    screen.wait_for_url(lambda url: "/auth/" not in url)
    answer = screen.goto(path)

    assert answer is not None
    assert answer.status == 403
    assert "records" not in screen.locator("body").inner_text()


def test_a_run_that_waits(airflow: Airflow) -> None:
    """While the portal moves, the triggerer waits and no worker does; then the run goes on by itself."""
    airflow.faults({"rules": [{"kind": "migration", "seconds": 65}]})
    began = time.monotonic()
    run_id = airflow.run("waiting_run", ("deferred",))
    airflow.wait("waiting_run", run_id, ("success", "failed"))
    report = airflow.report("waiting_run", run_id)

    assert time.monotonic() - began > 55
    assert airflow.task("waiting_run", run_id)["state"] == "success"
    assert airflow.task("waiting_run", run_id)["try_number"] == 1
    assert sum(report["outcomes"].values()) == report["rows"] == 200
