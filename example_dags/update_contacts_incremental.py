# SPDX-License-Identifier: Apache-2.0
"""Update contacts with what has changed since the last good run, and trigger another DAG.

The query returns only rows from the watermark on. The watermark stops at a row that fails, so the next run
reads this row again. The second DAG is scheduled on the contacts, as an asset.

Needs the connections ``warehouse`` (any SQL database with a table ``customers``, whose column ``updated_at``
grows with every change) and ``hubspot_default``.

In ``make up`` it succeeds, once an hour.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_hubcontact.assets import contacts_asset
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator

with DAG(
    dag_id="update_contacts_incremental",
    schedule="@hourly",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["hubspot", "example"],
    doc_md=__doc__,
):
    # [START howto_incremental]
    HubSpotUpdateContactOperator(
        task_id="update_contacts",
        sql_conn_id="warehouse",
        sql="SELECT email, city, updated_at FROM customers",
        mapping={"city": "city"},
        watermark="updated_at",
        deferrable=True,
        status_actions={404: "skip"},
    )
    # [END howto_incremental]

with DAG(
    dag_id="after_the_contacts",
    schedule=[contacts_asset("hubspot_default")],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["hubspot", "example"],
    doc_md="""Run after each task that has written contacts by the connection ``hubspot_default``.

In ``make up`` it succeeds, after each other DAG.
""",
):

    @task
    def tell(triggering_asset_events: dict[object, list[object]] | None = None) -> int:
        """Count the syncs that led to this run."""
        return sum(map(len, (triggering_asset_events or {}).values()))

    tell()
