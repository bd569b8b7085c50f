# SPDX-License-Identifier: Apache-2.0
"""Update contacts by the legacy API, with the time at which each value was set.

Only the legacy API accepts the time at which a value was set, for history that is loaded afterwards. It
accepts one contact per call: use the date-versioned API, which is the default, for everything else.

Needs the connection ``hubspot_legacy``, of the type ``hubspot``, with ``{"api_version": "v1"}`` in its Extra.

In ``make up`` it succeeds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import Writes

with DAG(
    dag_id="update_contacts_legacy_api",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["hubspot", "example"],
    doc_md=__doc__,
):

    @task
    def extract() -> list[dict[str, Any]]:
        """Stand in for whatever produces the records; times are milliseconds since 1970."""
        return [{"email": "ada@example.com", "jobtitle": "Analyst", "changed_at": 1_735_689_600_000}]

    # [START howto_legacy]
    HubSpotUpdateContactOperator(
        task_id="update_contacts",
        records=extract(),
        hubspot_conn_id="hubspot_legacy",
        writes=Writes(timestamp="changed_at"),
    )
    # [END howto_legacy]
