# SPDX-License-Identifier: Apache-2.0
"""Update contacts from a SQL query.

The customers of a warehouse table become HubSpot contacts' properties. Each row is checked against a JSON
Schema first; customers that HubSpot does not know are skipped; the task tolerates up to 10 % bad rows. The
next run sends only what has changed since.

Needs the connections ``warehouse`` (any SQL database with a table ``customers``), ``state_db`` (a SQLite file
is enough) and ``hubspot_default``. ``make demo`` runs this DAG twice against a local HubSpot.

In ``make up`` it succeeds: 4 % of the rows are bad, on purpose.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator

with DAG(
    dag_id="update_contacts_from_sql",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # one run at a time uses a state: a second one would fail, and be retried
    params={"dry_run": False},
    tags=["hubspot", "example"],
    doc_md=__doc__,
):
    # [START howto_from_sql]
    HubSpotUpdateContactOperator(
        task_id="update_contacts",
        sql_conn_id="warehouse",
        sql="SELECT * FROM customers ORDER BY email",
        mapping={
            "first_name": "firstname",
            "last_name": "lastname",
            "address": "address",
            "city": "city",
            "country": "country",
            "phone": "phone",
            "revenue": "annualrevenue",
            "lead_status": "hs_lead_status",
            "stage": "lifecyclestage",
        },
        json_schema="customer.schema.json",
        status_actions={"not_found": "skip"},
        max_failures=0.1,
        state="sql://state_db/hubspot_contacts",
        dry_run="{{ params.dry_run }}",
    )
    # [END howto_from_sql]
