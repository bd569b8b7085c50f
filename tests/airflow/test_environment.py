# SPDX-License-Identifier: Apache-2.0
"""The Airflow and the PostgreSQL that the other tests run on."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task
from airflow.providers.postgres.hooks.postgres import PostgresHook

from tests.airflow_home import RunDag


def test_airflow_is_the_tests_own() -> None:
    """No test reads or writes the Airflow home of the person who runs it."""
    from airflow.configuration import AIRFLOW_HOME  # noqa: PLC0415

    assert Path(AIRFLOW_HOME) != Path.home() / "airflow"
    assert os.environ["AIRFLOW_HOME"] == AIRFLOW_HOME


def test_a_dag_of_a_test_runs_with_its_retries(run_dag: RunDag) -> None:
    """A DAG that is in no DAG file runs, its tasks are retried, and their XComs can be read."""
    with DAG("retried", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:

        @task(retries=1, retry_delay=timedelta(0))
        def second_try(ti: Any = None) -> str:
            if ti.try_number == 1:
                raise ValueError("once")
            return "done"

        second_try()

    run = run_dag(dag)

    ti = run.get_task_instance("second_try")
    assert ti is not None
    assert (run.state, ti.state, ti.try_number) == ("success", "success", 2)
    assert ti.xcom_pull(task_ids="second_try") == "done"


def test_postgres_answers(postgres_uri: str, monkeypatch: Any) -> None:
    """The URI serves as an Airflow connection."""
    monkeypatch.setenv("AIRFLOW_CONN_POSTGRES_DEFAULT", postgres_uri)

    assert PostgresHook().get_first("SELECT current_user")[0] == "postgres"
