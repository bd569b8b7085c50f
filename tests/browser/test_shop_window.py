# SPDX-License-Identifier: Apache-2.0
"""What `make up` shows: each DAG ends as its docs say, and each connection passes its test."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from demo.up import Ports, Stand
from tests.browser.airflow import Airflow, log_in
from tests.ports import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.timeout(600)

SUCCEEDS, FAILS, WAITS, IS_PAUSED = "succeeds", "fails on purpose", "waits for a person", "is paused"
ENDS_AS = re.compile(rf"In\s``make\sup``\sit\s({SUCCEEDS}|{FAILS}|{WAITS}|{IS_PAUSED})")
TAGS = {FAILS: "fails on purpose", WAITS: "waits for a person", IS_PAUSED: "needs PostgreSQL"}
CONNECTIONS = ("hubspot_default", "hubspot_legacy", "state_db", "warehouse")
HOURLY = "update_contacts_incremental"
UNDO = "undo_approved"
A_RUN_TAKES = 180.0
"""Seconds, when all of them run at once on a slow machine."""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """Serve what `make up` serves."""
    stand = Stand(
        tmp_path_factory.mktemp("stand") / "home", Ports(free_port(), free_port()), {"admin": "admin"}
    )
    try:
        stand.start()
        yield Airflow(stand)
    finally:
        stand.stop()


def state(airflow: Airflow, dag_id: str, run_id: str) -> str:
    """Return the state of a run, or that it waits for a person."""
    path = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}"
    tasks = airflow.ask("GET", f"{path}/taskInstances")["task_instances"]
    if any(each["task_id"] == "approve" and each["state"] == "awaiting_input" for each in tasks):
        return "waits"
    return str(airflow.ask("GET", path)["state"])


def wait_for(airflow: Airflow, runs: dict[str, str], ends: tuple[str, ...]) -> dict[str, str]:
    """Wait until each run has one of some states."""
    until = time.monotonic() + A_RUN_TAKES
    while True:
        states = {dag_id: state(airflow, dag_id, run_id) for dag_id, run_id in runs.items()}
        if set(states.values()) <= set(ends) or time.monotonic() > until:
            return states
        time.sleep(1)


def test_each_connection_passes_its_test(chromium: Browser, airflow: Airflow) -> None:
    """By the button in the list of connections."""
    context = chromium.new_context(viewport={"width": 1300, "height": 900}, base_url=airflow.stand.url)
    screen = context.new_page()
    log_in(screen, airflow, "admin")
    said: dict[str, Any] = {}
    for name in CONNECTIONS:
        screen.goto("/connections")
        row = screen.get_by_role("row").filter(has_text=name)
        with screen.expect_response(lambda answer: answer.url.endswith("/connections/test")) as tested:
            row.get_by_role("button", name="Test").first.click()
        said[name] = tested.value.json()
    context.close()

    assert {name: each.get("status") for name, each in said.items()} == dict.fromkeys(CONNECTIONS, True), said


def test_each_dag_ends_as_its_docs_say(airflow: Airflow, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing has failed before anybody triggers anything; then all run at once, and an undo at the end."""
    folder = tmp_path_factory.mktemp("plans")
    places = {"plans": str(folder / "plans"), "ledger": str(folder / "ledger")}
    dags = {each["dag_id"]: each for each in airflow.ask("GET", "/api/v2/dags?limit=100")["dags"]}
    promised: dict[str, str] = {}
    for dag_id, dag in dags.items():
        words = ENDS_AS.search(airflow.ask("GET", f"/api/v2/dags/{dag_id}/details")["doc_md"] or "")
        assert words, f"the docs of {dag_id} do not say how it ends"
        promised[dag_id] = words[1]
        tags = {tag["name"] for tag in dag["tags"]}
        assert {way for way, tag in TAGS.items() if tag in tags} == {words[1]} - {SUCCEEDS}, dag_id
    assert airflow.ask("GET", "/api/v2/importErrors")["total_entries"] == 0
    assert {dag_id for dag_id, dag in dags.items() if dag["is_paused"]} == {
        dag_id for dag_id, way in promised.items() if way == IS_PAUSED
    }
    hourly = airflow.ask("GET", f"/api/v2/dags/{HOURLY}/dagRuns")["dag_runs"]
    alone = wait_for(airflow, {HOURLY: hourly[0]["dag_run_id"]}, ("success", "failed"))
    assert alone == {HOURLY: "success"}

    runs = {
        dag_id: airflow.trigger(dag_id, places if way == WAITS else None)
        for dag_id, way in promised.items()
        if way != IS_PAUSED and dag_id != UNDO
    }
    ended = wait_for(airflow, runs, ("success", "failed", "waits"))
    ends = {SUCCEEDS: "success", FAILS: "failed", WAITS: "waits"}
    assert ended == {dag_id: ends[promised[dag_id]] for dag_id in runs}

    approved = "update_contacts_approved"
    airflow.approve(approved, runs[approved])
    applied = wait_for(airflow, {approved: runs[approved]}, ("success", "failed"))
    assert applied == {approved: "success"}, airflow.logs(approved, runs[approved])
    undo = airflow.trigger(UNDO, {**places, "run": f"{approved}/{runs[approved]}"})
    planned = wait_for(airflow, {UNDO: undo}, ("waits", "success", "failed"))
    assert planned == {UNDO: "waits"}, airflow.logs(UNDO, undo)
    airflow.approve(UNDO, undo)
    undone = wait_for(airflow, {UNDO: undo}, ("success", "failed"))
    assert undone == {UNDO: "success"}, airflow.logs(UNDO, undo)
