# SPDX-License-Identifier: Apache-2.0
"""``@task.hubspot_update_contact`` in a DAG that runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import CONTACTS, connect, stored
from tests.airflow_home import RunDag


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def a_dag(name: str) -> DAG:
    return DAG(name, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_function_that_returns_records(hubspot: Sandbox, run_dag: RunDag) -> None:
    """Its arguments come from other tasks and the context, as those of any task."""
    with a_dag("decorated") as dag:

        @task
        def names() -> list[str]:
            return ["Augusta"]

        @task.hubspot_update_contact(mapping={"name": "firstname"}, status_actions={404: "skip"})
        def contacts(given: Any, run_id: str | None = None) -> list[dict[str, str]]:
            assert run_id
            return [{"email": "ada@example.com", "name": given[0]}, {"email": "nobody@example.com"}]

        contacts(names())

    run = run_dag(dag)

    (instance,) = [each for each in run.get_task_instances() if each.task_id == "contacts"]
    report = instance.xcom_pull(task_ids="contacts")
    assert str(run.state) == "success"
    assert report["outcomes"] == {"updated": 1, "not_found": 1}
    assert stored(hubspot, "ada@example.com", "firstname") == "Augusta"


def test_a_function_that_yields_records(hubspot: Sandbox, run_dag: RunDag) -> None:
    """They are read as they come, and a failure after some of them loses none."""
    with a_dag("yielding") as dag:

        @task.hubspot_update_contact
        def contacts() -> Iterator[dict[str, Any]]:
            yield {"email": "ada@example.com", "firstname": "Augusta"}
            yield {"email": "grace@example.com", "firstname": "G."}
            raise RuntimeError("the source broke off")

        contacts()

    run = run_dag(dag)

    (instance,) = run.get_task_instances()
    assert str(run.state) == "failed"
    assert instance.xcom_pull(task_ids="contacts")["outcomes"] == {"updated": 2}
    assert stored(hubspot, "grace@example.com", "firstname") == "G."


@pytest.mark.parametrize("name", ["records", "sql"])
def test_another_source_is_none(name: str) -> None:
    """The function is the source."""
    with a_dag("both"):

        @task.hubspot_update_contact(multiple_outputs=False, **{name: "SELECT 1"})
        def contacts() -> list[dict[str, Any]]:
            return []

        with pytest.raises(ValueError, match=f"takes no {name}"):
            contacts()
