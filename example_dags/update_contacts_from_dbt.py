# SPDX-License-Identifier: Apache-2.0
"""Keep contacts in step with a table that dbt rebuilds each night.

Such a table has no column that tells which rows have changed. The state does: a row that equals what HubSpot
was last proved to have takes no call. Each contact is read back once a month, so that what people edit in
HubSpot is found.

Needs the connections ``warehouse`` (any SQL database with a table ``dim_customers``), ``state_db`` (any SQL
database; a SQLite file is enough for one machine) and ``hubspot_default``.

In ``make up`` it succeeds; trigger it by hand, as there is no dbt.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, Asset

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator, State

DIM_CUSTOMERS = Asset("dbt://warehouse/dim_customers")
"""The table, as the task that runs dbt names it in its ``outlets``."""

with DAG(
    dag_id="update_contacts_from_dbt",
    schedule=[DIM_CUSTOMERS],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # one run at a time uses a state: a second one would fail, and be retried
    tags=["hubspot", "example"],
    doc_md=__doc__,
):
    # [START howto_from_dbt]
    HubSpotUpdateContactOperator(
        task_id="update_contacts",
        sql_conn_id="warehouse",
        sql="SELECT email, first_name, city FROM dim_customers",
        mapping={"first_name": "firstname", "city": "city"},
        upsert=True,
        state=State("sql://state_db/hubspot_customers", audit=30),
        retries=3,
        retry_delay=timedelta(minutes=5),
    )
    # [END howto_from_dbt]
