"""Send only what has changed since the last run, and mark the contacts of customers who left the table.

A state in a database remembers what HubSpot was last proved to have: unchanged rows take no call, whatever
rebuilds the table. A contact whose row two completed runs lack is not a customer any more.

Needs the connections ``warehouse`` (any SQL database with a table ``customers``), ``state_db`` (SQLite,
PostgreSQL or another one that holds a state) and ``hubspot_default``, and a property ``is_customer``.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.operators.hubspot import Guards, HubSpotUpdateContactOperator, State

with DAG(
    dag_id="update_contacts_with_state",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["hubspot", "example"],
    doc_md=__doc__,
):
    # [START howto_state]
    HubSpotUpdateContactOperator(
        task_id="update_contacts",
        sql_conn_id="warehouse",
        sql="SELECT email, city, 'true' AS is_customer FROM customers",
        state=State("sql://state_db/hubspot_contacts", on_removed={"is_customer": "false"}),
        guards=Guards(removals=0.05),
        status_actions={404: "skip"},
    )
    # [END howto_state]
