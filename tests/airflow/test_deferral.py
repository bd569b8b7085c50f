# SPDX-License-Identifier: Apache-2.0
"""A task that waits without a worker until HubSpot takes calls again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_hubcontact.operators.errors import HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import TaskInstance, connect, run

COUNT = 900
RECORDS = [{"email": f"c{n}@example.com", "city": "Rome"} for n in range(COUNT)]
CONTACTS = [{"email": f"c{n}@example.com"} for n in range(COUNT)]


@pytest.fixture
def short_day(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A portal whose calls are used up in the middle of the run."""
    with Sandbox(CONTACTS, daily_limit=16, time_zone="Asia/Tokyo") as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        yield hubspot


def a_context() -> Any:
    return {"ti": TaskInstance()}


def operator(**settings: Any) -> HubSpotUpdateContactOperator:
    return HubSpotUpdateContactOperator(task_id="update_contacts", records=RECORDS, **settings)


@pytest.mark.parametrize("is_kept", [True, False], ids=["with a ledger", "without"])
def test_it_goes_on_by_itself(short_day: Sandbox, tmp_path: Path, is_kept: bool) -> None:
    """It is deferred day after day; all is counted in the end, and nothing is written twice."""
    settings: dict[str, Any] = {"deferrable": True, "ledger": str(tmp_path) if is_kept else None}
    context = a_context()
    with pytest.raises(TaskDeferred) as deferred:
        operator(**settings).execute(context)
    report: dict[str, Any] = {}
    for _ in range(9):
        short_day.limits.reset()
        with suppress(TaskDeferred):
            report = operator(**settings).execute_again(context)
            break

    writes = sum(each.inputs for each in short_day.requests if each.operation == "batches.update")
    assert deferred.value.method_name == "execute_again"
    assert type(deferred.value.trigger).__name__ == "DateTimeTrigger"
    assert report["rows"] == sum(report["outcomes"].values()) == COUNT
    assert report["outcomes"].keys() <= {"updated", "unchanged"}
    assert writes == COUNT
    if is_kept:
        assert report["outcomes"] == {"updated": COUNT}
        assert 0 < report["from_earlier_tries"] < COUNT
    assert all(each.properties["city"] == "Rome" for each in short_day.portal.contacts.values())


def test_it_is_a_retry_unless_asked_for(short_day: Sandbox) -> None:
    """As before."""
    assert isinstance(run(records=RECORDS).error, HubSpotSyncIncomplete)


def test_airflows_default(short_day: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """``operators.default_deferrable`` counts where the task says nothing."""
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")

    with pytest.raises(TaskDeferred):
        operator().execute(a_context())
    with pytest.raises(HubSpotSyncIncomplete):
        operator(deferrable=False).execute(a_context())


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a state."""
    file = tmp_path / "state.db"
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", json.dumps({"conn_type": "sqlite", "host": str(file)}))
    return file


def claims(state: Path) -> list[Any]:
    with closing(sqlite3.connect(state)) as db, db:
        return db.execute("SELECT token, holder, completed_run FROM hub_meta").fetchall()


class TestWithAState:
    """While a task is deferred, its state is free; it is claimed again when the task goes on."""

    def test_it_goes_on_by_itself(self, short_day: Sandbox, state: Path) -> None:
        """What was proved before the deferral is up to date, and nothing is written twice."""
        settings: dict[str, Any] = {"deferrable": True, "state": "sql://books/hub"}
        context = a_context()
        with pytest.raises(TaskDeferred):
            operator(**settings).execute(context)
        assert claims(state) == [(None, None, None)]
        report: dict[str, Any] = {}
        for _ in range(9):
            short_day.limits.reset()
            with suppress(TaskDeferred):
                report = operator(**settings).execute_again(context)
                break
            assert claims(state) == [(None, None, None)]

        assert report["rows"] == COUNT
        assert report["outcomes"]["up_to_date"] > 0
        assert sum(each.inputs for each in short_day.requests if each.operation == "batches.update") == COUNT
        ((token, _, completed),) = claims(state)
        assert (token, completed is None) == (None, False)

    def test_a_task_that_has_the_state_by_then(self, short_day: Sandbox, state: Path) -> None:
        """The deferred one writes nothing, names it, and can be tried again."""
        settings: dict[str, Any] = {"deferrable": True, "state": "sql://books/hub"}
        context = a_context()
        with pytest.raises(TaskDeferred):
            operator(**settings).execute(context)
        short_day.limits.reset()
        with closing(sqlite3.connect(state)) as db, db:
            db.execute("UPDATE hub_meta SET token = 'x', holder = 'another', seen_at = strftime('%s')")
        writes = [each for each in short_day.requests if each.operation == "batches.update"]

        with pytest.raises(HubSpotSyncIncomplete, match="in use by another"):
            operator(**settings).execute_again(context)

        assert [each for each in short_day.requests if each.operation == "batches.update"] == writes
