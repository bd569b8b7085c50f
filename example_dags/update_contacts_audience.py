# SPDX-License-Identifier: Apache-2.0
"""Keep a list in HubSpot in step with a query: an audience for mails, ads and workflows.

Each row names the list of its contact. Who is in the table is in the list, and who leaves the table leaves
the list, once two completed runs have lacked the row. Members that people have added by hand stay.

Needs the connections ``warehouse`` (any SQL database with a table ``customers``), ``state_db`` (any SQL
database; a SQLite file is enough for one machine) and ``hubspot_default``, whose token has the scopes
``crm.lists.read`` and ``crm.lists.write``.

In ``make up`` it succeeds; its first run makes three lists.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator, Lists, State

with DAG(
    dag_id="update_contacts_audience",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # one run at a time uses a state: a second one would fail, and be retried
    tags=["hubspot", "example"],
    doc_md=__doc__,
):
    # [START howto_audience]
    HubSpotUpdateContactOperator(
        task_id="update_contacts",
        sql_conn_id="warehouse",
        sql="SELECT email, first_name, segment FROM customers",
        mapping={"first_name": "firstname"},
        upsert=True,
        lists=Lists(column="segment", create=True, mirror=True),
        state=State("sql://state_db/hubspot_audience"),
    )
    # [END howto_audience]
