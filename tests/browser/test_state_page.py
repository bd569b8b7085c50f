# SPDX-License-Identifier: Apache-2.0
"""The page of a sync with a state, as Airflow serves it, in a real browser."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow_home import RunDag, airflow_database, run_dag
from tests.ports import free_port
from tests.sandbox.calling import CONTACTS, Api

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytest.importorskip("airflow.api_fastapi", reason="Airflow 3's API server serves the page")

__all__ = ["airflow_database", "run_dag"]

pytestmark = pytest.mark.timeout(600)

READY_WITHIN = 240.0
"""Seconds that the server or a page may take on a busy machine."""

LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
DAY = 86_400
MARKUP = "<img src=x onerror=alert(1)>"
ODD = "b:not(.tile b, .legend b, .note b, summary b, .inside b, .chips b)"
"""Bold text where the page has none of its own."""
LONG = f"<b>{'x' * 150}</b>"
"""A value without a place to break a line at."""


class Served(NamedTuple):
    """Where the pages are.

    :param url: of the server.
    :param token: of somebody who may read everything.
    :param removing: path of the report of a run that removes contacts.
    :param doubting: path of the report of the next run, which removes nobody.
    """

    url: str
    token: str
    removing: str
    doubting: str


class World:
    """A HubSpot, a table of customers, and a state, which a DAG keeps in step.

    :param hubspot: the portal.
    :param folder: of the databases.
    """

    def __init__(self, hubspot: Sandbox, folder: Path) -> None:
        self.warehouse = folder / "warehouse.db"
        self._api = Api(hubspot)
        self._state = folder / "state.db"

    def connections(self, hubspot: Sandbox) -> Iterator[tuple[str, dict[str, str]]]:
        yield "HUBSPOT_DEFAULT", {"conn_type": "hubspot", "host": hubspot.url, "password": hubspot.token}
        for name, file in (("WAREHOUSE", self.warehouse), ("STATE_DB", self._state)):
            yield name, {"conn_type": "sqlite", "host": str(file)}

    def change(self, sql: str, *values: object) -> None:
        """Change the table of customers."""
        with closing(sqlite3.connect(self.warehouse)) as database, database:
            database.execute(sql, values)

    def edit(self, name: str, city: str) -> None:
        """Be a person who edits a contact in HubSpot."""
        path = f"{CONTACTS}/{self._api.id(email(name))}"
        self._api.patch(path, {"properties": {"city": city}})

    def age(self, *names: str) -> None:
        """Let the proofs of contacts become as old as an audit lets them become."""
        ids = [self._api.id(email(name)) for name in names]
        with closing(sqlite3.connect(self._state)) as database, database:
            for each in ids:
                database.execute(
                    "UPDATE hub SET proved_at = proved_at - ? WHERE record_id = ?", (31 * DAY, each)
                )


def email(name: str) -> str:
    return f"{name}@example.com"


WRITTEN = [f"c{number}" for number in range(448)]
SEEN = ["s1", "s2"]


def _runs(run: Any, world: World) -> tuple[str, str]:
    """Run four times; return the paths of the last two reports."""
    world.change("CREATE TABLE customers (email, city)")
    for name in (*WRITTEN, *SEEN):
        world.change("INSERT INTO customers VALUES (?, ?)", email(name), "Ulm")
    run()

    # Three contacts are edited; three that were written, and two that were only seen, leave the table.
    for name in ("c1", "c2", "c3"):
        world.edit(name, MARKUP)
    world.age("c1", "c2", "c3", "c4", "c5")
    for name in ("c10", "c11", "c12", *SEEN):
        world.change("DELETE FROM customers WHERE email = ?", email(name))
    run()

    # One of the three has its row's value again, another contact is edited, and one row changes.
    world.edit("c3", "Ulm")
    world.edit("c4", "Bonn")
    world.age("c1", "c2", "c3", "c4")
    world.edit("c9", LONG)
    world.change("UPDATE customers SET city = ? WHERE email = ?", MARKUP, email("c9"))
    removing = run()

    # One more leaves, beside a row that is not valid.
    world.change("DELETE FROM customers WHERE email = ?", email("c20"))
    world.change("INSERT INTO customers VALUES (?, 'Ulm')", MARKUP)
    return removing, run()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, run_dag: RunDag) -> Iterator[Served]:
    """Airflow's API server, over the database in which the runs are."""
    from airflow.api_fastapi.app import create_app, get_auth_manager, purge_cached_app  # noqa: PLC0415 - heavy
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415 - same

    contacts = [
        *({"email": email(name), "city": "Rome"} for name in WRITTEN),
        *({"email": email(name), "city": "Ulm", "jobtitle": "left"} for name in SEEN),
    ]
    with Sandbox(contacts) as hubspot, pytest.MonkeyPatch.context() as patch:
        world = World(hubspot, tmp_path_factory.mktemp("state"))
        for name, connection in world.connections(hubspot):
            patch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "viewer:viewer")
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "of the tests " * 8)
        removing, doubting = _runs(lambda: _path(run_dag(_dag())), world)
        purge_cached_app()
        with _serving(create_app(apps="core")) as url:
            token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="viewer", role="viewer"))
            yield Served(url, token, removing, doubting)
        purge_cached_app()


