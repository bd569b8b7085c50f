# SPDX-License-Identifier: Apache-2.0
"""Fail on purpose, to show the report of a bad morning.

One contact is updated. Two rows have a value that is not valid, an address and an option, and two contacts
are not in HubSpot. By default, each of these rows fails the task. The tab *HubSpot sync* of the task groups
them by reason, and each reason code leads to what to do.

Needs the connection ``hubspot_default``.

In ``make up`` it fails on purpose.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator

with DAG(
    dag_id="fails_on_purpose",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["hubspot", "example", "fails on purpose"],
    doc_md=__doc__,
):
    HubSpotUpdateContactOperator(
        task_id="update_contacts",
        records=[
            {"email": "ada@example.com", "city": "London"},
            {"email": "alan at example.com", "city": "Wilmslow"},
            {"email": "grace@example.com", "hs_lead_status": "PLATINUM"},
            {"email": "nobody@example.com", "city": "Paris"},
            {"email": "no.one@example.com", "city": "Rome"},
        ],
    )
