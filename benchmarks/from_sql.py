# SPDX-License-Identifier: Apache-2.0
"""The operator in a process of its own, its rows out of a database; a contestant of ``memory``."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from benchmarks.contestant import Task, compete

QUERY = """
SELECT 'contact-' || lpad((n % {contacts})::text, 7, '0') || '@example.com' AS email,
       'First ' || n % {contacts} || ' v0' AS firstname,
       'Last ' || n % {contacts} || ' v0' AS lastname,
       'City ' || n % {contacts} % 1000 || ' v0' AS city,
       CASE WHEN n % 10 = 0 THEN 'Role ' || n ELSE 'Role ' || n % {contacts} % 50 || ' v0' END AS jobtitle
FROM generate_series(0, {rows} - 1) AS n
"""


class TaskInstance:
    """Takes what the task pushes, and forgets it."""

    dag_id, run_id, task_id, map_index, try_number, max_tries = "bench", "once", "update", -1, 1, 0

    def xcom_push(self, key: str, value: Any) -> None:
        """Take an XCom."""


def sync(task: Task) -> None:
    """Execute the operator as a worker would."""
    with tempfile.TemporaryDirectory(prefix="hubcontact-") as home:
        portal = {"conn_type": "hubspot", "host": task.url, "password": task.token}
        os.environ |= {
            "AIRFLOW_HOME": home,
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
            "AIRFLOW_CONN_HUBSPOT_DEFAULT": json.dumps(portal),
            "AIRFLOW_CONN_WAREHOUSE": task.options["database"],
        }
        # Airflow reads its environment when it is first imported.
        from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator  # noqa: PLC0415 - after Airflow is set up

        query = QUERY.format(rows=task.options["rows"], contacts=task.options["contacts"])
        operator = HubSpotUpdateContactOperator(
            task_id="update", sql=query, sql_conn_id="warehouse", json_schema={"type": "object"}
        )
        context: Any = {"ti": TaskInstance()}
        report = operator.execute(context)
        if report["rows"] != task.options["rows"]:
            raise RuntimeError(f"{report['rows']} rows were synced, not {task.options['rows']}: {report}")
    task.told["all"] = True


if __name__ == "__main__":
    compete(sync)
