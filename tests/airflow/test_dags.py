"""The example DAGs, and what Airflow stores of a task, run by Airflow itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from demo.customers import EXPECTED, make_world
from tests.airflow.running import CONTACTS, connect, stored

RunDag = Callable[..., Any]


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def test_from_sql(run_dag: RunDag, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The demo's 5,000 customers end as they must; a second run writes nothing."""
    world = make_world()
    columns = list(world.customers[0])
    with sqlite3.connect(tmp_path / "warehouse.db") as database:
        database.execute(f"CREATE TABLE customers ({', '.join(columns)})")
        places = ", ".join(f":{column}" for column in columns)
        database.executemany(f"INSERT INTO customers VALUES ({places})", world.customers)  # noqa: S608
    warehouse = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(warehouse))
    with Sandbox(contacts=world.contacts) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)

        first = run_dag("update_contacts_from_sql")
        second = run_dag("update_contacts_from_sql")

    assert first.states == second.states == {"update_contacts": "success"}
    assert first.xcom("update_contacts")["outcomes"] == EXPECTED
    again = second.xcom("update_contacts")["outcomes"]
    assert again == {
        "unchanged": EXPECTED["updated"] + EXPECTED["unchanged"],
        "invalid": EXPECTED["invalid"],
        "rejected": EXPECTED["rejected"],
        "not_found": EXPECTED["not_found"],
    }


def test_from_xcom(run_dag: RunDag, hubspot: Sandbox) -> None:
    """A task's output is synced, and neither the task's nor the run's stored fields show it."""
    run = run_dag("update_contacts_from_xcom")

    assert run.states == {"extract": "success", "update_contacts": "success"}
    assert run.xcom("update_contacts")["outcomes"] == {"updated": 2, "unchanged": 1} or run.xcom(
        "update_contacts"
    )["outcomes"] == {"updated": 3}
    assert stored(hubspot, "grace.hopper@example.com", "firstname") == "Grace"
    assert run.rendered("update_contacts")["records"] == "<3 records withheld>"
    assert "example.com" not in json.dumps(run.rendered("update_contacts"))


def test_branches(run_dag: RunDag, hubspot: Sandbox) -> None:
    """The report chooses the branch; the other branches are skipped."""
    run = run_dag("branch_on_outcomes")

    assert run.states["choose"] == "success"
    assert run.states["create_the_missing"] == "success"
    assert run.states["tell_the_owners"] == run.states["all_is_well"] == "skipped"


def test_legacy_api(run_dag: RunDag, hubspot: Sandbox) -> None:
    """The legacy call stores the time of the value."""
    run = run_dag("update_contacts_legacy_api")

    assert run.states["update_contacts"] == "success"
    contact = hubspot.portal.contact("ada@example.com")
    assert contact is not None
    assert contact.history["jobtitle"][0].timestamp == 1_735_689_600_000
