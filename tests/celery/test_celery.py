# SPDX-License-Identifier: Apache-2.0
"""The partitioned DAG on two Celery workers, of which one is killed; ``make test-celery`` runs it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from airflow_provider_hubcontact.sandbox import RateLimit, Sandbox
from tests.airflow.postgres import serve as serve_postgres

MANY = 100_000
DAG_ID = "update_contacts_partitioned"
DAG_FILE = Path("example_dags") / f"{DAG_ID}.py"
FINAL = {"success", "failed"}

pytestmark = [
    pytest.mark.skipif("CELERY_RUN" not in os.environ, reason="it takes minutes: make test-celery"),
    pytest.mark.timeout(1_200),
]


def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    """The run ends green, every row is accounted for, the portal has them all, and the limit was kept."""
    from tests.celery.cluster import running, wait_until  # noqa: PLC0415 - needs Celery

    contacts = [{"email": f"c{number:06}@example.com", "firstname": "old"} for number in range(MANY)]
    with serve_postgres() as warehouse, Sandbox(contacts, rate_limit=RateLimit(190), latency=0.2) as hubspot:
        _fill(warehouse)
        store = {"rate_limit_store": "BROKER"}
        hubspot_default = {
            "conn_type": "hubspot",
            "host": hubspot.url,
            "password": hubspot.token,
            "extra": store,
        }
        connections = {"warehouse": warehouse, "hubspot_default": json.dumps(hubspot_default)}
        with running(tmp_path, DAG_FILE, connections, workers=2) as airflow:
            airflow.airflow("dags", "unpause", DAG_ID)
            airflow.airflow("dags", "trigger", DAG_ID)
            wait_until(lambda: hubspot.limits.used_today > 300, "the run is under way")
            airflow.kill("worker-1")
            state = "SELECT state FROM dag_run"
            wait_until(lambda: airflow.query(state)[0][0] in FINAL, "the run ends", 900)

            tries = airflow.query(
                "SELECT max(try_number) FROM task_instance WHERE task_id = 'update_contacts'"
            )
            states = airflow.query(
                "SELECT task_id, state, count(*) FROM task_instance GROUP BY 1, 2 ORDER BY 1"
            )
            (text,) = airflow.query(
                "SELECT value FROM xcom WHERE task_id = 'total' AND key = 'return_value'"
            )[0]
            report = text if isinstance(text, dict) else json.loads(text)
            ended = airflow.query(state)[0][0]
        names = [hubspot.portal.contact(contact["email"]) for contact in contacts]

    assert ended == "success", states
    assert tries[0][0] > 1, "no task was tried again"
    report = json.loads(report) if isinstance(report, str) else report
    assert report["rows"] == MANY == sum(report["outcomes"].values())
    assert set(report["outcomes"]) <= {"updated", "unchanged"}
    assert report["missing"] == 0
    assert [contact and contact.properties["firstname"] for contact in names] == [
        f"new {n}" for n in range(MANY)
    ]
    statuses = [logged.status for logged in hubspot.requests]
    assert statuses.count(429) <= len(statuses) * 0.005


def _fill(uri: str) -> None:
    import psycopg2  # type: ignore[import-untyped] # noqa: PLC0415 - as above

    connection = psycopg2.connect(uri)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE customers (email text PRIMARY KEY, first_name text)")
        cursor.execute(
            "INSERT INTO customers SELECT 'c' || lpad(n::text, 6, '0') || '@example.com', 'new ' || n "
            "FROM generate_series(0, %s) AS n",
            [MANY - 1],
        )
    connection.close()
