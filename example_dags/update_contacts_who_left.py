# SPDX-License-Identifier: Apache-2.0
"""Mark the contacts of customers who left the table, as well as sending what has changed in it.

A state in a database knows all rows that were ever sent. The contact of a row that two completed runs lack is
no customer any more. More than a twentieth of them at once is taken for a mistake in the table.

Needs the connections ``warehouse`` (any SQL database with a table ``customers``), ``state_db`` (any SQL
database; a SQLite file is enough for one machine) and ``hubspot_default``, and a property ``is_customer``.

In ``make up`` it succeeds; nobody has left yet.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.operators.hubspot import Guards, HubSpotUpdateContactOperator, State

with DAG(
    dag_id="update_contacts_who_left",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # one run at a time uses a state: a second one would fail, and be retried
    tags=["hubspot", "example"],
    doc_md=__doc__,
):
    # [START howto_left]
    HubSpotUpdateContactOperator(
        task_id="update_contacts",
        sql_conn_id="warehouse",
        sql="SELECT email, city, 'true' AS is_customer FROM customers",
        state=State("sql://state_db/hubspot_who_left", on_removed={"is_customer": "false"}),
        guards=Guards(removals=0.05),
        status_actions={404: "skip"},
    )
    # [END howto_left]
