# SPDX-License-Identifier: Apache-2.0
"""The operator in a process of its own, its rows out of a database: with a state, a list, or without."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from typing import Any

from airflow_provider_hubcontact.job.state import session
from airflow_provider_hubcontact.job.state.proofs import StateProofs
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Outcome
from airflow_provider_hubcontact.sync.model.ports import Proof
from airflow_provider_hubcontact.sync.model.record import Record
from benchmarks.contestant import Task, compete
from benchmarks.from_sql import TaskInstance

QUERY = """
SELECT 'contact-' || lpad(n::text, 7, '0') || '@example.com' AS email,
       'First ' || n || CASE WHEN n < {changed} THEN ' v{version}' ELSE ' v0' END AS firstname,
       'Last ' || n || ' v0' AS lastname,
       'City ' || n % 1000 || ' v0' AS city,
       'Role ' || n % 50 || ' v0' AS jobtitle
FROM generate_series(0, {rows} - 1) AS n
"""


class Taught(StateProofs):
    """Proofs of all that a run asks for, so that a state can be filled without a portal that has it all."""

    def compare(self, records: Sequence[Record], /) -> Sequence[Proof]:
        """Keep the records as proved."""
        asked = super().compare(records)
        known = [
            each._replace(proved=each.content, id=each.key[:16], origin=Outcome.UPDATED) for each in asked
        ]
        self.prove(known)
        return known


def sync(task: Task) -> None:
    """Execute the operator as a worker would."""
    options = task.options
    with tempfile.TemporaryDirectory(prefix="hubcontact-") as home:
        portal = {"conn_type": "hubspot", "host": task.url, "password": task.token}
        os.environ |= {
            "AIRFLOW_HOME": home,
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
            "AIRFLOW_CONN_HUBSPOT_DEFAULT": json.dumps(portal),
            "AIRFLOW_CONN_WAREHOUSE": options["database"],
            "AIRFLOW_CONN_BOOKS": json.dumps({"conn_type": "sqlite", "host": options["state"]}),
        }
        # Airflow reads its environment when it is first imported.
        from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator, Lists  # noqa: PLC0415 - after Airflow is set up

        if options["way"] == "fill":
            setattr(session, "StateProofs", Taught)  # noqa: B010 - the module does not export it
        operator = HubSpotUpdateContactOperator(
            task_id="update",
            sql=QUERY.format(rows=options["rows"], changed=options["changed"], version=options["version"]),
            sql_conn_id="warehouse",
            upsert=options["way"] == "upsert",
            state=None if options["way"] == "none" else "sql://books/hub",
            lists=Lists(options["lists"], create=True) if options.get("lists") else None,
        )
        context: Any = {"ti": TaskInstance()}
        task.begin()
        report = operator.execute(context)
        if sum(report["outcomes"].get(each, 0) for each in SUCCESSES) != options["rows"]:
            raise RuntimeError(f"not all of {options['rows']} rows ended well: {report['outcomes']}")
        task.ended = report["rows"]


if __name__ == "__main__":
    compete(sync)