def _dag() -> Any:
    from airflow.providers.common.compat.sdk import DAG  # noqa: PLC0415 - heavy

    from airflow_provider_hubcontact.operators.hubspot import (  # noqa: PLC0415 - same
        HubSpotUpdateContactOperator,
        Lists,
        State,
    )

    with DAG("state_page", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        HubSpotUpdateContactOperator(
            task_id="contacts",
            sql_conn_id="warehouse",
            sql="SELECT email, city FROM customers ORDER BY rowid",
            state=State("sql://state_db/hub", audit=30, drift="tell", on_removed={"jobtitle": "left"}),
            status_actions={"invalid": "skip"},
            lists=Lists(LONG, create=True),
        )
    return dag


def _path(run: Any) -> str:
    """Return the path of the report of a run's only task."""
    from airflow_provider_hubcontact.links.hubspot import HubSpotSyncReportLink  # noqa: PLC0415 - heavy

    (instance,) = run.get_task_instances()
    return HubSpotSyncReportLink().get_link(None, ti_key=instance.key)  # type: ignore[arg-type]


@contextmanager
def _serving(app: Any) -> Iterator[str]:
    """Serve an application on loopback, on a thread."""
    import uvicorn  # noqa: PLC0415 - the sandbox's pages need none of this module

    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + READY_WITHIN
    while not server.started:
        assert thread.is_alive(), "the server has ended"
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(READY_WITHIN)


@pytest.fixture
def reader(page: Page, served: Served) -> Page:
    """A browser of somebody who may read everything."""
    page.set_default_navigation_timeout(1_000 * READY_WITHIN)
    page.context.add_cookies([{"name": "_token", "value": served.token, "url": served.url}])
    return page


def figures(page: Page) -> dict[str, str]:
    """Return what the rows of the state's table say."""
    return dict(row.inner_text().split("\t") for row in page.locator("#state tr").all())


def fits(parts: Locator, width: int) -> bool:
    """Check whether parts of a page can be seen, none of them wider than a screen or beside it."""
    boxes = [box for part in parts.all() if (box := part.bounding_box())]
    assert len(boxes) == parts.count() > 0
    return all(box["x"] >= 0 and box["width"] > 0 and box["x"] + box["width"] <= width for box in boxes)


@pytest.mark.parametrize("screen", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_the_figures_of_a_state(reader: Page, served: Served, screen: Any) -> None:
    """Each has its row, which is on the screen as a whole; nothing makes the page wider than the screen."""
    reader.set_viewport_size(screen)
    reader.goto(served.url + served.removing)

    assert reader.get_by_role("heading", level=2, name="State hub").is_visible()
    told = figures(reader)
    assert told.pop("Oldest proof").endswith(" UTC")
    assert told == {
        "Rows in the source": "445",
        "Changed, or without a proof": "1",
        "Up to date, and not read": "440",
        "Not there, and not asked for again": "0",
        "Audited": "4",
        "Drifted: edited in HubSpot since the proof": "3",
        "Contested: drifted in two audits in a row": "2",
        "Gone from the source": "5",
        "Removed": "3",
        "Renamed": "0",
        "Gone, and left alone": "2",
        "Calls saved against reading all": "4",
        "Overdue for an audit": "0",
    }
    assert fits(reader.locator("table.facts th, table.facts td"), screen["width"])
    assert reader.evaluate("document.documentElement.scrollWidth") <= screen["width"]


@pytest.mark.parametrize("screen", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_why_nobody_was_removed(reader: Page, served: Served, screen: Any) -> None:
    """A note right above the figures says it, on the screen as a whole."""
    reader.set_viewport_size(screen)
    reader.goto(served.url + served.doubting)

    note = reader.locator("p.note", has_text="Nobody was removed")
    assert note.inner_text() == "Nobody was removed: a row is not valid"
    told = figures(reader)
    assert [told[name] for name in ("Gone from the source", "Removed")] == ["3", "0"]
    assert reader.locator("p.note:has-text('Nobody was removed') + table.facts").count() == 1
    assert fits(note, screen["width"])
    assert reader.evaluate("document.documentElement.scrollWidth") <= screen["width"]


@pytest.mark.parametrize("screen", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_what_became_of_a_list(reader: Page, served: Served, screen: Any) -> None:
    """Its name is text, however long; a wide table can be moved, and makes the page no wider."""
    reader.set_viewport_size(screen)
    reader.goto(served.url + served.removing)

    assert reader.get_by_role("heading", level=2, name="Lists").is_visible()
    (row,) = reader.locator("h2:has-text('Lists') + .scroll tr:has(td)").all()
    assert row.locator("td").all_inner_texts()[::2] == [LONG, "0"]
    assert row.locator("td").all_inner_texts()[3] == "445"
    assert reader.evaluate("document.documentElement.scrollWidth") <= screen["width"]


def test_what_a_contact_has_is_text(reader: Page, served: Served) -> None:
    """Neither what somebody typed in HubSpot, nor a row's value or key, becomes a part of the page."""
    reader.goto(served.url + served.removing)
    change = reader.get_by_role("row").filter(
        has=reader.get_by_role("cell", name="c9@example.com", exact=True)
    )
    assert change.get_by_role("cell").all_inner_texts()[2:] == ["city", LONG, "→", MARKUP]
    assert reader.locator(f"script, img, {ODD}").count() == 0

    reader.goto(served.url + served.doubting)
    assert reader.get_by_role("cell", name=MARKUP, exact=True).is_visible()
    assert reader.locator(f"script, img, {ODD}").count() == 0
