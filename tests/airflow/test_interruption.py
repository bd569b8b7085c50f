# SPDX-License-Identifier: Apache-2.0
"""Tasks that are told to end: by a time limit, by Airflow, by a person."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowTaskTimeout, ObjectStoragePath

from airflow_provider_hubcontact.job.signals import held_back
from airflow_provider_hubcontact.operators.errors import HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.stores.ledger_files import lines_of, parts_of
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import TaskInstance, connect
from tests.airflow_home import RunDag

MANY = 1_000
RECORDS = [{"email": f"c{number}@example.com", "firstname": f"new {number}"} for number in range(MANY)]


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    contacts = [{"email": record["email"], "firstname": "old"} for record in RECORDS]
    with Sandbox(contacts=contacts, latency=0.4) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token, concurrency=1)
        yield sandbox


def outcomes_in(folder: Path) -> list[str]:
    return [line["outcome"] for part in parts_of(ObjectStoragePath(str(folder))) for line in lines_of(part)]


def written(hubspot: Sandbox) -> int:
    contacts = [hubspot.portal.contact(record["email"]) for record in RECORDS]
    return sum(contact is not None and contact.properties["firstname"] != "old" for contact in contacts)


def assert_accounted(report: dict[str, Any], hubspot: Sandbox, folder: Path) -> None:
    """Every row that was read has its outcome, in the report and in the ledger, and what it says is so."""
    outcomes = report["outcomes"]
    assert report["rows"] == MANY == sum(outcomes.values()) == len(outcomes_in(folder))
    assert set(outcomes) <= {"updated", "not_attempted", "unavailable", "unknown"}
    assert outcomes["not_attempted"] > 0
    assert outcomes.get("updated", 0) == outcomes_in(folder).count("updated")
    assert written(hubspot) - outcomes.get("updated", 0) <= outcomes.get("unknown", 0)


@pytest.fixture
def sooner() -> Iterator[Callable[[float, Callable[[], object]], None]]:
    timers: list[threading.Timer] = []

    def after(seconds: float, action: Callable[[], object]) -> None:
        timers.append(threading.Timer(seconds, action))
        timers[-1].start()

    yield after
    for timer in timers:
        timer.join()


def test_a_time_limit(hubspot: Sandbox, run_dag: RunDag, tmp_path: Path) -> None:
    """Airflow's ``execution_timeout`` ends the task; its report and its ledger are whole."""
    with DAG("limited", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None) as dag:
        HubSpotUpdateContactOperator(
            task_id="update_contacts",
            records=RECORDS,
            ledger=str(tmp_path),
            execution_timeout=timedelta(seconds=3),
        )

    try:
        instance: Any = run_dag(dag).get_task_instance("update_contacts")
    except AirflowTaskTimeout:  # Airflow 2's dag.test lets it through
        assert len(outcomes_in(tmp_path)) == MANY
        return

    assert str(instance.state) == "failed"
    assert_accounted(instance.xcom_pull(task_ids="update_contacts"), hubspot, tmp_path)


def test_a_dry_run_that_is_told_to_end(hubspot: Sandbox) -> None:
    """It is no success: most of the records were not looked at."""

    def source() -> Iterator[dict[str, str]]:
        for number, record in enumerate(RECORDS):
            if number == MANY - 1:
                task.on_kill()
            yield record

    task = HubSpotUpdateContactOperator(task_id="contacts", records=source(), dry_run=True)

    with pytest.raises(HubSpotSyncIncomplete, match="told to stop"):
        task.execute({"ti": TaskInstance()})  # type: ignore[typeddict-item]


def test_a_kill_before_there_are_workers(hubspot: Sandbox) -> None:
    """A task that is told to end while its first rows are read sends nothing."""

    def source() -> Iterator[dict[str, str]]:
        task.on_kill()
        yield from RECORDS[:10]

    task = HubSpotUpdateContactOperator(task_id="contacts", records=source())
    ti = TaskInstance()

    with pytest.raises(HubSpotSyncIncomplete, match="Stopped: it was told to stop"):
        task.execute({"ti": ti})  # type: ignore[typeddict-item]

    assert written(hubspot) == 0
    assert set(ti.xcoms["return_value"]["outcomes"]) == {"not_attempted"}


def test_a_kill(
    hubspot: Sandbox, tmp_path: Path, sooner: Callable[[float, Callable[[], object]], None]
) -> None:
    """``on_kill`` ends the run within seconds, and the task would be tried again."""
    operator = HubSpotUpdateContactOperator(task_id="update", records=RECORDS, ledger=str(tmp_path))
    ti = TaskInstance()
    sooner(2.5, operator.on_kill)

    with pytest.raises(HubSpotSyncIncomplete, match="Stopped: it was told to stop"):
        operator.execute({"ti": ti})  # type: ignore[typeddict-item]

    assert_accounted(ti.xcoms["return_value"], hubspot, tmp_path)


def test_a_signal_whose_handler_raises(
    hubspot: Sandbox, tmp_path: Path, sooner: Callable[[float, Callable[[], object]], None]
) -> None:
    """What the handler raises comes after the accounts, not in the middle of them."""
    operator = HubSpotUpdateContactOperator(task_id="update", records=RECORDS, ledger=str(tmp_path))
    ti = TaskInstance()

    def handle(*_: object) -> None:
        raise AirflowTaskTimeout("too late")

    before = signal.signal(signal.SIGALRM, handle)
    try:
        sooner(2.5, lambda: os.kill(os.getpid(), signal.SIGALRM))
        with pytest.raises(AirflowTaskTimeout, match="too late"):
            operator.execute({"ti": ti})  # type: ignore[typeddict-item]
        assert signal.getsignal(signal.SIGALRM) is handle
    finally:
        signal.signal(signal.SIGALRM, before)

    assert_accounted(ti.xcoms["return_value"], hubspot, tmp_path)


def test_a_call_that_does_not_end(
    monkeypatch: pytest.MonkeyPatch, sooner: Callable[[float, Callable[[], object]], None]
) -> None:
    """A write under way that HubSpot does not answer in time is unknown; nobody waits for it."""
    contacts = [{"email": record["email"], "firstname": "old"} for record in RECORDS[:10]]
    slow = {"rules": [{"kind": "latency", "seconds": 20, "on": "*/batch/update"}]}
    with Sandbox(contacts=contacts, faults=slow) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        operator = HubSpotUpdateContactOperator(task_id="update", records=RECORDS[:10])
        ti = TaskInstance()
        sooner(1.0, operator.on_kill)
        began = datetime.now(UTC)

        with pytest.raises(HubSpotSyncIncomplete):
            operator.execute({"ti": ti})  # type: ignore[typeddict-item]

        assert datetime.now(UTC) - began < timedelta(seconds=10)
        assert ti.xcoms["return_value"]["outcomes"] == {"unknown": 10}


def test_other_threads_have_no_signals() -> None:
    """A run outside the main thread leaves the handlers alone."""
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def run() -> None:
        with held_back(lambda: None):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert seen == [before]
