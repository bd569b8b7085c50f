# SPDX-License-Identifier: Apache-2.0
"""Update contacts from the output of another task.

A TaskFlow task returns a list of records; the operator takes it as ``records``. The records themselves stay
out of the rendered templates that Airflow shows. A contact's address can change: its record has the old
address in ``email`` and the new one in ``new_email``, the column that ``Key`` names as ``becomes``.

Needs the connection ``hubspot_default``.

In ``make up`` it succeeds, and Grace has a new address.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import Key, Writes

with DAG(
    dag_id="update_contacts_from_xcom",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["hubspot", "example"],
    doc_md=__doc__,
):

    @task
    def extract() -> list[dict[str, Any]]:
        """Stand in for whatever produces the records."""
        return [
            {"email": "ada@example.com", "new_email": None, "first_name": "Ada", "stage": "customer"},
            {"email": "grace@example.com", "new_email": "grace.hopper@example.com", "first_name": "Grace"},
            {"email": "alan@example.com", "new_email": None, "first_name": "Alan", "stage": "lead"},
        ]

    # [START howto_from_xcom]
    HubSpotUpdateContactOperator(
        task_id="update_contacts",
        records=extract(),
        mapping={"first_name": "firstname", "stage": "lifecyclestage"},
        key=Key("email", becomes="new_email"),
        writes=Writes(stages="reset"),
    )
    # [END howto_from_xcom]
